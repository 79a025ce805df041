"""What the outbox carries from the book to the gate and to the cart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cart.carts import Carts
    from cart.holds import Holds

__all__ = ["Delivery"]

logger = logging.getLogger(__name__)


class Delivery:
    """Handlers of the outbox kinds ``settle`` and ``bought``; safe to repeat."""

    def __init__(self, holds: Holds, carts: Carts) -> None:
        self._holds = holds
        self._carts = carts

    async def settle(self, row: int, payload: dict[str, Any]) -> None:
        """Make the holds of an ended checkout ``sold`` or ``released``.

        Raises:
            Outage: The gate cannot be reached; the row stays.

        """
        for shop in payload["shops"]:
            ended = await self._holds.settle(payload["checkout"], shop, payload["target"])
            if not ended:
                # After a rebuild from the book this is as it should be; else the audit tells.
                logger.warning(
                    "row %d: no hold of %s at %s to end as %s",
                    row,
                    payload["checkout"],
                    shop,
                    payload["target"],
                )

    async def bought(self, row: int, payload: dict[str, Any]) -> None:
        """Take what was paid out of the buyer's cart.

        Raises:
            Outage: The carts cannot be reached; the row stays.

        """
        del row
        lines = [(sku, qty) for sku, qty in payload["lines"]]
        await self._carts.bought(payload["viewer"], payload["checkout"], lines)
