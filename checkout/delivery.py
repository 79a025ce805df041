"""What the outbox carries from the book to the gate and to the cart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from cart.holds import HoldEnd
from checkout.paid import LATE
from store.sql.rows import Connection, select
from store.sql.tables import claims, stock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cart.carts import Carts
    from cart.holds import Holds
    from store.sql.book import Book

__all__ = ["Delivery"]

logger = logging.getLogger(__name__)


LOOKS: Final = 2
"""At book and gate, one after the other: what somebody gives back in between is missing once."""


class Delivery:
    """Handlers of the outbox kinds ``settle`` and ``bought``; safe to repeat."""

    def __init__(self, book: Book, holds: Holds, carts: Carts) -> None:
        self._book = book
        self._holds = holds
        self._carts = carts

    async def settle(self, row: int, payload: dict[str, Any]) -> None:
        """Make the holds of an ended checkout ``sold`` or ``released``.

        Raises:
            Outage: The gate cannot be reached; the row stays.

        """
        hold, target = payload["checkout"], payload["target"]
        # Rows of earlier versions do not say what was held.
        skus = payload.get("skus", {})
        for shop in payload["shops"]:
            if await self._holds.settle(hold, shop, target, skus.get(shop)):
                continue
            logger.warning("row %d: no hold of %s at %s to end as %s", row, hold, shop, target)
            if target == "sold":
                await self._mend(hold.removesuffix(LATE), shop)

    async def settle_all(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> list[bool]:
        """Do that for many; of each whether it is done, else :meth:`settle` is to do it."""
        ends, places = [], []
        for at, (_, payload) in enumerate(rows):
            skus = payload.get("skus", {})
            if [*skus] != payload["shops"]:
                continue
            hold, target = payload["checkout"], payload["target"]
            for shop, mine in skus.items():
                ends.append(HoldEnd(checkout=hold, shop=shop, target=target, skus=tuple(mine)))
                places.append(at)
        known = set(places)
        done = [at in known for at in range(len(rows))]
        for at, is_done in zip(places, await self._holds.settle_all(ends), strict=True):
            done[at] &= is_done
        return done

    async def _mend(self, checkout: str, shop: str) -> None:
        """See whether the gate would sell again what is sold; if so, have it filled anew.

        After a rebuild from the book no hold is as it should be. But a process that was slow
        between hold and claim may have lost its hold to the sweeper, which took it for an
        orphan's: the claim stands, and its units are on sale again.
        """
        for _ in range(LOOKS):
            claimed = await self._book.read(_claimed, checkout, shop)
            taken = await self._holds.taken(shop, list(claimed))
            # The gate takes before the book claims, and gives back after it: never less.
            if all(taken.get(sku, 0) >= units for sku, units in claimed.items()):
                return
        logger.warning("what %s has bought at %s was on sale again", checkout, shop)
        await self._holds.close(shop)

    async def bought(self, row: int, payload: dict[str, Any]) -> None:
        """Take what was paid out of the buyer's cart.

        Raises:
            Outage: The carts cannot be reached; the row stays.

        """
        del row
        lines = [(sku, qty) for sku, qty in payload["lines"]]
        await self._carts.bought(payload["viewer"], payload["checkout"], lines)


def _claimed(conn: Connection, checkout: str, shop: str) -> dict[str, int]:
    """Units that all checkouts together have claimed, of each SKU that this one did."""
    query = (
        select(stock.c.sku, stock.c.claimed)
        .join(claims, claims.c.sku == stock.c.sku)
        .where(claims.c.checkout == checkout, claims.c.shop == shop)
    )
    return {row.sku: row.claimed for row in conn.execute(query)}
