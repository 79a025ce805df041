"""Refunds carried out: noted in the book, asked of the provider, booked.

Between two of the steps a process may die: what is noted stays pending, and is asked again
with the same key until the provider has answered.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from base.errors import Outage
from checkout import refunds
from checkout.payments.provider import Declined, Lost, NotSent

if TYPE_CHECKING:
    from base.identity import Actor
    from checkout.order_terms import OrderTerms
    from checkout.parts import Parts
    from checkout.refund import Refund, RefundWish
    from checkout.refunds import RefundRecord

__all__ = ["Refunding"]

logger = logging.getLogger(__name__)


class Refunding:
    """Gives buyers their money back."""

    def __init__(self, parts: Parts, terms: OrderTerms) -> None:
        self._parts = parts
        self._terms = terms

    async def refund(self, actor: Actor, order: str, wish: RefundWish) -> Refund:
        """Refund an order, all of it or some; once per key.

        Returns:
            The refund; still pending when the provider has not answered in time. Then it is
            asked again until it has.

        Raises:
            NotFound: There is no such order, or it is somebody else's.
            Forbidden: The buyer asks.
            Invalid, Conflict, KeyReused: As :func:`checkout.refunds.begin`.
            Outage: The book does not answer; the same key finds what was noted.

        """
        now = self._parts.clock.now_ms()
        made = await self._parts.book.write(refunds.begin, actor, order, wish, self._terms, now)
        return (await self.finish(made)).refund

    async def finish(self, made: RefundRecord) -> RefundRecord:
        """Carry a noted refund out; whoever waits for it stops after ``answer_ms``."""
        if not made.is_pending:
            return made
        task = self._parts.tasks.start(self.carry(made))
        await asyncio.wait({task}, timeout=self._parts.terms.answer_ms / 1000)
        if not task.done():
            return made
        try:
            return task.result()
        except Outage as error:
            logger.warning("refund %s waits for the sweeper: %r", made.refund.id, error)
            return made

    async def carry(self, made: RefundRecord) -> RefundRecord:
        """Ask the provider, and book what it says; safe to repeat and to run twice at once.

        Raises:
            Outage: The book does not answer.

        """
        refund, book = made.refund, self._parts.book
        if not made.is_pending:
            return made
        try:
            await self._parts.provider.refund(made.attempt, refund.amount, refund.id)
        except Declined as declined:
            logger.error("the provider refuses the refund %s: %s", refund.id, declined)  # noqa: TRY400 - no bug of ours
            return await book.write(refunds.note_failed, refund.id)
        except (NotSent, Lost) as outage:
            logger.warning("the provider does not answer to the refund %s: %s", refund.id, outage)
            await self._postpone(refund.id)
            return made
        except Exception:
            # Whatever is wrong with this one, it must not stay in front of all others.
            await self._postpone(refund.id)
            raise
        now = self._parts.clock.now_ms()
        after, record = await book.write(refunds.note_succeeded, refund.id, now)
        if record is not None:
            # The gate first: whoever hears of it and looks finds the units on sale.
            await self._parts.outbox.flush()
            self._parts.announcer.tell(record.viewer, "order", record.order)
        return after

    async def _postpone(self, ident: str) -> None:
        due = self._parts.clock.now_ms() + refunds.ASK_AGAIN_MS
        await self._parts.book.write(refunds.postpone, ident, due)

    async def repeat(self, made: RefundRecord) -> None:
        """Carry out what is under way, for nobody who waits; see :meth:`carry`."""
        await self.carry(made)

    async def due(self, limit: int) -> list[RefundRecord]:
        """Refunds that the provider has to be asked about again."""
        now = self._parts.clock.now_ms()
        return await self._parts.book.read(refunds.due, now, limit)

    async def pending(self, after: str, limit: int) -> list[RefundRecord]:
        """Refunds under way, in the order of their ids, those after ``after``."""
        return await self._parts.book.read(refunds.pending, after, limit)
