"""Money that comes after a checkout has ended: goods again, or the money back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from base.errors import Outage, Refused, SoldOut
from cart.holds import StalePrice, Wanted
from checkout import breaks, paid
from checkout.breaks import Break
from checkout.change import Change
from checkout.payments.provider import Declined
from checkout.pricing import by_shop
from checkout.race import insist
from checkout.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cart.cart import Line
    from checkout.parts import Parts
    from checkout.record import Record

__all__ = ["LateMoney"]

logger = logging.getLogger(__name__)

TRIES: Final = 3
"""Prices that change more often than that while we look are not worth waiting for."""


class LateMoney:
    """Decides, once, what becomes of late money."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def settle(self, record: Record) -> Change:
        """Hold and claim the stock again and book the sale; if it is gone, give money back.

        Raises:
            Outage: Try again; nothing is done twice.

        """
        if record.state in {State.PAID, State.REFUNDED}:
            return Change(record, changed=False)
        if record.state is State.REFUNDING:
            return await self.give_back(record)
        attempt, now = record.paying.id, self._parts.clock.now_ms()
        logger.error("break: late money for %s, which is %s", record.id, record.state)
        await self._note("late_money", attempt, f"nothing for {record.id}, {record.state.value}")
        if await self._hold(record):
            try:
                terms = self._parts.order_terms
                sold = await insist(self._parts.book, paid.record_late, attempt, terms, now)
            except SoldOut:
                await self._let_go(record)
            else:
                return await self._unless_refunded(sold)
        await insist(self._parts.book, paid.record_refunding, attempt, now)
        return await self.give_back(record)

    async def give_back(self, record: Record) -> Change:
        """Refund what was captured; safe to repeat until the provider has done it."""
        attempt = record.paying
        try:
            await self._parts.provider.refund(attempt.id, attempt.amount, f"late-{attempt.id}")
        except Declined as declined:
            logger.exception("break: the late money of %s cannot be given back", record.id)
            await self._note("stuck_refund", attempt.id, f"{attempt.amount} given back")
            raise Outage from declined
        now = self._parts.clock.now_ms()
        return await insist(self._parts.book, paid.record_refunded, attempt.id, now)

    async def _note(self, kind: str, attempt: str, expected: str) -> None:
        seen = Break(kind=kind, key=attempt, expected=expected, actual="the provider has it")
        await self._parts.book.write(breaks.note, seen, self._parts.clock.now_ms())

    async def _unless_refunded(self, sold: Change) -> Change:
        """Another run of this may have decided to give the money back."""
        if sold.record.state is not State.PAID:
            await self._let_go(sold.record)
        if sold.record.state is State.REFUNDING:
            return await self.give_back(sold.record)
        return sold

    async def _hold(self, record: Record) -> bool:
        try:
            for shop, lines in by_shop(record.lines).items():
                await self._hold_shop(record, shop, lines)
        except Refused:
            await self._let_go(record)
            return False
        return True

    async def _hold_shop(self, record: Record, shop: str, lines: Sequence[Line]) -> None:
        catalog, holds = self._parts.catalog, self._parts.holds
        for _ in range(TRIES):
            facts = await catalog.facts([line.sku for line in lines])
            wanted = [
                Wanted(sku=line.sku, qty=line.qty, pv=facts[line.sku].pv)
                for line in lines
                if line.sku in facts
            ]
            try:
                # The present price version opens the gate; the price paid is the old one.
                await holds.hold(
                    paid.late_hold(record.id),
                    shop,
                    wanted,
                    fingerprint=record.fingerprint,
                    deadline_ms=self._parts.clock.now_ms() + self._parts.terms.hold_ms,
                )
            except StalePrice:
                for line in lines:
                    catalog.forget(line.product)
            else:
                return
        raise SoldOut(lines[0].sku)

    async def _let_go(self, record: Record) -> None:
        for shop in record.shops:
            await self._parts.holds.settle(paid.late_hold(record.id), shop, "forgotten")
