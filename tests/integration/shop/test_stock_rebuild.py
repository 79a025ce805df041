"""stock_rebuild.lua and its caller: a gate that lost its data is filled from the book."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

import msgspec
import pytest

from base.errors import Outage
from cart.holds import Holds, HoldState, Wanted
from shop.adjustment import Wish, begin_adjustment
from shop.rebuild import rebuild
from shop.stock import complete
from store.redis import keys
from store.sql.rows import Connection, insert, select, update
from store.sql.tables import checkouts, claims
from store.sql.tables import stock as stock_table
from tests.selling import SHOP, Shelves, counters, seller, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

DEADLINE = 1_790_000_420_000


@pytest.fixture
async def shelves(book: Book, scripts: Scripts, clock: StoppedClock) -> Shelves:
    """Ten mugs and three totes: two mugs and a tote held, four mugs sold."""
    await rebuild(book, scripts)
    shelves = Shelves(book, scripts, clock)
    await shelves.put("mug", 10)
    await shelves.put("tote", 3)
    await book.write(_claim, "co_open", "open", {"mug": 2, "tote": 1})
    await book.write(_claim, "co_paid", "sold", {"mug": 4})
    await book.write(_claim, "co_left", "released", {"mug": 3})
    return shelves


def _claim(conn: Connection, checkout: str, state: str, lines: dict[str, int]) -> None:
    sums = dict.fromkeys(("subtotal", "shipping", "discount", "tax", "total"), 0)
    row = {
        "id": checkout, "version": 1, "viewer": checkout, "viewer_name": "Vera",
        "fingerprint": "f" * 64, "whole_cart": False, "state": "reserved", "currency": "USD",
        "open": state == "open", "lines": [], "pay_by": DEADLINE, "hold_until": DEADLINE,
        "created_at": 1,
    }  # fmt: skip
    conn.execute(insert(checkouts).values(**row, **sums))
    for sku, qty in lines.items():
        claim = {"checkout": checkout, "sku": sku, "shop": SHOP, "qty": qty, "state": state}
        conn.execute(insert(claims).values(**claim))
        if state != "released":
            raised = update(stock_table).where(stock_table.c.sku == sku)
            conn.execute(raised.values(claimed=stock_table.c.claimed + qty))


async def lose_everything(shelves: Shelves) -> None:
    await shelves.scripts.command("FLUSHALL")


async def again(shelves: Shelves) -> int:
    return await rebuild(shelves.book, shelves.scripts, calm_s=0.01)


async def test_an_empty_installation_opens_every_shard(book: Book, scripts: Scripts) -> None:
    assert await rebuild(book, scripts) == 64
    assert await rebuild(book, scripts) == 0


async def test_counters_follow_from_the_claims_of_the_book(shelves: Shelves) -> None:
    await lose_everything(shelves)

    assert await again(shelves) == 64

    assert await counters(shelves.scripts, "mug") == {
        "total": 10, "avail": 4, "held": 2, "sold": 4, "pv": 1
    }  # fmt: skip
    assert await counters(shelves.scripts, "tote") == {
        "total": 3, "avail": 2, "held": 1, "sold": 0, "pv": 1
    }  # fmt: skip


async def test_open_checkouts_have_their_holds_back(shelves: Shelves) -> None:
    await lose_everything(shelves)
    await again(shelves)
    holds = Holds(shelves.scripts, shelves.clock)

    repeat = await holds.hold(
        "co_open", SHOP, [Wanted(sku="mug", qty=2, pv=1)],
        fingerprint="f" * 64, deadline_ms=DEADLINE,
    )  # fmt: skip

    assert repeat is HoldState.HELD
    assert await holds.due(DEADLINE, 10) == [(SHOP, "co_open")]
    assert await holds.settle("co_open", SHOP, "sold")
    assert (await counters(shelves.scripts, "mug"))["sold"] == 6
    assert (await counters(shelves.scripts, "tote"))["sold"] == 1


async def test_what_was_sold_before_the_loss_is_not_sold_again(shelves: Shelves) -> None:
    await lose_everything(shelves)
    await again(shelves)

    settled = await Holds(shelves.scripts, shelves.clock).settle("co_paid", SHOP, "sold")

    assert not settled
    assert (await counters(shelves.scripts, "mug"))["sold"] == 4


async def test_nothing_is_sold_before_the_gate_is_filled(shelves: Shelves) -> None:
    await lose_everything(shelves)
    holds = Holds(shelves.scripts, shelves.clock)

    with pytest.raises(Outage):
        await holds.hold(
            "co_new", SHOP, [Wanted(sku="mug", qty=1, pv=1)], fingerprint="f",
            deadline_ms=DEADLINE,
        )  # fmt: skip
    with pytest.raises(Outage):
        await holds.settle("co_open", SHOP, "released")


async def test_holds_that_the_book_does_not_know_are_dropped(shelves: Shelves) -> None:
    holds = Holds(shelves.scripts, shelves.clock)
    await holds.hold(
        "co_orphan", SHOP, [Wanted(sku="mug", qty=1, pv=1)], fingerprint="f", deadline_ms=DEADLINE
    )
    await shelves.scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    assert await again(shelves) == 1

    assert (await counters(shelves.scripts, "mug"))["avail"] == 4
    assert await holds.due(DEADLINE, 10) == [(SHOP, "co_open")]
    assert not await shelves.scripts.command("EXISTS", keys.hold(SHOP, "co_orphan"))


async def test_a_second_rebuild_leaves_an_open_shard_alone(shelves: Shelves) -> None:
    await lose_everything(shelves)

    filled = await asyncio.gather(again(shelves), again(shelves))

    assert sum(filled) == 64
    await shelves.scripts.command("HSET", keys.stock(SHOP, "mug"), "pv", 7)
    await again(shelves)
    assert (await counters(shelves.scripts, "mug"))["pv"] == 7


async def test_followers_of_the_stream_keep_their_place(shelves: Shelves) -> None:
    last = (await stream(shelves.scripts))[-1][0]
    before = int(last.partition("-")[0])
    await lose_everything(shelves)
    await again(shelves)

    told = await stream(shelves.scripts)

    assert all(int(ident.partition("-")[0]) > before for ident, _ in told)
    assert [lefts for _, lefts in told] == [{"mug": "4"}, {"tote": "2"}]


@pytest.mark.parametrize(("units", "total"), [(5, 15), (-2, 8)])
async def test_an_adjustment_that_was_under_way_counts_once(
    shelves: Shelves, units: int, total: int
) -> None:
    wish = Wish(shop=SHOP, key="key-0001", sku="mug", kind="add", units=units)
    await shelves.book.write(begin_adjustment, wish, 1)
    await lose_everything(shelves)
    await again(shelves)

    sku = await shelves.stock.adjust(seller(), "mug", add=units, set_to=None, key="key-0001")

    assert sku.left == 4 + units
    assert (await counters(shelves.scripts, "mug"))["total"] == total
    assert await shelves.book.read(_total) == total


@pytest.mark.parametrize("units", [5, -2])
async def test_an_adjustment_that_only_the_gate_knew_counts_once(
    shelves: Shelves, units: int
) -> None:
    wish = Wish(shop=SHOP, key="key-0001", sku="mug", kind="add", units=units)
    made = await shelves.book.write(begin_adjustment, wish, 1)
    # The gate has it, and then loses all but this record, as after a failover.
    record = keys.adjustment(SHOP, "key-0001", made.at)
    await shelves.scripts.command("SET", record, f"{units} {6 + units}")
    await shelves.scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))
    await again(shelves)

    await shelves.stock.finish_pending()

    assert (await counters(shelves.scripts, "mug"))["total"] == 10 + units
    assert await shelves.book.read(_total) == 10 + units


class OvertakenBook:
    """Once it was looked at, another process completes what waits, and Redis loses everything."""

    def __init__(self, shelves: Shelves) -> None:
        self.write = shelves.book.write
        self.close = shelves.book.close
        self.shares_commits = shelves.book.shares_commits
        self._shelves = shelves

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        result = await self._shelves.book.read(op, *args)
        await self._shelves.stock.finish_pending()
        await lose_everything(self._shelves)
        await again(self._shelves)
        return result


@pytest.mark.parametrize("units", [5, -2])
async def test_an_adjustment_that_others_completed_before_the_loss_counts_once(
    shelves: Shelves, units: int
) -> None:
    wish = Wish(shop=SHOP, key="key-0001", sku="mug", kind="add", units=units)
    made = await shelves.book.write(begin_adjustment, wish, 1)

    with pytest.raises(Outage):
        await complete(OvertakenBook(shelves), shelves.scripts, made)

    assert (await counters(shelves.scripts, "mug"))["total"] == 10 + units
    # It was done, whoever asks now.
    assert await complete(shelves.book, shelves.scripts, made) == 10 + units
    assert (await counters(shelves.scripts, "mug"))["total"] == 10 + units
    assert await shelves.book.read(_total) == 10 + units


class MovingBook:
    """A book in which a buyer claims a mug after each of the first readings."""

    def __init__(self, book: Book, claims: int) -> None:
        self.write = book.write
        self.close = book.close
        self.shares_commits = book.shares_commits
        self._book = book
        self._claims = claims

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        result = await self._book.read(op, *args)
        if self._claims:
            self._claims -= 1
            await self._book.write(_claim, f"co_late{self._claims}", "open", {"mug": 1})
        return result


async def test_a_book_that_is_still_moving_is_read_again(shelves: Shelves) -> None:
    await lose_everything(shelves)

    await rebuild(MovingBook(shelves.book, 3), shelves.scripts, calm_s=0.01)

    assert (await counters(shelves.scripts, "mug"))["held"] == 2 + 3


async def test_thousands_of_skus_are_filled_by_one_script(scripts: Scripts) -> None:
    skus = [[f"sku-{n}", "5", "1", "1", "3", "1"] for n in range(9000)]
    shop = int(keys.shard(SHOP))
    book = msgspec.json.encode({"stock": skus, "holds": [], "gone": 0, "applied": [], "undone": 0})
    places = [keys.shop_ready(shop), keys.shard_sequence(shop), keys.shard_stream(shop)]
    places += [keys.shard_deadlines(shop), *(keys.stock(SHOP, sku[0]) for sku in skus)]

    assert await scripts.call("stock_rebuild", places, [book, 1000]) == b"rebuilt"
    assert await scripts.call("stock_rebuild", places, [book, 1000]) == b"open"

    assert (await counters(scripts, "sku-8999"))["avail"] == 3


def _total(conn: Connection) -> int:
    query = select(stock_table.c.total).where(stock_table.c.sku == "mug")
    return int(conn.execute(query).scalar_one())
