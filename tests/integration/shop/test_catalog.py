"""The catalog: listed by sellers, read by everybody, price versions that only rise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from base.errors import Conflict, Forbidden, Invalid, NotFound
from shop.facts import FACTS_TTL_S
from shop.product import NewProduct, NewSku, PatchProduct
from store.redis import keys
from store.sql.rows import Connection, select
from store.sql.tables import outbox
from tests.selling import (
    ADMIN,
    SHOP,
    VIEWER,
    Shelves,
    colour,
    counters,
    mug,
    open_gate,
    seller,
)

if TYPE_CHECKING:
    from base.identity import Actor
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@pytest.fixture
async def shelves(book: Book, scripts: Scripts, clock: StoppedClock) -> Shelves:
    await open_gate(scripts)
    return Shelves(book, scripts, clock)


def _told(conn: Connection) -> list[dict[str, str]]:
    query = select(outbox.c.payload).where(outbox.c.kind == "product").order_by(outbox.c.id)
    return list(conn.execute(query).scalars())


async def test_a_new_product_is_listed_with_none_left(shelves: Shelves) -> None:
    made = await shelves.catalog.create(seller(), mug(colour("blue"), colour("red", price=2400)))

    assert made == await shelves.catalog.get("mug")
    assert (made.id, made.shop, made.title, made.images) == ("mug", SHOP, "Mug", ())
    assert [(sku.id, sku.price, sku.left) for sku in made.skus] == [
        ("mug-blue", 1999, 0),
        ("mug-red", 2400, 0),
    ]
    assert (await counters(shelves.scripts, "mug-red"))["pv"] == 1


async def test_a_product_without_ids_gets_them(shelves: Shelves) -> None:
    sku = NewSku(title="One", price=1, currency="USD")

    made = await shelves.catalog.create(seller(), NewProduct(title="Mug", skus=[sku]))

    assert made.id.startswith("prd_")
    assert made.skus[0].id.startswith("sku_")
    assert await shelves.catalog.get(made.id) == made


async def test_a_product_shows_the_units_left(shelves: Shelves) -> None:
    await shelves.put("tote", 7)

    assert (await shelves.catalog.get("tote")).skus[0].left == 7


async def test_what_is_listed_and_changed_is_told_to_the_shows(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug())
    await shelves.catalog.patch(seller(), "mug", PatchProduct(title="Big mug"))

    assert await shelves.book.read(_told) == [{"product": "mug", "shop": SHOP}] * 2
    assert shelves.outbox.count == 2


@pytest.mark.parametrize("again", [mug(colour("red")), mug(colour("blue"), product="cup")])
async def test_a_taken_id_is_a_conflict_and_lists_nothing(
    shelves: Shelves, again: NewProduct
) -> None:
    await shelves.catalog.create(seller(), mug())

    with pytest.raises(Conflict):
        await shelves.catalog.create(seller(), again)

    assert [product.id for product in (await shelves.catalog.list(None, 10))[0]] == ["mug"]
    assert await shelves.catalog.facts(["mug-red"]) == {}


@pytest.mark.parametrize("actor", [VIEWER, seller("bob")])
async def test_only_the_shops_seller_lists_and_changes(shelves: Shelves, actor: Actor) -> None:
    new = msgspec.structs.replace(mug(), shop=SHOP)
    with pytest.raises(Forbidden):
        await shelves.catalog.create(actor, new)

    await shelves.catalog.create(ADMIN, new)

    with pytest.raises(Forbidden):
        await shelves.catalog.patch(actor, "mug", PatchProduct(title="Mine"))
    assert (await shelves.catalog.get("mug")).title == "Mug"


async def test_a_viewer_without_a_shop_lists_nothing(shelves: Shelves) -> None:
    with pytest.raises(Forbidden):
        await shelves.catalog.create(VIEWER, mug())


async def test_an_admin_names_the_shop(shelves: Shelves) -> None:
    with pytest.raises(Invalid):
        await shelves.catalog.create(ADMIN, mug())


async def test_a_patch_changes_what_it_names(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug(colour("blue"), colour("red")))

    patch = PatchProduct(images=["/a.svg"], skus=[colour("red", price=2500), colour("green")])
    patched = await shelves.catalog.patch(seller(), "mug", patch)

    assert patched == await shelves.catalog.get("mug")
    assert (patched.title, patched.images) == ("Mug", ("/a.svg",))
    assert [(sku.id, sku.price) for sku in patched.skus] == [
        ("mug-blue", 1999),
        ("mug-red", 2500),
        ("mug-green", 1999),
    ]


async def test_a_new_price_has_a_new_version_at_the_gate(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug(colour("blue"), colour("red")))

    patch = PatchProduct(skus=[colour("blue"), colour("red", price=2500)])
    await shelves.catalog.patch(seller(), "mug", patch)

    facts = await shelves.catalog.facts(["mug-blue", "mug-red"])
    assert (facts["mug-blue"].pv, facts["mug-red"].pv) == (1, 2)
    assert (await counters(shelves.scripts, "mug-red"))["pv"] == 2


async def test_prices_changed_at_once_have_versions_of_their_own(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug())

    await asyncio.gather(
        *(
            shelves.catalog.patch(
                seller(), "mug", PatchProduct(skus=[colour("blue", price=3000 + n)])
            )
            for n in range(8)
        )
    )

    assert (await shelves.catalog.facts(["mug-blue"]))["mug-blue"].pv == 9
    assert (await counters(shelves.scripts, "mug-blue"))["pv"] == 9


async def test_a_sku_of_another_product_is_a_conflict(shelves: Shelves) -> None:
    await shelves.put("tote", 0)
    await shelves.catalog.create(seller(), mug())

    theirs = NewSku(id="tote", title="Mine", price=1, currency="USD")
    with pytest.raises(Conflict):
        await shelves.catalog.patch(seller(), "mug", PatchProduct(skus=[theirs]))

    assert (await shelves.catalog.get("tote")).skus[0].price == 1999


async def test_an_unknown_product_is_not_found(shelves: Shelves) -> None:
    with pytest.raises(NotFound):
        await shelves.catalog.get("ghost")
    with pytest.raises(NotFound):
        await shelves.catalog.patch(seller(), "ghost", PatchProduct(title="Boo"))


async def test_pages_follow_each_other_without_gap_or_repeat(shelves: Shelves) -> None:
    for number in range(5):
        await shelves.put(f"p{number}", number, shop="bob" if number == 2 else SHOP)

    first, cursor = await shelves.catalog.list(None, 2)
    second, after = await shelves.catalog.list(cursor, 2)
    last, end = await shelves.catalog.list(after, 2)
    bobs, _ = await shelves.catalog.list(None, 100, "bob")

    assert [p.id for p in [*first, *second, *last]] == ["p0", "p1", "p2", "p3", "p4"]
    assert end is None
    assert [(p.id, p.skus[0].left) for p in bobs] == [("p2", 2)]


async def test_a_full_last_page_has_no_cursor(shelves: Shelves) -> None:
    await shelves.put("p0", 0)
    await shelves.put("p1", 0)

    assert (await shelves.catalog.list(None, 2))[1] is None


async def test_a_bag_gets_the_product_cut_for_sockets(shelves: Shelves) -> None:
    new = NewProduct(
        id="mug",
        title="Mug",
        description="a" * 900,
        images=["/1.svg", "/" + "x" * 600, "/2.svg", "/3.svg", "/4.svg"],
        skus=[colour("blue")],
    )
    await shelves.catalog.create(seller(), new)

    product = await shelves.catalog.for_bag("mug")

    assert len(product.description) == 500
    assert product.images == ("/1.svg", "/2.svg", "/3.svg")


async def test_a_lines_title_names_the_sku_only_where_there_are_several(shelves: Shelves) -> None:
    await shelves.put("tote", 0)
    await shelves.catalog.create(seller(), mug(colour("blue"), colour("red")))

    facts = await shelves.catalog.facts(["tote", "mug-red", "ghost"])

    assert {sku: fact.title for sku, fact in facts.items()} == {
        "tote": "Tote",
        "mug-red": "Mug · Red",
    }
    assert (facts["mug-red"].product, facts["mug-red"].shop) == ("mug", SHOP)


async def test_facts_are_remembered_until_they_are_stale_or_forgotten(shelves: Shelves) -> None:
    await shelves.catalog.create(seller(), mug())
    await shelves.catalog.facts(["mug-blue"])
    elsewhere = Shelves(shelves.book, shelves.scripts, shelves.clock)
    await elsewhere.catalog.patch(seller(), "mug", PatchProduct(skus=[colour("blue", price=2500)]))

    async def price() -> int:
        return (await shelves.catalog.facts(["mug-blue"]))["mug-blue"].price

    assert await price() == 1999
    shelves.catalog.forget("mug")
    assert await price() == 2500

    await elsewhere.catalog.patch(seller(), "mug", PatchProduct(skus=[colour("blue", price=2600)]))
    assert await price() == 2500
    shelves.clock.advance(int(FACTS_TTL_S * 1000))
    assert await price() == 2600


async def test_a_crash_before_the_gate_heard_of_a_sku_shows_none_left(shelves: Shelves) -> None:
    await shelves.put("tote", 3)
    await shelves.scripts.command("DEL", keys.stock(SHOP, "tote"))

    assert (await shelves.catalog.get("tote")).skus[0].left == 0
