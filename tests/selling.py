"""A small shop for tests: its gate open, its shelves filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from base.identity import Actor, Role
from shop.catalog import Catalog
from shop.product import NewProduct, NewSku, Product
from shop.stock import Stock
from store.redis import keys

if TYPE_CHECKING:
    from msgspec import Struct

    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

SHOP = "ada"
FOREVER = 9_999_999_999_999


def seller(shop: str = SHOP) -> Actor:
    return Actor(id=f"{shop}-seller", name="Ada", role=Role.SELLER, shop=shop, expires_ms=FOREVER)


ADMIN = Actor(id="root", name="Root", role=Role.ADMIN, expires_ms=FOREVER)
VIEWER = Actor(id="vera", name="Vera", role=Role.VIEWER, expires_ms=FOREVER)


def mug(*skus: NewSku, product: str = "mug") -> NewProduct:
    """A mug in blue, or in the colours that are given."""
    return NewProduct(id=product, title="Mug", skus=list(skus or (colour("blue"),)))


def colour(name: str, price: int = 1999, currency: str = "USD") -> NewSku:
    return NewSku(id=f"mug-{name}", title=name.title(), price=price, currency=currency)


@dataclass
class Nudges:
    """An outbox that only counts."""

    count: int = 0

    def nudge(self) -> None:
        self.count += 1


@dataclass
class Recorder:
    """An announcer that remembers what it was to tell."""

    told: list[tuple[str, str, Struct]] = field(default_factory=list)

    def tell(self, viewer: str, name: str, thing: Struct, *, again: bool = False) -> None:
        self.told.append((viewer, name, thing))


@dataclass
class Shelves:
    """Catalog and stock over one book and one gate."""

    book: Book
    scripts: Scripts
    clock: StoppedClock
    outbox: Nudges = field(default_factory=Nudges)

    def __post_init__(self) -> None:
        self.catalog = Catalog(self.book, self.scripts, self.clock, self.outbox)
        self.stock = Stock(self.book, self.scripts, self.clock)

    async def put(
        self, sku: str, units: int, *, shop: str = SHOP, price: int = 1999, currency: str = "USD"
    ) -> Product:
        """List a product of one SKU, both of the same id, with units to sell."""
        new = NewSku(id=sku, title="One", price=price, currency=currency)
        product = NewProduct(id=sku, title=sku.title(), skus=[new])
        made = await self.catalog.create(seller(shop), product)
        if units:
            key = f"first-{sku}"
            await self.stock.adjust(seller(shop), sku, add=units, set_to=None, key=key)
        return made


FILLED = "1"
"""The filling of :func:`open_gate`."""


async def open_gate(scripts: Scripts) -> None:
    """Every shard ready, as after a rebuild of an empty book."""
    for number in range(keys.SHARDS):
        await scripts.command("SET", keys.shop_ready(number), FILLED)


async def put_counters(scripts: Scripts, sku: str, units: int, pv: int = 1) -> None:
    """A SKU at the gate alone, with units to sell."""
    fields: list[str | int] = ["total", units, "avail", units, "held", 0, "sold", 0, "pv", pv]
    await scripts.command("HSET", keys.stock(SHOP, sku), *fields)


async def counters(scripts: Scripts, sku: str, shop: str = SHOP) -> dict[str, int]:
    flat = await scripts.command("HGETALL", keys.stock(shop, sku))
    return {k.decode(): int(v) for k, v in zip(flat[::2], flat[1::2], strict=True)}


async def stream(scripts: Scripts, shop: str = SHOP) -> list[tuple[str, dict[str, str]]]:
    """What the shop's shard has told of its stock: entry id, units left by SKU."""
    entries = await scripts.command("XRANGE", keys.shop_stream(shop), "-", "+")
    return [
        (
            ident.decode(),
            {k.decode(): v.decode() for k, v in zip(f[::2], f[1::2], strict=True)},
        )
        for ident, f in entries
    ]
