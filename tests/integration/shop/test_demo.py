"""The demo shop is stocked once, whole after any crash, and left alone later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.demo import DEMO_FOLDER, create_demo, read_demo
from tests.selling import ADMIN, Shelves, open_gate

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@pytest.fixture
async def shelves(book: Book, scripts: Scripts, clock: StoppedClock) -> Shelves:
    await open_gate(scripts)
    return Shelves(book, scripts, clock)


async def left(shelves: Shelves) -> dict[str, int]:
    products, _ = await shelves.catalog.list(None, 100, "demo-shop")
    return {sku.id: sku.left for product in products for sku in product.skus}


def expected() -> dict[str, int]:
    return {sku.id: sku.stock for product in read_demo().products for sku in product.skus}


async def test_every_product_is_listed_with_its_stock_and_pictures(shelves: Shelves) -> None:
    demo = await create_demo(shelves.book, shelves.catalog, shelves.stock)

    assert await left(shelves) == expected()
    for product in demo.products:
        listed = await shelves.catalog.get(product.id)
        assert listed.images
        for url in listed.images:
            assert (DEMO_FOLDER / "pictures" / url.removeprefix("/demo/")).is_file()


async def test_a_later_start_leaves_what_was_sold_and_changed(shelves: Shelves) -> None:
    await create_demo(shelves.book, shelves.catalog, shelves.stock)
    sku = read_demo().products[0].skus[0].id
    await shelves.stock.adjust(ADMIN, sku, add=None, set_to=3, key="sold-a-lot")

    await create_demo(shelves.book, shelves.catalog, shelves.stock)

    assert await left(shelves) == expected() | {sku: 3}


async def test_a_start_that_was_cut_short_is_completed(shelves: Shelves) -> None:
    demo = read_demo()
    product = demo.products[0]
    await shelves.catalog.create(ADMIN, product.listed(demo.shop.id))

    await create_demo(shelves.book, shelves.catalog, shelves.stock)

    assert await left(shelves) == expected()
