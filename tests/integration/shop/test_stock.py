"""Stock adjustments over book and gate: once per key, whole after any crash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

import pytest

from base.errors import Conflict, Forbidden, Invalid, KeyReused, Limit, NotFound, Outage
from shop.adjustment import (
    Wish,
    begin_adjustment,
    complete_adjustment,
    pending_adjustments,
    refuse_adjustment,
)
from shop.stock import Stock
from store.redis import keys
from store.sql.rows import Connection, select
from store.sql.tables import stock as stock_table
from tests.selling import ADMIN, SHOP, Shelves, counters, open_gate, seller

if TYPE_CHECKING:
    from collections.abc import Callable

    from shop.product import Sku
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@pytest.fixture
async def shelves(book: Book, scripts: Scripts, clock: StoppedClock) -> Shelves:
    """Five mugs."""
    await open_gate(scripts)
    shelves = Shelves(book, scripts, clock)
    await shelves.put("mug", 5)
    return shelves


async def adjust(
    shelves: Shelves, *, add: int | None = None, set_to: int | None = None, key: str = "key-0001"
) -> Sku:
    return await shelves.stock.adjust(seller(), "mug", add=add, set_to=set_to, key=key)


def _total(conn: Connection, sku: str) -> int:
    query = select(stock_table.c.total).where(stock_table.c.sku == sku)
    return int(conn.execute(query).scalar_one())


async def totals(shelves: Shelves, sku: str = "mug") -> tuple[int, int, int]:
    """The book's total, the gate's total, and the units left."""
    gate = await counters(shelves.scripts, sku)
    return await shelves.book.read(_total, sku), gate["total"], gate["avail"]


async def test_units_added_are_left_in_gate_and_book(shelves: Shelves) -> None:
    sku = await adjust(shelves, add=3)

    assert (sku.id, sku.left, sku.price) == ("mug", 8, 1999)
    assert await totals(shelves) == (8, 8, 8)


async def test_units_are_taken_away(shelves: Shelves) -> None:
    assert (await adjust(shelves, add=-5)).left == 0
    assert await totals(shelves) == (0, 0, 0)


@pytest.mark.parametrize("left", [0, 2, 5, 9])
async def test_set_sets_the_units_left(shelves: Shelves, left: int) -> None:
    assert (await adjust(shelves, set_to=left)).left == left
    assert await totals(shelves) == (left, left, left)


async def test_a35_set_below_what_is_being_bought_right_now_leaves_that_many(
    shelves: Shelves,
) -> None:
    # Two units are held at the gate and not yet claimed in the book.
    await shelves.scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "avail", -2)
    await shelves.scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "held", 2)

    assert (await adjust(shelves, set_to=1)).left == 1
    assert await totals(shelves) == (3, 3, 1)


async def test_the_same_key_adjusts_once_and_answers_the_same(shelves: Shelves) -> None:
    await adjust(shelves, add=3)
    await adjust(shelves, add=-1, key="key-0002")

    assert (await adjust(shelves, add=3)).left == 8
    assert await totals(shelves) == (7, 7, 7)


async def test_twenty_clicks_with_one_key_adjust_once(shelves: Shelves) -> None:
    answers = await asyncio.gather(*(adjust(shelves, add=3) for _ in range(20)))

    assert {sku.left for sku in answers} == {8}
    assert await totals(shelves) == (8, 8, 8)


async def test_sets_at_once_do_not_add_up(shelves: Shelves) -> None:
    await asyncio.gather(*(adjust(shelves, set_to=9, key=f"key-000{n}") for n in range(8)))

    assert await totals(shelves) == (9, 9, 9)


async def test_a_key_stands_for_one_adjustment(shelves: Shelves) -> None:
    await adjust(shelves, add=3)

    with pytest.raises(KeyReused):
        await adjust(shelves, add=4)
    with pytest.raises(KeyReused):
        await adjust(shelves, set_to=3)
    assert await totals(shelves) == (8, 8, 8)


async def test_a_key_of_one_shop_is_free_in_another(shelves: Shelves) -> None:
    await shelves.put("tote", 0, shop="bob")
    await adjust(shelves, add=3)

    tote = await shelves.stock.adjust(seller("bob"), "tote", add=4, set_to=None, key="key-0001")

    assert tote.left == 4


async def test_more_than_is_left_is_a_conflict_and_frees_the_key(shelves: Shelves) -> None:
    with pytest.raises(Conflict):
        await adjust(shelves, add=-6)

    assert await totals(shelves) == (5, 5, 5)
    assert (await adjust(shelves, add=-4)).left == 1


async def test_what_the_gate_refuses_is_a_conflict_and_frees_the_key(shelves: Shelves) -> None:
    # Held at the gate, not yet claimed in the book: only the gate can refuse it.
    await shelves.scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "avail", -2)
    await shelves.scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "held", 2)

    with pytest.raises(Conflict):
        await adjust(shelves, add=-4)
    assert await totals(shelves) == (5, 5, 3)
    # The very same key and body, in the same millisecond, once the hold is gone.
    await shelves.scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "avail", 2)
    await shelves.scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "held", -2)
    assert (await adjust(shelves, add=-4)).left == 1
    assert await totals(shelves) == (1, 1, 1)


async def test_a_billion_is_the_most(shelves: Shelves) -> None:
    with pytest.raises(Limit) as refused:
        await adjust(shelves, add=1_000_000_001)
    assert refused.value.data == {"limit": 1_000_000_000}
    with pytest.raises(Limit):
        await adjust(shelves, add=1_000_000_000)

    assert (await adjust(shelves, set_to=1_000_000_000)).left == 1_000_000_000


@pytest.mark.parametrize(("add", "set_to"), [(None, None), (1, 1), (None, -1)])
async def test_either_add_or_set_is_given(
    shelves: Shelves, add: int | None, set_to: int | None
) -> None:
    with pytest.raises(Invalid):
        await adjust(shelves, add=add, set_to=set_to)


async def test_only_the_shops_seller_and_an_admin_adjust(shelves: Shelves) -> None:
    with pytest.raises(Forbidden):
        await shelves.stock.adjust(seller("bob"), "mug", add=1, set_to=None, key="key-0001")

    sku = await shelves.stock.adjust(ADMIN, "mug", add=1, set_to=None, key="key-0001")
    assert sku.left == 6


async def test_an_unknown_sku_is_not_found(shelves: Shelves) -> None:
    with pytest.raises(NotFound):
        await shelves.stock.adjust(seller(), "ghost", add=1, set_to=None, key="key-0001")


@pytest.mark.parametrize("units", [3, -3])
async def test_a_crash_before_the_gate_is_finished_later(shelves: Shelves, units: int) -> None:
    wish = Wish(shop=SHOP, key="key-0001", sku="mug", kind="add", units=units)
    await shelves.book.write(begin_adjustment, wish, shelves.clock.now_ms())

    await shelves.stock.finish_pending()
    await shelves.stock.finish_pending()

    assert await totals(shelves) == (5 + units, 5 + units, 5 + units)
    assert (await adjust(shelves, add=units)).left == 5 + units


class ForgetfulBook:
    """A book that is lost whenever an adjustment is to be completed."""

    def __init__(self, book: Book) -> None:
        self.read = book.read
        self.close = book.close
        self._book = book

    @property
    def shares_commits(self) -> bool:
        return False

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        if op.__name__ == complete_adjustment.__name__:
            raise Outage
        return await self._book.write(op, *args)


@pytest.mark.parametrize(("units", "booked"), [(3, 8), (-3, 5)])
async def test_a_crash_after_the_gate_is_finished_once(
    shelves: Shelves, units: int, booked: int
) -> None:
    dying = Stock(ForgetfulBook(shelves.book), shelves.scripts, shelves.clock)
    with pytest.raises(Outage):
        await dying.adjust(seller(), "mug", add=units, set_to=None, key="key-0001")
    assert await totals(shelves) == (booked, 5 + units, 5 + units)

    await asyncio.gather(*(shelves.stock.finish_pending() for _ in range(5)))

    assert await totals(shelves) == (5 + units, 5 + units, 5 + units)
    assert (await adjust(shelves, add=units)).left == 5 + units


async def test_a_refused_adjustment_is_no_longer_pending(shelves: Shelves) -> None:
    wish = Wish(shop=SHOP, key="key-0001", sku="mug", kind="add", units=-5)
    await shelves.book.write(begin_adjustment, wish, shelves.clock.now_ms())
    await adjust(shelves, add=-1, key="key-0002")

    await shelves.stock.finish_pending()

    assert await shelves.book.read(pending_adjustments, 10) == []
    assert await totals(shelves) == (4, 4, 4)


async def test_who_finishes_late_does_not_touch_the_next_adjustment_of_the_key(
    shelves: Shelves,
) -> None:
    wish = Wish(shop=SHOP, key="key-0001", sku="mug", kind="add", units=-5)
    first = await shelves.book.write(begin_adjustment, wish, 1)
    await shelves.book.write(refuse_adjustment, first)
    second = await shelves.book.write(begin_adjustment, wish, 1)

    await shelves.book.write(refuse_adjustment, first)
    await shelves.book.write(complete_adjustment, first, -5, 0)

    assert await shelves.book.read(pending_adjustments, 10) == [second]
    assert await totals(shelves) == (5, 5, 5)


async def test_a_closed_gate_is_an_outage_and_the_adjustment_waits(shelves: Shelves) -> None:
    ready = keys.shop_ready(int(keys.shard(SHOP)))
    await shelves.scripts.command("DEL", ready)
    with pytest.raises(Outage):
        await adjust(shelves, add=3)

    await shelves.scripts.command("SET", ready, "1")

    assert (await adjust(shelves, add=3)).left == 8
    assert await totals(shelves) == (8, 8, 8)


async def test_a_sku_whose_counters_were_never_made_gets_them(shelves: Shelves) -> None:
    await shelves.put("tote", 0)
    await shelves.scripts.command("DEL", keys.stock(SHOP, "tote"))

    sku = await shelves.stock.adjust(seller(), "tote", add=2, set_to=None, key="key-0001")

    assert sku.left == 2


async def test_left_and_read_tell_what_can_be_held(shelves: Shelves) -> None:
    await shelves.put("tote", 0)

    assert await shelves.stock.left(SHOP, ["mug", "tote", "ghost"]) == {"mug": 5, "tote": 0}
    sequence, left = await shelves.stock.read(SHOP, ["mug"])
    assert (sequence, left) == (1, {"mug": 5})
