"""The one place where the provider's word becomes ours.

The answer to a pay, a webhook, a poll and the sweeper all end here; nobody else makes a
checkout paid. Each may come twice, late, or at the same time as another: the book's
operations compare before they set.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from base.errors import NotFound
from base.gathering import Gathering
from checkout import attempts, breaks, paid, rows
from checkout.breaks import Break
from checkout.payments.provider import Payment, Status
from checkout.race import Crowded, insist
from checkout.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout.change import Change
    from checkout.checkout import Failure
    from checkout.late import LateMoney
    from checkout.parts import Parts
    from checkout.record import Record

__all__ = ["Reconciler"]

logger = logging.getLogger(__name__)

AT_ONCE: Final = 64
"""Payments that become orders in one operation of the book."""


class Reconciler:
    """Brings a checkout to what the provider says of its payment.

    Args:
        late: What to do about money that comes after the end.

    """

    def __init__(self, parts: Parts, late: LateMoney) -> None:
        self._parts = parts
        self._late = late
        self._recording = Gathering(self._record_all, parts.tasks, AT_ONCE)

    async def reconcile(self, attempt: str) -> Record:
        """Ask the provider how the payment stands, and take that over.

        Raises:
            NotFound: The payment is not one of ours.
            Outage: Provider, book or gate do not answer; try again.

        """
        # Read first: what the provider says afterwards cannot be older than this.
        record = await self._parts.book.read(rows.by_attempt, attempt)
        if record is None:
            raise NotFound("There is no such payment.")
        if record.state is State.PAID:
            # Nothing that the provider could say changes it.
            return record
        # What waits in the queue was never sent: there is nothing to ask about.
        asked = None if record.is_queued else await self._parts.provider.fetch(attempt)
        return await self.apply(record, asked)

    async def apply(self, record: Record, payment: Payment | None) -> Record:
        """Take over what the provider said of ``record``'s payment.

        Args:
            record: As it was before the provider was asked.
            payment: None when the provider never heard of it.

        """
        status = Status.REQUIRES_METHOD if payment is None else payment.status
        attempt, now = record.paying.id, self._parts.clock.now_ms()
        book = self._parts.book
        if status is Status.SUCCEEDED and payment is not None:
            return await self._succeeded(record, payment)
        if status is Status.CANCELED:
            change = await insist(book, attempts.note_canceled, attempt, now)
        elif status is Status.REQUIRES_METHOD:
            return await self._untaken(record, payment)
        else:
            action = None if payment is None else payment.action
            change = await insist(book, attempts.note_action, attempt, record.version, action, now)
        return await self.announce(change)

    async def declined(self, record: Record, failure: Failure) -> Record:
        """The provider refused this very try."""
        now = self._parts.clock.now_ms()
        change = await insist(
            self._parts.book,
            attempts.note_declined,
            record.paying.id,
            record.version,
            failure,
            now,
        )
        return await self.announce(change)

    async def unsent(self, record: Record) -> Record:
        """This try never reached the provider."""
        change = await insist(
            self._parts.book, attempts.note_unsent, record.paying.id, record.version
        )
        return await self.announce(change)

    async def free(self, record: Record) -> Record:
        """Nothing has to be paid; what was cancelled meanwhile stays so: no money is late."""
        if record.total != 0:
            raise ValueError("only a total of zero is free")
        try:
            return await self.announce(await self._record_paid(record))
        except paid.Late:
            return await self._parts.book.read(rows.by_id, record.id) or record

    async def announce(self, change: Change) -> Record:
        """Tell the buyer of what changed."""
        record, parts = change.record, self._parts
        if not change.changed:
            return record
        if not record.is_open:
            # Gate and cart first: whoever hears of the end and looks finds them as they
            # should be. What is open has left no word for them.
            await parts.outbox.flush()
        self.tell(change)
        return record

    def tell(self, change: Change) -> None:
        """Tell the buyer of what changed, which leaves nothing to be delivered first."""
        record, announcer = change.record, self._parts.announcer
        announcer.tell(record.viewer, "checkout", record.shown())
        for order in change.orders:
            announcer.tell(record.viewer, "order", order)

    async def _untaken(self, record: Record, payment: Payment | None) -> Record:
        """The provider waits for a method: the try was refused, or never came."""
        now = self._parts.clock.now_ms()
        waits_for_answer = record.action is None and now < (record.next_at or 0)
        if not record.is_pending or record.state is State.CANCELING or waits_for_answer:
            return record
        if payment is not None and payment.declined is not None:
            return await self.declined(record, payment.declined)
        return await self.unsent(record)

    async def _succeeded(self, record: Record, payment: Payment) -> Record:
        ours = (record.paying.id, record.paying.amount, record.currency, record.id)
        said = (payment.id, payment.amount, payment.currency, payment.checkout)
        if said != ours or payment.captured != record.total:
            # Never paid by another payment's money (CVE-2026-9189 is this mistake).
            logger.error("break: payment %s is %s at the provider, %s here", ours[0], said, ours)
            now = self._parts.clock.now_ms()
            seen = Break(kind="mismatch", key=ours[0], expected=str(ours), actual=str(said))
            await self._parts.book.write(breaks.note, seen, now)
            due = now + attempts.POLL_MS
            await self._parts.book.write(attempts.postpone, record.id, record.version, due)
            return record
        return await self._paid(record)

    async def _paid(self, record: Record) -> Record:
        try:
            outcome = await self._record_paid(record)
        except paid.Late:
            outcome = await self._late.settle(record)
        return await self.announce(outcome)

    async def _record_paid(self, record: Record) -> Change:
        if self._parts.book.shares_commits:
            return await self._recording.ask(record)
        return await self._record_alone(record)

    async def _record_all(self, records: Sequence[Record]) -> Sequence[Change | BaseException]:
        book, terms, now = self._parts.book, self._parts.order_terms, self._parts.clock.now_ms()
        if len(records) > 1:
            with suppress(Crowded):
                return await book.write(paid.record_all_paid, records, terms, now)
        recording = map(self._record_alone, records)
        return await asyncio.gather(*recording, return_exceptions=True)

    async def _record_alone(self, record: Record) -> Change:
        attempt, terms = record.paying.id, self._parts.order_terms
        now = self._parts.clock.now_ms()
        return await insist(self._parts.book, paid.record_paid, attempt, terms, now)
