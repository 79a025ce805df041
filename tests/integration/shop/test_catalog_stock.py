"""A product comes with its first stock, once, and goes back as it was read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from base.errors import Conflict, Forbidden, Invalid, NotFound, Outage
from shop.product import NewProduct, PatchProduct, PatchSku, Product
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.rows import Connection, func, select
from store.sql.tables import outbox, products, stock, stock_adjustments
from tests.selling import ADMIN, SHOP, Shelves, counters, open_gate, seller, stream

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis

LONG = "m" * 64


@pytest.fixture
async def shelves(book: Book, scripts: Scripts, clock: StoppedClock) -> Shelves:
    await open_gate(scripts)
    return Shelves(book, scripts, clock)


def new(**left: int) -> NewProduct:
    """A mug in each colour that is named, with so many of it."""
    skus = [
        {"id": f"mug-{name}", "title": name, "price": 1999, "currency": "USD", "left": units}
        for name, units in left.items()
    ]
    return msgspec.convert({"id": "mug", "title": "Mug", "skus": skus}, NewProduct)


def sent_back(product: Product, **changes: Any) -> PatchProduct:
    fields = msgspec.to_builtins(product) | changes
    return msgspec.convert(fields, PatchProduct)


def red(left: int) -> PatchProduct:
    return PatchProduct(skus=[red_sku(left)])


def red_sku(left: int) -> PatchSku:
    return PatchSku(id="mug-red", title="Red", price=2100, currency="USD", left=left)


def _totals(conn: Connection) -> dict[str, int]:
    return {row.sku: row.total for row in conn.execute(select(stock))}


def _pending(conn: Connection) -> int:
    query = select(func.count()).select_from(stock_adjustments)
    return int(conn.execute(query.where(stock_adjustments.c.left.is_(None))).scalar_one())


def _version_and_news(conn: Connection) -> tuple[int, int]:
    version = conn.execute(select(products.c.version)).scalar_one()
    return version, conn.execute(select(func.count()).select_from(outbox)).scalar_one()


def left(product: Product) -> dict[str, int]:
    return {sku.id: sku.left for sku in product.skus}


async def test_a_new_product_comes_with_its_first_stock(shelves: Shelves) -> None:
    made = await shelves.catalog.create(seller(), new(blue=5, red=0))

    assert left(made) == {"mug-blue": 5, "mug-red": 0}
    assert made == await shelves.catalog.get("mug")
    assert await shelves.book.read(_totals) == {"mug-blue": 5, "mug-red": 0}
    assert (await counters(shelves.scripts, "mug-blue"))["total"] == 5
    assert [told for _, told in await stream(shelves.scripts)] == [{"mug-blue": "5"}]
    assert await shelves.book.read(_pending) == 0


async def test_the_longest_id_and_the_most_units_fit(shelves: Shelves) -> None:
    sku = {"id": LONG, "title": "M", "price": 1, "currency": "USD", "left": 1_000_000_000}
    body = {"id": LONG, "shop": SHOP, "title": "M", "skus": [sku]}

    made = await shelves.catalog.create(ADMIN, msgspec.convert(body, NewProduct))

    assert left(made) == {LONG: 1_000_000_000}


async def test_a_repeat_is_a_conflict_and_adds_no_units(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), new(blue=5))
    with pytest.raises(Conflict):
        await shelves.catalog.create(seller(), new(blue=5))

    assert left(await shelves.catalog.get("mug")) == {"mug-blue": 5}
    assert await shelves.book.read(_totals) == {"mug-blue": 5}


async def test_of_creations_at_once_one_is_stocked(shelves: Shelves) -> None:
    results = await asyncio.gather(
        *(shelves.catalog.create(seller(), new(blue=5)) for _ in range(6)), return_exceptions=True
    )

    assert sum(isinstance(result, Product) for result in results) == 1
    assert left(await shelves.catalog.get("mug")) == {"mug-blue": 5}


@pytest.mark.parametrize("lost", [False, True])
async def test_first_stock_that_the_gate_did_not_hear_of_follows(
    shelves: Shelves, lost: bool
) -> None:
    await shelves.scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))
    with pytest.raises(Outage):
        await shelves.catalog.create(seller(), new(blue=5, red=2))
    assert await shelves.book.read(_pending) == 2

    if lost:
        await rebuild(shelves.book, shelves.scripts, calm_s=0.01)
    await open_gate(shelves.scripts)
    await asyncio.gather(*(shelves.stock.finish_pending() for _ in range(3)))

    assert left(await shelves.catalog.get("mug")) == {"mug-blue": 5, "mug-red": 2}
    assert await shelves.book.read(_pending) == 0


@pytest.mark.parametrize("units", [-1, 1_000_000_001, 1.5, None])
def test_a_first_stock_beyond_its_bounds_is_invalid(units: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        new(blue=units)


async def test_a_product_sent_back_as_it_was_read_changes_nothing(shelves: Shelves) -> None:
    made = await shelves.catalog.create(seller(), new(blue=5, red=2))
    before = await shelves.book.read(_version_and_news)

    assert await shelves.catalog.patch(seller(), "mug", sent_back(made)) == made

    assert await shelves.book.read(_version_and_news) == before
    assert await shelves.book.read(_totals) == {"mug-blue": 5, "mug-red": 2}
    assert len(await stream(shelves.scripts)) == 2


async def test_units_that_have_moved_since_they_were_read_are_told(shelves: Shelves) -> None:
    made = await shelves.catalog.create(seller(), new(blue=5))
    await shelves.stock.adjust(seller(), "mug-blue", add=-2, set_to=None, key="broken-two")

    with pytest.raises(Invalid, match="3 left of mug-blue now"):
        await shelves.catalog.patch(seller(), "mug", sent_back(made, title="Cup"))

    now = await shelves.catalog.get("mug")
    assert (now.title, left(now)) == ("Mug", {"mug-blue": 3})


async def test_a_sku_that_a_patch_adds_comes_with_its_first_stock(shelves: Shelves) -> None:
    made = await shelves.catalog.create(seller(), new(blue=5))
    nameless = PatchSku(title="Green", price=2100, currency="USD", left=4)
    patch = PatchProduct(skus=[PatchSku(id="mug-blue", left=5), red_sku(3), nameless])

    patched = await shelves.catalog.patch(seller(), "mug", patch)

    assert [sku.left for sku in patched.skus] == [5, 3, 4]
    assert patched.skus[0] == made.skus[0]
    assert await shelves.catalog.patch(seller(), "mug", sent_back(patched)) == patched
    with pytest.raises(Invalid):
        await shelves.catalog.patch(seller(), "mug", red(4))


async def test_patches_at_once_add_a_sku_and_its_stock_once(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), new(blue=5))

    await asyncio.gather(
        *(shelves.catalog.patch(seller(), "mug", red(3)) for _ in range(6)),
        return_exceptions=True,
    )

    assert left(await shelves.catalog.get("mug")) == {"mug-blue": 5, "mug-red": 3}


async def test_only_the_seller_hears_what_is_left_in_a_refusal(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), new(blue=5))

    with pytest.raises(Forbidden):
        await shelves.catalog.patch(seller("bob"), "mug", red(4))
    with pytest.raises(NotFound):
        await shelves.catalog.patch(seller(), "ghost", red(4))
