"""Paying: the provider is asked in a task of its own, the buyer waits for its outcome.

A buyer who hangs up, or whose ten seconds are over, stops waiting; the payment goes on.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from base.errors import Expired, Invalid, NotFound, Outage, PaymentDeclined
from base.gathering import Gathering
from checkout import attempts, rows, waiting
from checkout.address import proper
from checkout.attempts import Try
from checkout.payments.provider import (
    Declined,
    Due,
    Lost,
    NotSent,
    Payment,
    Status,
    TurnedAway,
)
from checkout.race import insist
from checkout.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.identity import Actor
    from checkout.checkout import Address, Failure, Method
    from checkout.ending import Ending
    from checkout.parts import Parts
    from checkout.queue import PaymentQueue
    from checkout.reconcile import Reconciler
    from checkout.record import Record

__all__ = ["Paying"]

logger = logging.getLogger(__name__)

ASK_AGAIN_S: Final = (0.0, 0.2, 1.0)
"""Waits before each look at a provider whose answer was lost; then the sweeper looks on."""

MOST_TURNS: Final = 20
"""Of one try, when the provider turns it away each time because of too many requests."""

AT_ONCE: Final = 64
"""Tries that begin in one operation of the book."""

LAST: Final = "The payment did not succeed, and this purchase has ended. Start a new one."

LAST_LOOK_S: Final = 0.5
"""For a last look at the book when the time to answer is over."""

LOOK_S: Final = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Waits between looks at the book while only a webhook can tell; the last one repeats."""


class Paying:
    """Carries payments through, one try at a time for each checkout."""

    def __init__(
        self, parts: Parts, reconciler: Reconciler, ending: Ending, queue: PaymentQueue
    ) -> None:
        self._parts = parts
        self._reconciler = reconciler
        self._ending = ending
        self._queue = queue
        self._beginning = Gathering(self._begin_all, parts.tasks, AT_ONCE)

    async def pay(
        self, actor: Actor, checkout: str, method: Method, ship_to: Address | None
    ) -> Record:
        """Try to pay; what is paid stays as it is.

        Returns:
            The checkout once its outcome is definite or the buyer has to act, or as it
            stands when the time to answer is over.

        Raises:
            PaymentDeclined: Another method may work; or that was the last try.
            Invalid, NotFound, InProgress, Expired, Conflict: Nothing was tried.
            Outage: Nothing was charged.

        """
        if ship_to is not None:
            ship_to = proper(ship_to)
        if not self._parts.provider.accepts(method.token):
            raise Invalid("There is no such payment method. Choose another one.")
        seconds = self._parts.terms.answer_ms / 1000
        until = asyncio.get_running_loop().time() + seconds
        viewer = None if actor.is_admin else actor.id
        begun: list[Record] = []
        task = self._parts.tasks.start(self._run(viewer, checkout, method.token, ship_to, begun))
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            return await self._so_far(checkout, viewer, begun)
        return await self._outcome(task.result(), until)

    async def _run(
        self,
        viewer: str | None,
        checkout: str,
        token: str,
        ship_to: Address | None,
        begun: list[Record],
    ) -> Record:
        with self._queue.seat():
            record = await self._begin(viewer, checkout, ship_to)
            begun.append(record)
            if record.state is State.PAID:
                return record
            self._parts.announcer.tell(record.viewer, "checkout", record.shown())
            if record.total == 0:
                return await self._reconciler.free(record)
            return await self._in_turn(record, token)

    async def _begin(self, viewer: str | None, checkout: str, ship_to: Address | None) -> Record:
        parts = self._parts
        one = Try(
            checkout=checkout,
            viewer=viewer,
            ship_to=ship_to,
            provider=parts.provider.name,
            now_ms=parts.clock.now_ms(),
        )
        try:
            if parts.book.shares_commits and not self._queue.is_paced:
                return await self._beginning.ask(one)
            return await self._begin_alone(one)
        except Expired:
            with suppress(Outage):
                await self._ending.end(checkout)
            raise

    async def _begin_all(self, tries: Sequence[Try]) -> Sequence[Record | BaseException]:
        begun: Sequence[Record | None] = [None] * len(tries)
        if len(tries) > 1:
            begun = await self._parts.book.write(attempts.begin_all, tries)
        left = [one for one, record in zip(tries, begun, strict=True) if record is None]
        alone = iter(await asyncio.gather(*map(self._begin_alone, left), return_exceptions=True))
        return [next(alone) if record is None else record for record in begun]

    async def _begin_alone(self, one: Try) -> Record:
        begin = waiting.begin if self._queue.is_paced else attempts.begin
        asked = one.checkout, one.viewer, one.ship_to, one.provider, one.now_ms
        return await insist(self._parts.book, begin, *asked)

    async def _in_turn(self, record: Record, token: str) -> Record:
        """Pay when it is this payment's turn; again in the next turn if it was turned away."""
        turns = MOST_TURNS if self._queue.is_paced else 1
        for left in reversed(range(turns)):
            async with self._queue.turn(record) as sent:
                if sent is None:
                    # Cancelled or expired while it waited: nothing was sent.
                    return await self._as_it_is(record.id, None)
                record = sent
                try:
                    return await self._take(record, token)
                except TurnedAway as turned_away:
                    if not left:
                        return await self._unsent(record, turned_away)
                    self._queue.slow()
        raise AssertionError("the last turn has an outcome")

    async def _take(self, record: Record, token: str) -> Record:
        # The version rises with every try, so that each has a key of its own.
        key = f"{record.paying.id}-{record.version}"
        try:
            payment = await self._parts.provider.take(_due(record), token, key)
        except Declined as declined:
            return await self._declined(record, declined.failure)
        except TurnedAway:
            raise
        except (NotSent, Invalid) as refused:
            return await self._unsent(record, refused)
        except Lost:
            return await self._find_out(record, token, key)
        return await self._take_over(record, payment)

    async def _unsent(self, record: Record, error: NotSent | Invalid) -> NoReturn:
        """Nothing was charged: as before the try."""
        await self._reconciler.unsent(record)
        if isinstance(error, Invalid):
            raise error
        logger.warning("the provider did not take %s: %s", record.paying.id, error)
        # Expected, and said above: no traceback belongs to it.
        raise Outage from None

    async def _find_out(self, record: Record, token: str, key: str) -> Record:
        """The answer was lost: look, and repeat with the same key until it is definite."""
        provider, attempt = self._parts.provider, record.paying
        for pause in ASK_AGAIN_S:
            await asyncio.sleep(pause)
            try:
                payment = await provider.fetch(attempt.id)
                if payment is None or payment.status is Status.REQUIRES_METHOD:
                    payment = await provider.take(_due(record), token, key)
            except Declined as declined:
                return await self._declined(record, declined.failure)
            except (NotSent, Lost, Invalid):
                continue
            return await self._take_over(record, payment)
        now = self._parts.clock.now_ms()
        with suppress(Outage):
            change = await insist(
                self._parts.book, attempts.note_unknown, attempt.id, record.version, now
            )
            return await self._reconciler.announce(change)
        return record

    async def _take_over(self, record: Record, payment: Payment) -> Record:
        """Bring the outcome into the book; if that fails now, the sweeper will."""
        try:
            return await self._reconciler.apply(record, payment)
        except Outage as error:
            logger.warning("the outcome of %s waits for the sweeper: %r", record.paying.id, error)
            return record

    async def _declined(self, record: Record, failure: Failure) -> Record:
        after = await self._reconciler.declined(record, failure)
        raise PaymentDeclined(LAST if after.state is State.FAILED else failure.message)

    async def _outcome(self, record: Record, until: float) -> Record:
        """Wait for what only a webhook or a poll can tell."""
        if record.is_settled:
            return record
        loop, looks = asyncio.get_running_loop(), iter(LOOK_S)
        while not record.is_settled:
            left = until - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(min(next(looks, LOOK_S[-1]), left))
            with suppress(Outage):
                found = await self._parts.book.read(rows.by_id, record.id)
                record = record if found is None else found
        if record.state in {State.RESERVED, State.FAILED} and record.failure is not None:
            raise PaymentDeclined(LAST if record.state is State.FAILED else record.failure.message)
        return record

    async def _so_far(self, checkout: str, viewer: str | None, begun: Sequence[Record]) -> Record:
        """What to answer when the time is over: no error while money may be moving."""
        try:
            async with asyncio.timeout(LAST_LOOK_S):
                return await self._as_it_is(checkout, viewer)
        except (Outage, TimeoutError):
            if not begun:
                raise Outage from None
            return begun[-1]

    async def _as_it_is(self, checkout: str, viewer: str | None) -> Record:
        record = await self._parts.book.read(rows.owned, checkout, viewer)
        if record is None:
            raise NotFound("There is no such checkout. Start a new one.")
        return record


def _due(record: Record) -> Due:
    attempt = record.paying
    return Due(
        attempt=attempt.id,
        checkout=record.id,
        amount=attempt.amount,
        currency=attempt.currency,
    )
