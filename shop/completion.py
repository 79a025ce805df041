"""The second half of a stock adjustment: made at the gate, then completed in the book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from base.errors import Conflict, Outage
from shop.adjustment import complete_adjustment, refuse_adjustment
from store.redis import keys

if TYPE_CHECKING:
    from shop.adjustment import Adjustment
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["complete"]

RECORD_MS: Final = 7 * 24 * 3600 * 1000
"""How long the gate remembers an adjustment; the book completes it long before."""


async def complete(book: Book, scripts: Scripts, made: Adjustment) -> int:
    """Make at the gate what was begun in the book; safe to repeat and to run twice at once.

    Returns:
        The units left afterwards.

    Raises:
        Conflict: Fewer units are left than are to be taken away; its key is free again.
        Outage: The gate is closed, or the book or the gate cannot be reached.

    """
    wish = made.wish
    # A set that lowers is decided at the gate, which alone knows what is being bought.
    lowers = wish.kind == "set" and not made.booked
    mode, units = ("cap", wish.units) if lowers else ("add", made.delta)
    outcome, *numbers = await scripts.call(
        "stock_adjust",
        [
            keys.shop_ready(int(keys.shard(wish.shop))),
            keys.stock(wish.shop, wish.sku),
            keys.adjustment(wish.shop, wish.key, made.at),
            keys.stock_sequence(wish.shop),
            keys.shop_stream(wish.shop),
        ],
        [wish.sku, mode, units, RECORD_MS],
    )
    if outcome == b"short":
        await book.write(refuse_adjustment, made)
        raise Conflict("Fewer units are left than you take away.")
    if outcome != b"ok":
        raise Outage
    delta, left = map(int, numbers)
    await book.write(complete_adjustment, made, delta, left)
    return left
