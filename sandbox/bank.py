"""The provider's service: payments in the store, slow ones finished by tasks of its own."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING, Final, TypeVar

from sandbox import till
from sandbox.errors import ProviderError
from sandbox.payments import METHODS, Decline, Payment, Status, Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

    from base.clock import Clock
    from sandbox.payments import Charge
    from sandbox.store import Store
    from sandbox.webhooks import Webhooks

__all__ = ["Bank"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
"""Pause before a payment is finished once more, when the store could not be written."""

REFUSED: Final = Decline(
    "card_declined", "The bank did not confirm it. Try again, or another card."
)


class Bank:
    """Carries out what the routes ask for.

    Args:
        store: Where payments live.
        webhooks: Told when there may be new events.
        clock: Dates payments and events.
        slow_s: How long ``tok_slow`` takes.
        webhook_only_s: How long ``tok_webhook_only`` takes after its answer.

    """

    def __init__(
        self,
        store: Store,
        webhooks: Webhooks,
        *,
        clock: Clock,
        slow_s: float,
        webhook_only_s: float,
    ) -> None:
        self._store = store
        self._webhooks = webhooks
        self._clock = clock
        self._slow_s = slow_s
        self._webhook_only_s = webhook_only_s
        self._finishing: dict[str, asyncio.Task[Payment]] = {}

    async def start(self) -> None:
        """Finish the payments that were under way when the provider died."""
        for payment in await self._store.run(till.processing):
            self._finish_later(payment, 0.0)

    async def stop(self) -> None:
        """Leave slow payments as they are; the next start finishes them."""
        tasks = list(self._finishing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def create(self, payment: str, order: till.Order) -> tuple[Payment, bool]:
        """See :func:`sandbox.till.create`."""
        now = self._clock.now_ms()
        return await self._store.run(lambda db: till.create(db, payment, order, now))

    async def find(self, payment: str) -> Payment:
        """See :func:`sandbox.till.find`."""
        return await self._store.run(lambda db: till.find(db, payment))

    async def confirm(
        self, payment: str, method: str, key: str, order: till.Order | None = None
    ) -> till.Tried:
        """Try to pay; a slow method's answer waits for its end.

        Args:
            payment: Its name.
            method: The token.
            key: Of the try.
            order: To make the payment of first, unless it is there.

        Raises:
            ProviderError: ``unknown_method``, or as :func:`sandbox.till.confirm`.

        """
        if method not in METHODS:
            raise ProviderError("unknown_method")
        now = self._clock.now_ms()

        def carry_out(db: Connection) -> till.Tried:
            if order is not None:
                till.create(db, payment, order, now)
            return till.confirm(db, payment, method, key, now)

        tried = await self._change(carry_out)
        if tried.payment.status is not Status.PROCESSING:
            return tried
        waits = METHODS[method].waits
        if not tried.replayed:
            self._finish_later(payment, self._slow_s if waits else self._webhook_only_s)
        finishing = self._finishing.get(payment)
        if not waits or finishing is None:
            return tried
        # Shielded: a caller who hangs up, or asks twice, does not undo the charge.
        return till.Tried(_charged(await asyncio.shield(finishing)), None, tried.replayed)

    async def cancel(self, payment: str) -> Payment:
        """See :func:`sandbox.till.cancel`."""
        now = self._clock.now_ms()
        return await self._change(lambda db: till.cancel(db, payment, now))

    async def refund(self, payment: str, amount: int, key: str) -> Payment:
        """See :func:`sandbox.till.refund`."""
        return await self._store.run(lambda db: till.refund(db, payment, amount, key))

    async def charges(self, after: int, limit: int) -> tuple[list[Charge], int | None]:
        """See :func:`sandbox.till.charges`."""
        return await self._store.run(lambda db: till.charges(db, after, limit))

    async def page(self, payment: str, token: str) -> till.Page:
        """See :func:`sandbox.till.page`."""
        return await self._store.run(lambda db: till.page(db, payment, token))

    async def authenticate(self, payment: str, token: str, *, confirmed: bool) -> None:
        """The buyer's answer on the confirmation page; a second answer changes nothing.

        Raises:
            ProviderError: ``not_found``: the link is not this payment's.

        """
        now = self._clock.now_ms()
        step, decline = (Step.AUTHENTICATE, None) if confirmed else (Step.REFUSE, REFUSED)

        def answer(db: Connection) -> None:
            till.page(db, payment, token)
            till.advance(db, payment, step, now, decline)

        await self._change(answer)

    async def _change(self, work: Callable[[Connection], T]) -> T:
        result = await self._store.run(work)
        self._webhooks.wake()
        return result

    def _finish_later(self, payment: str, after_s: float) -> None:
        task = asyncio.create_task(self._finish(payment, after_s))
        self._finishing[payment] = task
        task.add_done_callback(lambda _: self._finishing.pop(payment, None))

    async def _finish(self, payment: str, after_s: float) -> Payment:
        await asyncio.sleep(after_s)

        def finish(db: Connection) -> Payment:
            till.advance(db, payment, Step.FINISH, self._clock.now_ms())
            return till.find(db, payment)

        while True:
            try:
                return await self._change(finish)
            except (sqlite3.Error, ProviderError):
                # A full disk is not for ever, and the caller was promised an end.
                logger.exception("payment %s cannot be finished yet", payment)
                await asyncio.sleep(AGAIN_S)


def _charged(payment: Payment) -> Payment:
    if payment.status is Status.CANCELED:
        raise ProviderError("payment_canceled", payment)
    return payment
