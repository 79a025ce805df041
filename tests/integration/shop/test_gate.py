"""shop/gate.py: a Redis that lost writes is noticed, closed, and filled from the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.gate import Gate, close_gate
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.rows import Connection, select, update
from store.sql.upkeep_tables import gates
from tests.selling import SHOP, Shelves, counters

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis

AS_BOOKED = {"total": 10, "avail": 10, "held": 0, "sold": 0, "pv": 1}


@pytest.fixture
async def shelves(book: Book, scripts: Scripts, clock: StoppedClock) -> Shelves:
    """Ten mugs, at the gate as in the book."""
    await rebuild(book, scripts)
    shelves = Shelves(book, scripts, clock)
    await shelves.put("mug", 10)
    return shelves


async def forget_three(scripts: Scripts) -> None:
    await scripts.command("HINCRBY", keys.stock(SHOP, "mug"), "avail", -3)


def gate_of(shelves: Shelves, *, is_durable: bool = False) -> Gate:
    return Gate(shelves.book, shelves.scripts, shelves.clock, is_durable=is_durable)


def _trusted(conn: Connection) -> list[str]:
    return list(conn.execute(select(gates.c.incarnation)).scalars())


def _trust_another(conn: Connection) -> None:
    conn.execute(update(gates).values(incarnation="one-that-is-gone"))


async def test_the_first_redis_ever_is_trusted_as_it_is(shelves: Shelves) -> None:
    await forget_three(shelves.scripts)

    await gate_of(shelves).restore()

    assert (await counters(shelves.scripts, "mug"))["avail"] == 7
    assert await shelves.book.read(_trusted) == [await shelves.scripts.incarnation()]


async def test_another_redis_is_filled_from_the_book_once(shelves: Shelves) -> None:
    await gate_of(shelves).restore()
    await shelves.book.write(_trust_another)
    await forget_three(shelves.scripts)
    gate = gate_of(shelves)

    await gate.restore()

    assert await counters(shelves.scripts, "mug") == AS_BOOKED
    assert await shelves.book.read(_trusted) == [await shelves.scripts.incarnation()]
    await forget_three(shelves.scripts)
    await gate.restore()
    await gate_of(shelves).restore()
    assert (await counters(shelves.scripts, "mug"))["avail"] == 7


async def test_who_dies_before_it_is_filled_leaves_it_to_the_next(shelves: Shelves) -> None:
    await gate_of(shelves).restore()
    await shelves.book.write(_trust_another)
    await forget_three(shelves.scripts)
    await close_gate(shelves.scripts)

    await gate_of(shelves).restore()

    assert await counters(shelves.scripts, "mug") == AS_BOOKED


@pytest.mark.parametrize("is_durable", [False, True])
async def test_a_sequence_that_goes_back_is_a_loss(shelves: Shelves, is_durable: bool) -> None:
    gate = gate_of(shelves, is_durable=is_durable)
    await gate.restore()
    await forget_three(shelves.scripts)
    await shelves.scripts.command("DECR", keys.stock_sequence(SHOP))

    await gate.restore()

    assert await counters(shelves.scripts, "mug") == AS_BOOKED


async def test_a_durable_redis_may_restart(shelves: Shelves) -> None:
    await gate_of(shelves).restore()
    await shelves.book.write(_trust_another)
    await forget_three(shelves.scripts)

    await gate_of(shelves, is_durable=True).restore()

    assert (await counters(shelves.scripts, "mug"))["avail"] == 7
