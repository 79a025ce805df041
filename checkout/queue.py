"""The queue to the provider: payments are sent at its pace, the oldest hold first.

Who waits here waits for us, so the time does not count: what the buyer had left to pay on
arrival is what they have left when it is their turn. Nothing of a waiting payment has reached
the provider, and the book knows it (``checkout/waiting.py``): it may be cancelled without
asking anybody, and if this process dies the sweeper gives it back to its buyer to pay again.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left, insort
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec import structs

from base.errors import Outage
from cart.holds import LONGEST_MS
from checkout import waiting
from checkout.race import insist
from checkout.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from checkout.checkout import Checkout
    from checkout.parts import Parts
    from checkout.record import Record

__all__ = ["MOST_PAYING", "PaymentQueue"]

logger = logging.getLogger(__name__)

MOST_PAYING: Final = 10_000
"""Payments of this process that wait or are under way; more are told to try again."""

FULL_MS: Final = 5_000
"""After that somebody may have left a full queue."""

IN_FLIGHT: Final = 32
"""At the provider at the same time: as many as its clients have connections."""

TICK_S: Final = 1.0
TELL_MS: Final = 900
"""Between two places told to a buyer: a tick, and the clocks differ a little."""

TELL_FAR_MS: Final = 10_000
"""The longest time between them: far back a place is little news, and there are many."""

RENEW_MS: Final = 20_000
"""How long a renewal lasts; half of ``attempts.CONFIRM_MS``, after which it counts as dead."""

SHORT_MS: Final = 30_000
"""Who has less time left on arrival is given more before anything else."""

PAGE: Final = 200
AGAIN_S: Final = 1.0
"""Between tries while the book does not answer."""


@dataclass(slots=True, eq=False)
class _Ticket:
    """A payment that waits: what it had left to pay on arrival, what its buyer was told."""

    record: Record
    left_ms: int
    renew_at: int
    answer: asyncio.Future[Record | None]
    is_called: bool = False
    place: int = 0
    tell_at: int = field(default=0)

    @property
    def key(self) -> tuple[int, str]:
        return self.record.created_at, self.record.id


class PaymentQueue:
    """Payments of this process on their way to the provider; without a pace nobody waits.

    Args:
        parts: Of which ``pace`` gives the turns.
        most: How many may wait or be under way.
        in_flight: How many may be at the provider at the same time.

    """

    def __init__(
        self, parts: Parts, *, most: int = MOST_PAYING, in_flight: int = IN_FLIGHT
    ) -> None:
        self._parts = parts
        self._most = most
        self._paying = 0
        self._room = asyncio.Semaphore(in_flight)
        self._order: list[tuple[int, str]] = []
        self._tickets: dict[str, _Ticket] = {}
        self._work: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._order)

    @property
    def is_paced(self) -> bool:
        """Whether payments wait here at all."""
        return self._parts.pace is not None

    def shown(self, record: Record) -> Checkout:
        """What its buyer sees, with their place if it waits here: 1 is next."""
        ticket = self._tickets.get(record.id)
        if ticket is None or record.state is not State.PAY_PENDING:
            return record.shown()
        return structs.replace(record.shown(), place=bisect_left(self._order, ticket.key) + 1)

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Room for one payment, from before the book knows of the try until it is over.

        Raises:
            Outage: There is none: nothing has changed, try again later.

        """
        if self._paying >= self._most:
            raise Outage(
                "Very many are paying right now. Your items are kept: try again in a moment.",
                FULL_MS,
            )
        self._paying += 1
        try:
            yield
        finally:
            self._paying -= 1

    @asynccontextmanager
    async def turn(self, record: Record) -> AsyncIterator[Record | None]:
        """Wait for the turn to send this try, and have it until the context ends.

        Yields:
            The checkout as it is now, its try noted as sent; None when it does not wait any
            more, and must not be sent.

        """
        if not self.is_paced:
            yield record
            return
        sent = await self._wait(record)
        try:
            yield sent
        finally:
            if sent is not None:
                self._room.release()

    def leave(self, checkout: str) -> None:
        """Take a checkout out that was cancelled or has expired; once is enough."""
        ticket = self._tickets.get(checkout)
        if ticket is not None:
            self._drop(ticket)
            _answer(ticket, None)

    def slow(self) -> None:
        """The provider asks for fewer requests."""
        if self._parts.pace is not None:
            self._parts.pace.slow()

    async def tend(self) -> None:
        """Keep what is held for those who wait, and tell them places that have changed.

        Raises:
            Outage: The book does not answer; the next time is soon enough.

        """
        now = self._parts.clock.now_ms()
        due = [ticket for ticket in self._tickets.values() if now >= ticket.renew_at]
        for start in range(0, len(due), PAGE):
            await self._prolong(due[start : start + PAGE])
        for place, (_, checkout) in enumerate(list(self._order), 1):
            ticket = self._tickets.get(checkout)
            if ticket is not None and ticket.place != place and now >= ticket.tell_at:
                ticket.place = place
                ticket.tell_at = now + min(TELL_FAR_MS, max(TELL_MS, 10 * place))
                self._parts.announcer.tell(
                    ticket.record.viewer, "checkout", self.shown(ticket.record), again=True
                )

    async def _wait(self, record: Record) -> Record | None:
        # A try of before that was taken for dead: its place is not this one's.
        self.leave(record.id)
        now = self._parts.clock.now_ms()
        left = max(0, record.pay_by - now)
        ticket = _Ticket(
            record=record,
            left_ms=left,
            renew_at=now + min(RENEW_MS // 4, left // 2),
            answer=asyncio.get_running_loop().create_future(),
        )
        self._tickets[record.id] = ticket
        insort(self._order, ticket.key)
        try:
            if left < SHORT_MS:
                with suppress(Outage):
                    await self._prolong([ticket])
            self._set_to_work()
            return await ticket.answer
        except asyncio.CancelledError:
            if ticket.answer.done() and not ticket.answer.cancelled() and ticket.answer.result():
                self._room.release()
            raise
        finally:
            self._drop(ticket)

    def _set_to_work(self) -> None:
        for name, work in (("serve", self._serve), ("look", self._look_after)):
            task = self._work.get(name)
            if task is None or task.done():
                self._work[name] = self._parts.tasks.start(work())

    async def _serve(self) -> None:
        """Call one after the other while anybody waits."""
        pace = self._parts.pace
        while self._order and pace is not None:
            await self._room.acquire()
            is_sent = False
            try:
                await pace.turn()
                is_sent = await self._call_next()
            except Outage as error:
                logger.warning("the queue to the provider stands still: %s", error)
                await asyncio.sleep(AGAIN_S)
            finally:
                if not is_sent:
                    self._room.release()

    async def _call_next(self) -> bool:
        """Send the first who still waits; whether there was one."""
        while self._order:
            ticket = self._tickets[self._order[0][1]]
            ticket.is_called = True
            attempt, version = ticket.record.paying.id, ticket.record.version
            now = self._parts.clock.now_ms()
            try:
                sent = await insist(self._parts.book, waiting.send, attempt, version, now)
            finally:
                ticket.is_called = False
            self._drop(ticket)
            if _answer(ticket, sent) and sent is not None:
                if ticket.place:
                    self._parts.announcer.tell(sent.viewer, "checkout", sent.shown(), again=True)
                return True
        return False

    async def _look_after(self) -> None:
        while self._order:
            await asyncio.sleep(TICK_S)
            try:
                await self.tend()
            except Outage as error:
                logger.warning("waiting payments were not kept for longer: %s", error)
            if self._order:
                self._set_to_work()

    async def _prolong(self, tickets: Sequence[_Ticket]) -> None:
        """Give back the time that was spent waiting, and a little ahead."""
        now = self._parts.clock.now_ms()
        wishes = {ticket.record.id: self._longer(ticket, now) for ticket in tickets}
        # The gate first: a hold may outlast its checkout, not the other way round.
        await asyncio.gather(
            *(
                self._extend(ticket.record, wishes[ticket.record.id].hold_until)
                for ticket in tickets
            )
        )
        kept = set(await self._parts.book.write(waiting.prolong, list(wishes.values()), now))
        for ticket in tickets:
            wish = wishes[ticket.record.id]
            if wish.checkout in kept:
                ticket.renew_at = now + RENEW_MS
                ticket.record = structs.replace(
                    ticket.record, pay_by=wish.pay_by, hold_until=wish.hold_until
                )
            elif not ticket.is_called and self._tickets.get(wish.checkout) is ticket:
                # Cancelled by another process, or taken for dead.
                self.leave(wish.checkout)

    async def _extend(self, record: Record, deadline_ms: int) -> None:
        try:
            for shop in record.shops:
                await self._parts.holds.extend(record.id, shop, deadline_ms)
        except Outage as error:
            # The book decides: what is open there is not released by the gate's deadline.
            logger.warning("the hold of %s was not extended: %s", record.id, error)

    def _longer(self, ticket: _Ticket, now: int) -> waiting.Longer:
        record = ticket.record
        grace = record.hold_until - record.pay_by
        latest = record.created_at + LONGEST_MS - grace
        # Beyond the next renewal, which comes with a tick and after others.
        pay_by = max(record.pay_by, min(now + ticket.left_ms + 2 * RENEW_MS, latest))
        return waiting.Longer(
            checkout=record.id,
            version=record.version,
            pay_by=pay_by,
            hold_until=pay_by + grace,
        )

    def _drop(self, ticket: _Ticket) -> None:
        if self._tickets.get(ticket.record.id) is ticket:
            del self._tickets[ticket.record.id]
            del self._order[bisect_left(self._order, ticket.key)]


def _answer(ticket: _Ticket, sent: Record | None) -> bool:
    """Tell who waits; whether anybody does."""
    if ticket.answer.done():
        return False
    ticket.answer.set_result(sent)
    return True
