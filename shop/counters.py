"""The counters of stock at the gate: made, and read as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import Outage
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.redis.scripts import Scripts

__all__ = ["ensure_counters", "filling", "read_units"]


async def ensure_counters(
    scripts: Scripts, shop: str, versions: Sequence[tuple[str, int]]
) -> None:
    """Make counters of zero units for SKUs that have none, and raise price versions.

    Safe to repeat; a version never falls.

    Args:
        scripts: The gate.
        shop: Whose SKUs they are.
        versions: SKU and price version.

    Raises:
        Outage: The gate cannot be reached.

    """
    await scripts.call(
        "stock_create",
        [keys.stock(shop, sku) for sku, _ in versions],
        [version for _, version in versions],
    )


async def read_units(
    scripts: Scripts, shop: str, skus: Sequence[str]
) -> tuple[int, dict[str, int]]:
    """Units left and the sequence of the shop's shard that they belong to, as one.

    A SKU that the gate does not know is absent.

    Raises:
        Outage: The gate cannot be reached.

    """
    sequence, *units = await scripts.call(
        "stock_read", [keys.stock_sequence(shop), *(keys.stock(shop, sku) for sku in skus)]
    )
    found = zip(skus, units, strict=True)
    return int(sequence), {sku: int(left) for sku, left in found if left}


async def filling(scripts: Scripts, shop: str) -> bytes:
    """Names the filling from the book that a shop's shard stands on.

    What the book says after this was asked is not in that filling unless it was before.

    Raises:
        Outage: The shard is to be filled first, or the gate cannot be reached.

    """
    named = await scripts.command("GET", keys.shop_ready(int(keys.shard(shop))))
    if named is None:
        raise Outage
    return bytes(named)
