"""Carts: lines, limits, versions, and a guest who becomes somebody."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from base.errors import Conflict, Invalid, Limit, NotFound
from cart.cart import Cart
from cart.carts import Carts
from cart.parcels import Parcels
from shop.product import PatchProduct
from store.redis import keys
from tests.selling import Recorder, Shelves, colour, mug, open_gate, seller

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@dataclass
class Shop:
    shelves: Shelves
    carts: Carts
    announcer: Recorder


@pytest.fixture
async def shop(book: Book, scripts: Scripts, clock: StoppedClock) -> Shop:
    """Mugs in two colours, a tote of another shop, and a poster for euros."""
    await open_gate(scripts)
    shelves = Shelves(book, scripts, clock)
    await shelves.catalog.create(seller(), mug(colour("blue"), colour("red", price=2500)))
    await shelves.put("tote", 0, shop="bob", price=3200)
    await shelves.put("poster", 0, currency="EUR")
    announcer = Recorder()
    return Shop(shelves, Carts(scripts, shelves.catalog, announcer, clock), announcer)


def units(cart: Cart) -> dict[str, int]:
    return {line.sku: line.qty for line in cart.lines}


EMPTY = Cart(version=0, currency="", lines=(), total=0, count=0)


async def test_a_new_viewers_cart_is_empty(shop: Shop) -> None:
    assert await shop.carts.get("vera") == EMPTY


async def test_lines_have_titles_and_totals(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-red", 2)

    cart = await shop.carts.add("vera", "tote", 1)

    assert cart == await shop.carts.get("vera")
    assert (cart.version, cart.currency, cart.total, cart.count) == (2, "USD", 8200, 3)
    assert [
        (line.sku, line.product, line.shop, line.title, line.unit_price, line.line_total)
        for line in cart.lines
    ] == [
        ("mug-red", "mug", "ada", "Mug · Red", 2500, 5000),
        ("tote", "tote", "bob", "Tote", 3200, 3200),
    ]


async def test_add_adds_and_set_sets(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 2)
    await shop.carts.add("vera", "mug-blue", 3)
    assert units(await shop.carts.get("vera")) == {"mug-blue": 5}

    assert units(await shop.carts.set("vera", "mug-blue", 4)) == {"mug-blue": 4}


async def test_set_to_the_same_changes_and_tells_nothing(shop: Shop) -> None:
    first = await shop.carts.set("vera", "mug-blue", 4)

    assert await shop.carts.set("vera", "mug-blue", 4) == first
    assert shop.announcer.told == [("vera", "cart", first)]


async def test_zero_takes_a_line_out_and_the_version_still_rises(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 4)

    cart = await shop.carts.set("vera", "mug-blue", 0)

    assert cart == Cart(version=2, currency="", lines=(), total=0, count=0)
    assert (await shop.carts.set("vera", "mug-red", 0)).version == 2


async def test_clear_empties_once(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 4)
    await shop.carts.add("vera", "tote", 1)

    cleared = await shop.carts.clear("vera")

    assert cleared == Cart(version=3, currency="", lines=(), total=0, count=0)
    assert await shop.carts.clear("vera") == cleared
    assert len(shop.announcer.told) == 3


async def test_an_emptied_cart_takes_another_currency(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 1)
    with pytest.raises(Conflict):
        await shop.carts.add("vera", "poster", 1)
    await shop.carts.clear("vera")

    assert (await shop.carts.add("vera", "poster", 1)).currency == "EUR"


async def test_an_unknown_sku_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await shop.carts.add("vera", "ghost", 1)
    with pytest.raises(NotFound):
        await shop.carts.set("vera", "ghost", 0)


async def test_a_line_has_at_most_999_units(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 998)
    with pytest.raises(Limit) as refused:
        await shop.carts.add("vera", "mug-blue", 2)

    assert refused.value.data == {"limit": 999}
    assert units(await shop.carts.add("vera", "mug-blue", 1)) == {"mug-blue": 999}


async def test_a_cart_has_at_most_fifty_lines(shop: Shop) -> None:
    many = [colour(f"c{number}") for number in range(51)]
    await shop.shelves.catalog.create(seller(), mug(*many, product="rainbow"))
    for number in range(50):
        await shop.carts.add("vera", f"mug-c{number}", 1)

    with pytest.raises(Limit) as refused:
        await shop.carts.add("vera", "mug-c50", 1)

    assert refused.value.data == {"limit": 50}
    assert len((await shop.carts.add("vera", "mug-c7", 1)).lines) == 50


@pytest.mark.parametrize("qty", [0, -1, 1000])
async def test_a_quantity_beyond_its_bounds_is_invalid(shop: Shop, qty: int) -> None:
    with pytest.raises(Invalid):
        await shop.carts.add("vera", "mug-blue", qty)


async def test_a_price_that_changes_changes_in_the_cart(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 2)

    patch = PatchProduct(skus=[colour("blue", price=100)])
    await shop.shelves.catalog.patch(seller(), "mug", patch)

    assert (await shop.carts.get("vera")).total == 200


async def test_a_line_whose_sku_vanished_is_left_out(shop: Shop, scripts: Scripts) -> None:
    await shop.carts.add("vera", "mug-blue", 2)
    await scripts.command("HSET", keys.cart("vera"), "ghost", 3)

    cart = await shop.carts.get("vera")

    assert (units(cart), cart.count) == ({"mug-blue": 2}, 2)


async def test_clicks_at_once_all_count(shop: Shop) -> None:
    await asyncio.gather(*(shop.carts.add("vera", "mug-blue", 1) for _ in range(30)))

    cart = await shop.carts.get("vera")
    assert (units(cart), cart.version) == ({"mug-blue": 30}, 30)


async def test_a_cart_lives_thirty_days_from_its_last_change(shop: Shop, scripts: Scripts) -> None:
    await shop.carts.add("vera", "mug-blue", 1)
    await scripts.command("PEXPIRE", keys.cart("vera"), 1000)

    await shop.carts.add("vera", "mug-blue", 1)

    days = await scripts.command("PTTL", keys.cart("vera")) / (24 * 3600 * 1000)
    assert 29.9 < days <= 30


async def test_what_was_bought_leaves_the_cart_once(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 3)
    await shop.carts.add("vera", "tote", 1)
    lines = [("mug-blue", 2), ("tote", 1), ("mug-red", 5)]

    await shop.carts.bought("vera", "co_1", lines)
    cart = await shop.carts.bought("vera", "co_1", lines)

    assert (units(cart), cart.version) == ({"mug-blue": 1}, 3)
    assert len(shop.announcer.told) == 3


async def test_a_cart_that_was_bought_whole_is_empty(shop: Shop) -> None:
    await shop.carts.add("vera", "mug-blue", 3)

    cart = await shop.carts.bought("vera", "co_1", [("mug-blue", 3)])

    assert cart == Cart(version=2, currency="", lines=(), total=0, count=0)
    assert (await shop.carts.add("vera", "poster", 1)).currency == "EUR"


async def test_a_guests_lines_move_into_the_account(shop: Shop) -> None:
    await shop.carts.add("guest_1", "mug-blue", 998)
    await shop.carts.add("guest_1", "tote", 1)
    await shop.carts.add("vera", "mug-blue", 2)

    cart = await shop.carts.merge("guest_1", "vera")

    assert units(cart) == {"mug-blue": 999, "tote": 1}
    assert cart.version == 2
    assert shop.announcer.told[-1] == ("vera", "cart", cart)
    guest = await shop.carts.get("guest_1")
    assert (guest.lines, guest.version) == ((), 3)
    assert shop.announcer.told[-2] == ("guest_1", "cart", guest)


async def test_merging_twice_changes_nothing(shop: Shop) -> None:
    await shop.carts.add("guest_1", "mug-blue", 2)

    first = await shop.carts.merge("guest_1", "vera")

    told = len(shop.announcer.told)

    assert await shop.carts.merge("guest_1", "vera") == first
    assert await shop.carts.merge("vera", "vera") == first
    assert len(shop.announcer.told) == told


async def test_merges_at_once_put_every_unit_in_once(shop: Shop, clock: StoppedClock) -> None:
    await shop.carts.add("guest_1", "mug-blue", 2)

    await asyncio.gather(*(shop.carts.merge("guest_1", "vera") for _ in range(5)))
    assert units(await shop.carts.get("vera")) == {"mug-blue": 2}

    clock.advance(1)
    await shop.carts.add("guest_1", "mug-blue", 1)
    assert units(await shop.carts.merge("guest_1", "vera")) == {"mug-blue": 3}


async def test_lines_of_another_currency_are_dropped(shop: Shop) -> None:
    await shop.carts.add("guest_1", "poster", 2)
    await shop.carts.add("vera", "mug-blue", 1)

    cart = await shop.carts.merge("guest_1", "vera")

    assert units(cart) == {"mug-blue": 1}
    assert (await shop.carts.get("guest_1")).lines == ()


async def test_lines_beyond_fifty_are_dropped(shop: Shop) -> None:
    many = [colour(f"c{number}") for number in range(50)]
    await shop.shelves.catalog.create(seller(), mug(*many, product="rainbow"))
    for number in range(49):
        await shop.carts.add("vera", f"mug-c{number}", 1)
    for sku in ("mug-c48", "mug-c49", "tote"):
        await shop.carts.add("guest_1", sku, 1)

    cart = await shop.carts.merge("guest_1", "vera")

    assert len(cart.lines) == 50
    assert (units(cart)["mug-c48"], units(cart)["mug-c49"]) == (2, 1)


@pytest.mark.parametrize("brought", [False, True])
async def test_a_merge_that_was_cut_short_is_completed_by_the_next(
    shop: Shop, scripts: Scripts, clock: StoppedClock, brought: bool
) -> None:
    await shop.carts.add("guest_1", "mug-blue", 2)
    parcels = Parcels(scripts, clock)
    parcel = await parcels.take("guest_1", "vera", arrived="")
    assert parcel is not None
    if brought:
        await parcels.bring(parcel)
    clock.advance(1)
    await shop.carts.add("guest_1", "mug-red", 1)

    # On the same device somebody else signs in: what was Vera's stays hers.
    await shop.carts.merge("guest_1", "otto")

    assert units(await shop.carts.get("vera")) == {"mug-blue": 2}
    assert units(await shop.carts.get("otto")) == {"mug-red": 1}
    assert not await scripts.command("EXISTS", keys.cart_parcel("guest_1"))
