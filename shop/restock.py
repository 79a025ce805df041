"""Sold units that go back on sale at the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from base.errors import Outage
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.redis.scripts import Scripts

__all__ = ["restock"]

RECORD_MS: Final = 7 * 24 * 3600 * 1000
"""How long the gate remembers it; the outbox repeats within seconds."""


async def restock(
    scripts: Scripts, shop: str, cause: str, lines: Sequence[tuple[str, int]], filled: bytes
) -> None:
    """Make units that were sold units left to sell, once per ``cause``.

    Args:
        scripts: The gate.
        shop: Whose stock.
        cause: Stands for this restock.
        lines: Units by SKU, each SKU once.
        filled: The filling (:func:`shop.counters.filling`) after which the book was seen to
            wait for this: one that came later may contain it.

    Raises:
        Outage: The gate is closed or was filled anew, cannot be reached, or has not yet sold so
            many.

    """
    args: list[str | int | bytes] = [RECORD_MS, filled]
    for sku, units in lines:
        args += [sku, units]
    outcome = await scripts.call(
        "stock_restock",
        [
            keys.shop_ready(int(keys.shard(shop))),
            keys.restocked(shop, cause),
            keys.stock_sequence(shop),
            keys.shop_stream(shop),
            *(keys.stock(shop, sku) for sku, _ in lines),
        ],
        args,
    )
    if outcome not in {b"restocked", b"same"}:
        # Drift: its hold was not settled as sold yet; the outbox brings both, and repeats.
        raise Outage(f"The units cannot go back on sale yet ({outcome.decode()}).")
