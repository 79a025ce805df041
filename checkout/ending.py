"""Ending a checkout unpaid: by its buyer, or because the time is over.

Cancel at the provider first, give the stock back after the provider has confirmed it: a
payment that might still be taken must find its stock.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from checkout import attempts
from checkout.payments.provider import Lost, NotSent
from checkout.race import insist
from checkout.state import State

if TYPE_CHECKING:
    from base.errors import Outage
    from checkout.parts import Parts
    from checkout.queue import PaymentQueue
    from checkout.reconcile import Reconciler
    from checkout.record import Record

__all__ = ["Ending"]

logger = logging.getLogger(__name__)

AGAIN_MS: Final = 5_000
"""Between requests to cancel while the provider does not answer."""

ALARM_MS: Final = 15 * 60 * 1000
"""After that somebody must look why the provider does not let go."""


class Ending:
    """Ends open checkouts."""

    def __init__(self, parts: Parts, reconciler: Reconciler, queue: PaymentQueue) -> None:
        self._parts = parts
        self._reconciler = reconciler
        self._queue = queue

    async def end(self, checkout: str) -> Record:
        """Cancel, or expire when ``pay_by`` is past; what is paid or ended stays as it is.

        Returns:
            What became of it; still ``canceling`` while the provider does not answer.

        Raises:
            NotFound: There is no such checkout.
            Outage: The book does not answer.

        """
        record = await self._start(checkout)
        if record.state is not State.CANCELING:
            return record
        return await self.cancel_payment(record)

    async def cancel_payment(self, record: Record) -> Record:
        """Have the provider cancel the payment of a checkout that ends or has ended."""
        try:
            payment = await self._parts.provider.cancel(record.paying.id)
        except (NotSent, Lost) as outage:
            return await self._later(record, outage)
        # Canceled, or paid a moment before: the provider decided.
        return await self._reconciler.apply(record, payment)

    async def _start(self, checkout: str) -> Record:
        now = self._parts.clock.now_ms()
        change = await insist(self._parts.book, attempts.start_cancel, checkout, now)
        if change.changed:
            self._queue.leave(checkout)
        return await self._reconciler.announce(change)

    async def _later(self, record: Record, outage: Outage) -> Record:
        now = self._parts.clock.now_ms()
        late = now > record.pay_by + ALARM_MS
        log = logger.error if late else logger.warning
        log("the provider does not cancel the payment of %s: %s", record.id, outage)
        due = now + AGAIN_MS
        await self._parts.book.write(attempts.postpone, record.id, record.version, due)
        return record
