"""Prices are read once for everybody who asks at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

import pytest

from shop import facts as module
from shop.facts import FACTS_TTL_S, FactsCache
from shop.listing import Listing
from shop.shelf import add_listing
from tests.selling import colour, mug

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.sql.book import Book
    from store.sql.rows import Connection
    from tests.clock import StoppedClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CountingBook:
    """The book, counting its readings; a reading can be made to wait."""

    def __init__(self, book: Book) -> None:
        self.write = book.write
        self.close = book.close
        self.shares_commits = book.shares_commits
        self._book = book
        self.readings = 0
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        self.readings += 1
        self.asked.set()
        result = await self._book.read(op, *args)
        await self.gate.wait()
        return result


@pytest.fixture
async def counting(book: Book) -> CountingBook:
    listing = Listing.of(mug(colour("blue"), colour("red"), colour("green")), "ada")
    await book.write(add_listing, listing, 1)
    return CountingBook(book)


async def test_a_thousand_buyers_of_a_stale_sku_are_one_reading(
    counting: CountingBook, clock: StoppedClock
) -> None:
    cache = FactsCache(counting, clock)

    found = await asyncio.gather(*(cache.get(["mug-blue"]) for _ in range(1000)))

    assert counting.readings == 1
    assert all(facts["mug-blue"].title == "Mug · Blue" for facts in found)


async def test_only_what_is_missing_or_stale_is_read(
    counting: CountingBook, clock: StoppedClock
) -> None:
    cache = FactsCache(counting, clock)
    await cache.get(["mug-blue"])
    await cache.get(["mug-blue"])
    assert counting.readings == 1

    assert set(await cache.get(["mug-blue", "mug-red", "ghost"])) == {"mug-blue", "mug-red"}
    assert counting.readings == 2

    clock.advance(int(FACTS_TTL_S * 1000))
    await cache.get(["mug-blue"])
    assert counting.readings == 3


async def test_what_was_forgotten_while_it_was_read_is_not_kept(
    counting: CountingBook, clock: StoppedClock
) -> None:
    cache = FactsCache(counting, clock)
    counting.gate.clear()
    reading = asyncio.create_task(cache.get(["mug-blue"]))
    await counting.asked.wait()

    cache.forget("mug")
    counting.gate.set()
    assert "mug-blue" in await reading

    await cache.get(["mug-blue"])
    assert counting.readings == 2


async def test_the_oldest_entries_give_way(
    counting: CountingBook, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FACTS", 2)
    cache = FactsCache(counting, clock)
    for sku in ("mug-blue", "mug-red", "mug-green"):
        await cache.get([sku])

    await cache.get(["mug-red", "mug-green"])
    assert counting.readings == 3
    await cache.get(["mug-blue"])
    assert counting.readings == 4
