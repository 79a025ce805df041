"""Buyers of one moment: what the book does for all of them at once, it does for each."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from base.errors import Outage, SoldOut
from checkout import reservation
from checkout.checkout import Checkout
from checkout.reservation import SURE_S
from shop.rebuild import rebuild
from store.sql.book import Book
from tests.integration.checkout.dying import DyingBook, InterruptedBook, InterruptedHolds
from tests.integration.checkout.market import Market, Node, buyer

FAR_MS = 10**13
NAMES = [f"buyer-{number}" for number in range(8)]


class NotingBook(DyingBook):
    """A book that notes what it is asked."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.asked: list[str] = []

    async def write(self, op: Callable[..., Any], *args: Any) -> Any:
        self.asked.append(op.__name__)
        return await super().write(op, *args)

    async def read(self, op: Callable[..., Any], *args: Any) -> Any:
        self.asked.append(op.__name__)
        return await super().read(op, *args)


@pytest.fixture
async def noting(market: Market) -> NotingBook:
    book = NotingBook(market.book)
    await market.replace_node(book=book)
    # Prices are remembered from here on: all are priced in one turn of the loop.
    await market.node.parts.catalog.facts(["mug-blue", "mug-red"])
    book.asked.clear()
    return book


async def all_buy(node: Node, names: list[str], sku: str = "mug-blue") -> list[Any]:
    buying = (node.purchases.buy(buyer(who), sku, 1, "key-0001", "demo") for who in names)
    return await asyncio.gather(*buying, return_exceptions=True)


def reserved(answers: list[Any]) -> int:
    return sum(isinstance(one, Checkout) and one.state == "reserved" for one in answers)


def sold_out(answers: list[Any]) -> int:
    return sum(isinstance(one, SoldOut) for one in answers)


async def test_checkouts_of_one_moment_enter_the_book_together(
    market: Market, noting: NotingBook
) -> None:
    await market.put("cup", 100, shop="cups")

    answers = await all_buy(market.node, NAMES, "cup")

    assert reserved(answers) == len(NAMES)
    assert ("enter_all" in noting.asked) is noting.shares_commits
    assert await market.units("cup", "cups") == (100 - len(NAMES), len(NAMES), 0)
    assert await market.off() == []


async def test_repeats_of_one_moment_each_find_their_own(
    market: Market, noting: NotingBook
) -> None:
    await market.put("cup", 100, shop="cups")
    answers = await all_buy(market.node, NAMES, "cup")

    again = await all_buy(market.node, NAMES, "cup")

    assert again == answers
    assert await market.units("cup", "cups") == (100 - len(NAMES), len(NAMES), 0)
    assert await market.off() == []


async def test_who_changes_their_mind_keeps_nobody_else_out(
    market: Market, noting: NotingBook
) -> None:
    await market.put("cup", 100, shop="cups")
    before = await market.buy("mug-blue", key="key-0000", who=NAMES[3])

    answers = await all_buy(market.node, NAMES, "cup")

    assert reserved(answers) == len(NAMES)
    assert (await market.get(before, NAMES[3])).state == "cancelled"
    assert ("enter" in noting.asked) is True
    assert await market.units("cup", "cups") == (100 - len(NAMES), len(NAMES), 0)
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_the_book_has_the_last_word_for_each_of_a_crowd(
    market: Market, noting: NotingBook
) -> None:
    await market.give_gate_units(10)

    answers = await all_buy(market.node, NAMES)

    assert (reserved(answers), sold_out(answers)) == (5, len(NAMES) - 5)
    if noting.shares_commits:
        assert "enter_all" in noting.asked
    await market.node.sweeper.sweep()
    assert await market.units() == (0, 5, 0)
    assert await market.off() == []


async def test_whole_carts_enter_together_with_all_their_lines(
    market: Market, noting: NotingBook
) -> None:
    await market.put("cup", 100, shop="cups")
    await market.put("pot", 100, shop="pots")
    for who in NAMES:
        for sku in ("cup", "pot"):
            await market.node.parts.carts.add(who, sku, 2)
    await market.node.parts.catalog.facts(["cup", "pot"])

    opening = (market.node.purchases.open(buyer(who), "key-0001", None, "demo") for who in NAMES)
    answers = await asyncio.gather(*opening)

    assert reserved(answers) == len(NAMES)
    assert [len(one.lines) for one in answers] == [2] * len(NAMES)
    assert ("enter_all" in noting.asked) is noting.shares_commits
    assert await market.units("pot", "pots") == (84, 16, 0)
    assert await market.off() == []


async def test_losers_are_looked_up_together_and_the_winner_finds_what_is_theirs(
    market: Market, noting: NotingBook
) -> None:
    (won,) = await all_buy(market.node, NAMES[:1])
    await all_buy(market.node, [f"early-{number}" for number in range(4)])
    await market.replace_node(book=noting)
    await market.node.parts.catalog.facts(["mug-blue"])
    noting.asked.clear()

    answers = await all_buy(market.node, NAMES)

    assert answers[0].id == won.id
    assert sold_out(answers) == len(NAMES) - 1
    assert noting.asked.count("known") < len(NAMES)
    assert noting.asked.count("look") <= 1
    assert await market.off() == []


@pytest.mark.parametrize("who", ["otto", "vera"])
async def test_who_is_refused_leaves_nothing_to_the_collector(market: Market, who: str) -> None:
    await market.buy("mug-blue", qty=5)

    async def refused(key: str) -> str:
        try:
            await market.buy("mug-blue", qty=9, key=key, who=who)
        except SoldOut as error:
            return error.code
        return ""

    await refused("key-0002")
    gc.collect()
    gc.disable()
    try:
        gc.set_debug(gc.DEBUG_SAVEALL)
        assert await refused("key-0003") == "sold_out"
        await asyncio.sleep(0)
        gc.collect()
        left = {type(thing).__name__ for thing in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()

    assert not left & {"Flight", "SoldOut"}


async def test_alone_only_a_late_claim_looks_at_its_hold_again(market: Market) -> None:
    async def lose_it() -> None:
        await asyncio.sleep(2 * SURE_S)
        ((shop, checkout),) = await market.node.parts.holds.due(FAR_MS, 10)
        await market.node.parts.holds.settle(checkout, shop, "forgotten")

    book = InterruptedBook(market.book, "enter", lose_it)
    await market.replace_node(book=book, scripts=None)

    assert (await market.buy()).state == "reserved"

    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_a_hold_that_was_lost_while_nobody_could_look_is_found_missing_later(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reservation, "LATER_S", 0.01)

    class Away(InterruptedHolds):
        is_away = True

        async def are_held(self, places: Sequence[tuple[str, str]]) -> list[bool]:
            ((checkout, shop),) = places
            await self.settle(checkout, shop, "forgotten")
            return [False]

        async def is_held(self, checkout: str, shop: str) -> bool:
            if self.is_away:
                self.is_away = False
                raise Outage
            return await super().is_held(checkout, shop)

    node = await market.start_node(holds=Away(market.scripts, market.clock))

    checkout = await node.purchases.buy(buyer(), "mug-blue", 2, "key-0001", "demo")
    assert checkout.state == "reserved"
    await node.parts.tasks.close(5)

    with pytest.raises(Outage):
        await market.buy(who="otto")
    await rebuild(market.book, market.scripts)
    assert await market.units() == (3, 2, 0)
    assert await market.off() == []
