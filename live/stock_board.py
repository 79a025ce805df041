"""The units left of everything in the bags of this node's rooms, as they change.

A shop's scripts append each change to the shop's stream, numbered; the board follows the
streams of the shops it has something of. The latest number wins.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from base.errors import Outage
from live.fan_out import FanOut
from shop.product import Product
from store.redis import keys

__all__ = ["StockBoard"]

logger = logging.getLogger(__name__)

RETRY_S: Final = 1.0


class Stock(Protocol):
    """The shop's counters, as the board needs them."""

    async def read(self, shop: str, skus: list[str]) -> tuple[int, dict[str, int]]:
        """The shard's change number and the units left of each SKU, as of one moment."""
        ...


class Streams(Protocol):
    """The reader of streams."""

    def follow(
        self,
        key: str,
        after: str,
        on_entries: Callable[[list[tuple[str, dict[bytes, bytes]]]], None],
    ) -> None:
        """Call back with the entries of a stream after an id, in order."""
        ...

    def leave(self, key: str) -> None:
        """Stop following."""
        ...


class StockBoard:
    """Follows the stock of what this node shows."""

    def __init__(self, *, stock: Stock, feed: Streams) -> None:
        self._stock = stock
        self._feed = feed
        self._rooms: dict[str, dict[FanOut, None]] = defaultdict(dict)
        self._last: dict[str, int] = {}
        self._streams: dict[str, int] = {}
        self._looking: dict[FanOut, asyncio.Task[None]] = {}
        self._unseen: dict[FanOut, None] = {}

    async def watch(self, fan_out: FanOut, *, anew: bool = False) -> None:
        """Read and follow the stock of a room's bag.

        Args:
            fan_out: The room.
            anew: Forget the numbers seen so far: Redis may count from the start again.

        Raises:
            Outage: Redis cannot be reached.

        """
        shops: dict[str, list[str]] = defaultdict(list)
        for shop, sku in fan_out.room.skus:
            shops[shop].append(sku)
            self._rooms[sku][fan_out] = None
            if anew:
                self._last.pop(sku, None)
        for shop, skus in shops.items():
            number, left = await self._stock.read(shop, skus)
            stream = keys.shop_stream(shop)
            if number < self._streams.get(stream, number + 1):
                # Never followed, or counted from the start again. Else it goes on: other
                # rooms have not been told yet of what stands before ``number``.
                self._follow(stream, number)
            for sku, units in left.items():
                self._take(sku, number, units)

    def look(self, fan_out: FanOut) -> None:
        """Watch a bag that has changed, in a task of the board's own."""
        self._unseen[fan_out] = None
        if fan_out not in self._looking:
            task = asyncio.create_task(self._look(fan_out), name="look at stock")
            self._looking[fan_out] = task
            task.add_done_callback(lambda _: self._looking.pop(fan_out, None))

    def expect(self, fan_out: FanOut, product: Product) -> None:
        """A product enters a bag: what is known of its stock goes along at once."""
        for sku in product.skus:
            others = self._rooms.get(sku.id)
            left = next((o.room.stock.get(sku.id) for o in others or () if o is not fan_out), None)
            if left is not None and sku.id not in fan_out.room.stock:
                fan_out.room.set_stock(sku.id, left)

    def forget(self, fan_out: FanOut) -> None:
        """Stop following for a room that closes."""
        self._unseen.pop(fan_out, None)
        task = self._looking.pop(fan_out, None)
        if task is not None:
            task.cancel()
        for sku in [sku for sku, rooms in self._rooms.items() if fan_out in rooms]:
            del self._rooms[sku][fan_out]
            if not self._rooms[sku]:
                del self._rooms[sku]
                self._last.pop(sku, None)

    async def _look(self, fan_out: FanOut) -> None:
        # A bag that changes while it is looked at is looked at again.
        while self._unseen.pop(fan_out, self) is None:
            try:
                await self.watch(fan_out)
            except Outage as error:
                logger.warning("stock of %s cannot be read: %s", fan_out.room.show.id, error)
                self._unseen[fan_out] = None
                await asyncio.sleep(RETRY_S)

    def _follow(self, stream: str, number: int) -> None:
        def arrive(entries: list[tuple[str, dict[bytes, bytes]]]) -> None:
            self._arrive(stream, entries)

        self._feed.leave(stream)
        self._streams[stream] = number
        self._feed.follow(stream, f"{number}-0", arrive)

    def _arrive(self, stream: str, entries: list[tuple[str, dict[bytes, bytes]]]) -> None:
        hole = False
        for ident, fields in entries:
            number = int(ident.split("-", 1)[0])
            hole = hole or number > self._streams[stream] + 1
            self._streams[stream] = number
            for sku, left in fields.items():
                self._take(sku.decode(), number, int(left))
        if hole:
            for fan_out in self._shown():
                self.look(fan_out)

    def _shown(self) -> Iterable[FanOut]:
        return {fan_out: None for rooms in self._rooms.values() for fan_out in rooms}

    def _take(self, sku: str, number: int, left: int) -> None:
        if number < self._last.get(sku, 0) or sku not in self._rooms:
            return
        self._last[sku] = number
        for fan_out in self._rooms[sku]:
            fan_out.note_stock(sku, left)
