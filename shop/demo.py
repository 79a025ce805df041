"""The demo shop: what ``--demo`` puts on the shelves, once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from base.errors import Conflict
from base.identity import Actor, Role
from shop.product import NewProduct, NewSku
from store.sql.rows import select
from store.sql.tables import stock_adjustments

if TYPE_CHECKING:
    from shop.catalog import Catalog
    from shop.stock import Stock
    from store.sql.book import Book
    from store.sql.rows import Connection

__all__ = ["DEMO_FOLDER", "FILM", "POSTER", "Demo", "create_demo", "read_demo"]

DEMO_FOLDER: Final = Path(__file__).parent / "demo"
"""``catalog.json``, and what is served under ``/demo/``: the film, its poster, ``pictures/``."""

FILM: Final = "/demo/clip.webm"
POSTER: Final = "/demo/poster.webp"
"""Paths, not addresses: where the server is reached may change (docs/adr/0012)."""

_KEEPER: Final = Actor(id="demo", name="Demo", role=Role.ADMIN, expires_ms=0)


class DemoParty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shop or a host."""

    id: str
    name: str


class DemoShow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The show that has every demo product in its bag, and one of them pinned."""

    id: str
    title: str
    host: DemoParty
    pinned: str


class DemoSku(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SKU and the units there are of it at first."""

    id: str
    title: str
    price: int
    compare_at: int | UnsetType = UNSET
    currency: str
    stock: int


class DemoProduct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product; its images are files in ``pictures/``."""

    id: str
    title: str
    description: str
    images: list[str]
    skus: list[DemoSku]

    def listed(self, shop: str) -> NewProduct:
        """What a seller would send to list it."""
        return NewProduct(
            id=self.id,
            shop=shop,
            title=self.title,
            description=self.description,
            images=[f"/demo/{name}" for name in self.images],
            skus=[
                NewSku(
                    id=sku.id,
                    title=sku.title,
                    price=sku.price,
                    compare_at=sku.compare_at,
                    currency=sku.currency,
                )
                for sku in self.skus
            ],
        )


class Demo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the demo: the shop, its products in order, and the show that sells them."""

    shop: DemoParty
    show: DemoShow
    products: list[DemoProduct]


def read_demo() -> Demo:
    """The demo as ``catalog.json`` describes it."""
    return msgspec.json.decode((DEMO_FOLDER / "catalog.json").read_bytes(), type=Demo)


async def create_demo(book: Book, catalog: Catalog, stock: Stock) -> Demo:
    """List the demo's products with their stock, unless that was done before.

    A start that was cut short is completed by the next; what was sold or changed since
    stays as it is.

    Args:
        book: Tells what was done before.
        catalog: Where products are listed.
        stock: Where their units are counted.

    Returns:
        The demo, for the show that is made of it.

    Raises:
        Outage: The book or the gate cannot be reached.

    """
    demo = read_demo()
    done = await book.read(_stocked, demo.shop.id)
    products = [p for p in demo.products if not {_key(sku) for sku in p.skus} <= done]
    await asyncio.gather(*(_list(catalog, product, demo.shop.id) for product in products))
    await asyncio.gather(
        *(
            stock.adjust(_KEEPER, sku.id, add=sku.stock, set_to=None, key=_key(sku))
            for product in products
            for sku in product.skus
        )
    )
    return demo


async def _list(catalog: Catalog, product: DemoProduct, shop: str) -> None:
    try:
        await catalog.create(_KEEPER, product.listed(shop))
    except Conflict:
        # An earlier start listed it and was cut short.
        return


def _key(sku: DemoSku) -> str:
    return f"demo-{sku.id}"


def _stocked(conn: Connection, shop: str) -> set[str]:
    table = stock_adjustments
    query = select(table.c.key).where(table.c.shop == shop, table.c.left >= 0)
    return set(conn.execute(query).scalars())
