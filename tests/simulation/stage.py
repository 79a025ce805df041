"""What all seeds of one run share: a Redis, a migrated book, shops with goods."""

from __future__ import annotations

import random
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from unittest import mock

from shop.listing import Listing
from shop.product import NewProduct, NewSku
from shop.shelf import add_listing
from store.redis import keys
from tests.simulation.book import Shelf
from tests.simulation.gate import Redis
from tests.simulation.till import Drawer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOP_OF: Final = {
    "mug": "ada", "lamp": "bob", "tote": "ada", "pin": "cleo", "gift": "ada",
}  # fmt: skip
PRICES: Final = {"mug": 1999, "tote": 2500, "lamp": 4999, "pin": 333, "gift": 0}
SHARDS: Final = 4
"""Instead of 64: a sweep asks each, and one shop a shard is as good a test."""


class Stage:
    """Stores that are brought back to the same state for each seed."""

    def __init__(self, redis_path: str, migrated: Path) -> None:
        self.redis = Redis(redis_path)
        self.shelf = Shelf(migrated)
        self.drawer = Drawer()
        for sku, shop in SHOP_OF.items():
            new = NewSku(id=sku, title="One", price=PRICES[sku], currency="USD")
            product = NewProduct(id=sku, title=sku.title(), skus=[new])
            add_listing(self.shelf.conn, Listing.of(product, shop), 1)
        self.shelf.raw.execute("UPDATE outbox SET done_at = 1")
        self.shelf.raw.execute("UPDATE stock_adjustments SET left = 0, booked = 1")

    @contextmanager
    def set_up(self, stock: dict[str, int]) -> Iterator[None]:
        """Every store as at the start, with these units to sell."""
        raws = (self.shelf.raw, self.drawer.raw)
        for raw in raws:
            raw.execute("BEGIN")
        try:
            for sku, units in stock.items():
                self.shelf.raw.execute("UPDATE stock SET total = ? WHERE sku = ?", (units, sku))
            self.redis.ask("FLUSHDB")
            yield
        finally:
            for raw in raws:
                raw.execute("ROLLBACK")

    def close(self) -> None:
        self.redis.close()
        self.shelf.close()
        self.drawer.raw.close()


@contextmanager
def fixed(dice: random.Random) -> Iterator[None]:
    """What is random in the code follows the dice; fewer shards."""

    def token_hex(nbytes: int = 32) -> str:
        return f"{dice.getrandbits(8 * nbytes):0{2 * nbytes}x}"

    with (
        mock.patch.object(keys, "SHARDS", SHARDS),
        mock.patch.object(secrets, "token_hex", token_hex),
        mock.patch.object(secrets, "token_urlsafe", token_hex),
    ):
        yield
