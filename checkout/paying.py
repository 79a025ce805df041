"""Paying: the provider is asked in a task of its own, the buyer waits for its outcome.

A buyer who hangs up, or whose ten seconds are over, stops waiting; the payment goes on.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from base.errors import Expired, Invalid, Outage, PaymentDeclined
from checkout import attempts, rows
from checkout.payments.provider import Declined, Lost, NotSent, Payment, Status
from checkout.state import State

if TYPE_CHECKING:
    from base.identity import Actor
    from checkout.checkout import Address, Failure, Method
    from checkout.closing import Closing
    from checkout.parts import Parts
    from checkout.reconcile import Reconciler
    from checkout.record import Record

__all__ = ["Paying"]

logger = logging.getLogger(__name__)

ASK_AGAIN_S: Final = (0.0, 0.2, 1.0)
"""Waits before each look at a provider whose answer was lost; then the sweeper looks on."""

LOOK_S: Final = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Waits between looks at the book while only a webhook can tell; the last one repeats."""

_TRIES: Final = 5


class Paying:
    """Carries payments through, one try at a time for each checkout."""

    def __init__(self, parts: Parts, reconciler: Reconciler, closing: Closing) -> None:
        self._parts = parts
        self._reconciler = reconciler
        self._closing = closing

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
        if not self._parts.provider.accepts(method.token):
            raise Invalid("There is no such payment method. Choose another one.")
        seconds = self._parts.terms.answer_ms / 1000
        until = asyncio.get_running_loop().time() + seconds
        task = self._parts.tasks.start(self._run(actor, checkout, method.token, ship_to))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        record = task.result() if done else None
        return await self._outcome(checkout, record, until)

    async def _run(
        self, actor: Actor, checkout: str, token: str, ship_to: Address | None
    ) -> Record:
        viewer = None if actor.is_admin else actor.id
        try:
            record = await self._begin(checkout, viewer, ship_to)
        except Expired:
            with suppress(Outage):
                await self._closing.end(checkout)
            raise
        if record.state is State.PAID:
            return record
        self._parts.announcer.tell(record.viewer, "checkout", record.shown())
        if record.total == 0:
            return await self._reconciler.free(record)
        return await self._take(record, token)

    async def _begin(self, checkout: str, viewer: str | None, ship_to: Address | None) -> Record:
        book, name = self._parts.book, self._parts.provider.name
        for _ in range(_TRIES):
            now = self._parts.clock.now_ms()
            with suppress(rows.Raced):
                return await book.write(attempts.begin, checkout, viewer, ship_to, name, now)
        raise Outage

    async def _take(self, record: Record, token: str) -> Record:
        provider, attempt = self._parts.provider, record.paying
        # The version rises with every try, so that each has a key of its own.
        key = f"{attempt.id}-{record.version}"
        try:
            await provider.create(attempt.id, attempt.amount, attempt.currency, record.id)
        except (NotSent, Lost) as outage:
            # Without a confirm nothing is charged, whether it was made or not.
            await self._reconciler.unsent(record)
            raise Outage from outage
        try:
            payment = await provider.confirm(attempt.id, token, key)
        except Declined as declined:
            return await self._declined(record, declined.failure)
        except (NotSent, Invalid) as refused:
            await self._reconciler.unsent(record)
            raise _plain(refused) from refused
        except Lost:
            return await self._find_out(record, token, key)
        return await self._take_over(record, payment)

    async def _find_out(self, record: Record, token: str, key: str) -> Record:
        """The answer was lost: look, and repeat with the same key until it is definite."""
        provider, attempt = self._parts.provider, record.paying
        for pause in ASK_AGAIN_S:
            await asyncio.sleep(pause)
            try:
                payment = await provider.fetch(attempt.id)
                if payment is None or payment.status is Status.REQUIRES_METHOD:
                    payment = await provider.confirm(attempt.id, token, key)
            except Declined as declined:
                return await self._declined(record, declined.failure)
            except (NotSent, Lost, Invalid):
                continue
            return await self._take_over(record, payment)
        now = self._parts.clock.now_ms()
        write = self._parts.book.write
        try:
            change = await write(attempts.note_unknown, attempt.id, record.version, now)
        except (Outage, rows.Raced):
            return record
        return self._reconciler.announce(change)

    async def _take_over(self, record: Record, payment: Payment) -> Record:
        """Bring the outcome into the book; if that fails now, the sweeper will."""
        try:
            return await self._reconciler.apply(record, payment)
        except (Outage, rows.Raced) as error:
            logger.warning("the outcome of %s waits for the sweeper: %r", record.paying.id, error)
            return record

    async def _declined(self, record: Record, failure: Failure) -> Record:
        await self._reconciler.declined(record, failure)
        raise PaymentDeclined(failure.message)

    async def _outcome(self, checkout: str, record: Record | None, until: float) -> Record:
        loop, looks = asyncio.get_running_loop(), iter(LOOK_S)
        while record is None or not record.is_settled:
            left = until - loop.time()
            if record is not None and left <= 0:
                break
            await asyncio.sleep(min(next(looks, LOOK_S[-1]), max(left, 0)))
            try:
                record = await self._parts.book.read(rows.by_id, checkout) or record
            except Outage:
                if record is None:
                    raise
        return record


def _plain(refused: NotSent | Invalid) -> Outage | Invalid:
    return refused if isinstance(refused, Invalid) else Outage()
