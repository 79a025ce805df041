"""What can be done with an order after it was paid: refund, cancel, send it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checkout import cancels, shipments
from checkout.order_rows import find, seen_by
from checkout.refunding import Refunding

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from base.identity import Actor
    from checkout.cancels import CancelWish
    from checkout.order import Order
    from checkout.order_rows import Changed
    from checkout.parts import Parts
    from checkout.refund import Refund, RefundWish
    from checkout.shipments import ShipmentWish

__all__ = ["Aftercare"]


class Aftercare:
    """Orders from paid to the doorstep, or back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # The book's operations cannot ask the provider.
        self._terms = replace(parts.order_terms, steps=parts.provider.steps)
        self._refunding = Refunding(parts, self._terms)

    async def refund(self, actor: Actor, order: str, wish: RefundWish) -> Refund:
        """Refund; see :meth:`checkout.refunding.Refunding.refund`."""
        return await self._refunding.refund(actor, order, wish)

    async def cancel(self, actor: Actor, order: str, wish: CancelWish) -> Order:
        """Cancel an order or units of it, or ask the shop to; the same again is a repeat.

        Returns:
            The order as it is then. Its refund may still be under way.

        Raises:
            NotFound, Forbidden: Not theirs to cancel.
            Invalid: Not of its form.
            Conflict: It was sent, fewer units are left, or the provider cannot move their price.
            Outage: The book does not answer; the same again finds what was done.

        """
        parts = self._parts
        changed, refund = await parts.book.write(
            cancels.cancel, actor, order, wish, self._terms, parts.clock.now_ms()
        )
        await self._tell(changed)
        if refund is None:
            return seen_by(actor, changed.record.order)
        await self._refunding.finish(refund)
        present = await parts.book.read(find, order)
        return seen_by(actor, (present or changed.record).order)

    async def ship(self, actor: Actor, order: str, wish: ShipmentWish) -> Order:
        """Note what the shop says about sending an order.

        Raises:
            NotFound, Forbidden: Not theirs to send.
            Invalid: Not of its form.
            Conflict: Its state does not allow it, or fewer units are left.
            Outage: The book does not answer.

        """
        parts = self._parts
        changed = await parts.book.write(
            shipments.ship,
            actor,
            order,
            wish,
            self._terms,
            parts.clock.now_ms(),
        )
        await self._tell(changed)
        return seen_by(actor, changed.record.order)

    async def due(self, limit: int) -> list[Awaitable[None]]:
        """Work that is due: refunds to ask about, orders that time changes.

        Raises:
            Outage: The book does not answer.

        """
        now = self._parts.clock.now_ms()
        orders = await self._parts.book.read(shipments.due, now, limit)
        refunds = await self._refunding.due(limit)
        return [
            *(self._advance(order) for order in orders),
            *(self._refunding.repeat(refund) for refund in refunds),
        ]

    async def pending(self, after: str, limit: int) -> tuple[list[Awaitable[None]], str]:
        """Refunds under way, those after an id, as work; and the id of the last one.

        Raises:
            Outage: The book does not answer.

        """
        found = await self._refunding.pending(after, limit)
        last = found[-1].refund.id if found else after
        return [self._refunding.repeat(refund) for refund in found], last

    async def _advance(self, order: str) -> None:
        book, now = self._parts.book, self._parts.clock.now_ms()
        await self._tell(await book.write(shipments.advance, order, now))
        changed, refund = await book.write(cancels.cancel_due, order, now)
        await self._tell(changed)
        if refund is not None:
            await self._refunding.repeat(refund)

    async def _tell(self, changed: Changed) -> None:
        if not changed.changed:
            return
        # The gate first: whoever hears of it and looks finds the units on sale.
        await self._parts.outbox.flush()
        record = changed.record
        self._parts.announcer.tell(record.viewer, "order", record.order)
