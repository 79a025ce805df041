"""What shops are told of their products and stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from shop.events import Events
from shop.product import NewProduct, NewSku, PatchProduct, PatchSku, Product
from tests.selling import ADMIN, Shelves, open_gate, seller

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from store.sql.writer import SqliteBook
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@pytest.fixture
async def shelves(book: SqliteBook, scripts: Scripts, clock: StoppedClock) -> Shelves:
    await open_gate(scripts)
    return Shelves(book, scripts, clock)


async def told(shelves: Shelves) -> list[tuple[str, object]]:
    """Kind and data of all events."""
    found, _ = await Events(shelves.book, shelves.clock).list(ADMIN, None, 100)
    return [(event.kind, event.data) for event in found]


def mug(left: int) -> NewProduct:
    sku = NewSku(id="mug-blue", title="Blue", price=1999, currency="USD", left=left)
    return NewProduct(id="mug", title="Mug", skus=[sku])


async def test_a_new_product_is_told_with_its_first_stock(shelves: Shelves) -> None:
    product = await shelves.catalog.create(seller(), mug(7))

    ((kind, data),) = await told(shelves)

    assert kind == "product.created"
    assert msgspec.convert(data, dict[str, Product]) == {"product": product}
    assert product.skus[0].left == 7


async def test_each_change_is_told_and_one_that_changes_nothing_is_not(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug(7))
    cheaper = PatchProduct(skus=[PatchSku(id="mug-blue", price=999)])
    dearer = PatchProduct(skus=[PatchSku(id="mug-blue", price=1999)])

    for patch in (cheaper, cheaper, dearer, cheaper):
        await shelves.catalog.patch(seller(), "mug", patch)

    (_, *changes) = await told(shelves)
    found = [msgspec.convert(data, dict[str, Product])["product"] for _, data in changes]
    assert [kind for kind, _ in changes] == ["product.changed"] * 3
    assert [product.skus[0].price for product in found] == [999, 1999, 999]
    assert {product.skus[0].left for product in found} == {7}


async def test_stock_that_a_seller_changes_is_told_once_a_key(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug(7))

    async def adjust(key: str, add: int | None, set_to: int | None = None) -> None:
        await shelves.stock.adjust(seller(), "mug-blue", add=add, set_to=set_to, key=key)

    await adjust("delivery-1", 5)
    await adjust("delivery-1", 5)
    await adjust("broken-1", -2)
    await adjust("counted-1", None, 10)
    await adjust("counted-2", None, 4)

    (_, *changes) = await told(shelves)
    assert changes == [
        ("stock.changed", {"stock": {"sku": "mug-blue", "delta": 5, "left": 12}}),
        ("stock.changed", {"stock": {"sku": "mug-blue", "delta": -2, "left": 10}}),
        ("stock.changed", {"stock": {"sku": "mug-blue", "delta": -6, "left": 4}}),
    ]
