"""Stock: how many units there are to sell, changed by sellers and read by all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from base.errors import Conflict, Invalid, Limit, Outage
from shop.adjustment import (
    Wish,
    begin_adjustment,
    complete_adjustment,
    pending_adjustments,
    refuse_adjustment,
    reread_adjustment,
)
from shop.counters import ensure_counters, filling, read_units
from shop.product import MOST_LEFT
from shop.shelf import read_sku
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from base.identity import Actor
    from shop.adjustment import Adjustment
    from shop.product import Sku
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Stock", "ask_gate", "complete"]

RECORD_MS: Final = 7 * 24 * 3600 * 1000
"""How long the gate remembers an adjustment; the book completes it long before."""

PENDING_AT_ONCE: Final = 1000


class Stock:
    """The units of each SKU.

    Args:
        book: Keeps the totals and every adjustment by its key.
        scripts: The gate, which keeps what is left to sell.
        clock: Dates adjustments.

    """

    def __init__(self, book: Book, scripts: Scripts, clock: Clock) -> None:
        self._book = book
        self._scripts = scripts
        self._clock = clock

    async def adjust(
        self, actor: Actor, sku: str, *, add: int | None, set_to: int | None, key: str
    ) -> Sku:
        """Change how many units are left to sell, once per shop and key.

        Args:
            actor: The shop's seller or an admin.
            sku: Whose stock.
            add: Units to add; below zero they are taken away.
            set_to: Or: units that shall be left; what is being bought right now is not
                counted among them.
            key: The idempotency key.

        Returns:
            The SKU with the units left after the adjustment, the same at each repeat.

        Raises:
            NotFound: No such SKU.
            Forbidden: Not a seller of its shop.
            Invalid: Neither or both of add and set, or a number below zero to set.
            Conflict: Fewer units are left than are to be taken away.
            Limit: More than 1,000,000,000 units.
            KeyReused: The key stands for another adjustment.
            Outage: The same key completes it later.

        """
        shop, listed = await self._book.read(read_sku, sku)
        actor.require_shop(shop)
        wish = _wish(shop, key, sku, add, set_to)
        made = await self._book.write(begin_adjustment, wish, self._clock.now_ms())
        left = made.left
        if left is None:
            await ensure_counters(self._scripts, shop, [(sku, listed.pv)])
            left = await complete(self._book, self._scripts, made)
        return listed.shown(left)

    async def left(self, shop: str, skus: Sequence[str]) -> dict[str, int]:
        """Units that can be held now; a SKU that the gate does not know is absent."""
        return (await self.read(shop, skus))[1]

    async def read(self, shop: str, skus: Sequence[str]) -> tuple[int, dict[str, int]]:
        """The sequence of the shop's stream, and the units left at that point."""
        return await read_units(self._scripts, shop, skus)

    async def finish_pending(self) -> None:
        """Complete what a crash or an outage has left half done; safe at any time.

        Raises:
            Outage: The book or the gate cannot be reached.

        """
        for made in await self._book.read(pending_adjustments, PENDING_AT_ONCE):
            shop, listed = await self._book.read(read_sku, made.wish.sku)
            await ensure_counters(self._scripts, shop, [(listed.id, listed.pv)])
            try:
                await complete(self._book, self._scripts, made)
            except Conflict:
                # Its seller was told, or went away; the key is free again.
                continue


async def complete(book: Book, scripts: Scripts, made: Adjustment) -> int:
    """Make at the gate what was begun in the book; safe to repeat and to run twice at once.

    Returns:
        The units left afterwards.

    Raises:
        Conflict: Fewer units are left than are to be taken away; its key is free again.
        Outage: The gate is closed, or the book or the gate cannot be reached.

    """
    answer = await ask_gate(book, scripts, made)
    if answer is None:
        await book.write(refuse_adjustment, made)
        raise Conflict("Fewer units are left than you take away. Take fewer.")
    delta, left = answer
    await book.write(complete_adjustment, made, delta, left)
    return left


async def ask_gate(book: Book, scripts: Scripts, made: Adjustment) -> tuple[int, int] | None:
    """Make an adjustment at the gate alone; safe to repeat.

    Somebody else may have completed it since, and the gate may have been filled from a book that
    contained it, and have forgotten that: so the book is asked once more, and only the filling
    that was there before is changed.

    Returns:
        What it changed and the units left, or None: it has fewer than are to be taken away.

    Raises:
        Outage: The gate is closed, or the book or the gate cannot be reached.

    """
    wish = made.wish
    filled = await filling(scripts, wish.shop)
    since = await book.read(reread_adjustment, made)
    if since is None:
        return None
    if since.left is not None:
        return since.delta, since.left
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
        [wish.sku, mode, units, RECORD_MS, filled],
    )
    if outcome == b"short":
        return None
    if outcome != b"ok":
        raise Outage
    delta, left = map(int, numbers)
    return delta, left


def _wish(shop: str, key: str, sku: str, add: int | None, set_to: int | None) -> Wish:
    if add is not None and set_to is None:
        wish = Wish(shop=shop, key=key, sku=sku, kind="add", units=add)
    elif set_to is not None and add is None:
        wish = Wish(shop=shop, key=key, sku=sku, kind="set", units=set_to)
    else:
        raise Invalid("Give either add or set.")
    if wish.kind == "set" and wish.units < 0:
        raise Invalid("The units left cannot be below zero. Set 0 or more.")
    if abs(wish.units) > MOST_LEFT:
        raise Limit(f"At most {MOST_LEFT} units at once. Send fewer.", MOST_LEFT)
    return wish
