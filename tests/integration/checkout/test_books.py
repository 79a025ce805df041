"""The same purchases on every kind of book: its operations travel, and it may be PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from base.errors import InProgress, KeyReused, PaymentDeclined, SoldOut
from checkout.cancels import CancelWish
from tests.books import POSTGRES, opened_book
from tests.integration.checkout.after import (
    bought,
    cancel,
    given_back,
    order_of,
    refund,
    ship,
    some,
)
from tests.integration.checkout.market import Market, buyer, opened
from tests.selling import seller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock


@pytest.fixture(params=["remote", POSTGRES])
async def far_book(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Book]:
    async with opened_book(request.param, request, tmp_path) as book:
        yield book


@pytest.fixture
async def market(
    tmp_path: Path, far_book: Book, scripts: Scripts, clock: StoppedClock
) -> AsyncIterator[Market]:
    async with opened(Market(far_book, scripts, clock), tmp_path) as market:
        await market.put("mug-blue", 5)
        yield market


async def test_a_purchase_with_every_turn(market: Market) -> None:
    checkout = await market.buy(qty=2)
    with pytest.raises(KeyReused):
        await market.buy(qty=3)
    with pytest.raises(SoldOut):
        await market.buy(qty=4, who="otto")
    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "tok_declined")
    pending = await market.pay(checkout, "tok_3ds")
    with pytest.raises(InProgress):
        await market.buy(key="key-0002")
    await market.press(pending, 0)

    paid = await market.becomes(checkout, "paid")

    assert (await market.node.orders.list(buyer(), None, 1))[0][0].id == paid.orders[0]
    assert await market.units() == (3, 0, 2)
    assert await market.off() == []


async def test_cancelled_and_expired(market: Market) -> None:
    first = await market.buy()
    await market.buy(key="key-0002")
    assert (await market.get(first)).state == "cancelled"

    market.clock.advance(300_000)
    await market.node.sweeper.sweep()

    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_after_the_payment(market: Market) -> None:
    other = await market.start_node()
    order = await bought(market, 3)
    await ship(market, order, lines=some(mug_blue=1), tracking="DHL-1")

    here = refund(market, order, lines=some(mug_blue=1))
    there = other.purchases.aftercare.cancel(buyer(), order.id, CancelWish())
    await asyncio.gather(here, there)
    await asyncio.gather(*(cancel(market, order) for _ in range(5)))

    after = await order_of(market, order.id)
    assert (after.state, after.refunded_total) == ("in_transit", after.total)
    assert await given_back(market) == after.total
    assert await market.units() == (4, 0, 1)
    assert len(await market.node.orders.ledger(seller(), order.id)) >= 4
    assert await market.off() == []


async def test_a_small_stampede_on_two_processes(market: Market) -> None:
    other = await market.start_node()

    async def shop(number: int) -> str:
        who = f"buyer-{number:02d}"
        try:
            here, there = await asyncio.gather(
                market.buy(who=who),
                other.purchases.buy(buyer(who), "mug-blue", 1, "key-0001", "demo"),
            )
        except SoldOut:
            return "sold_out"
        assert here == there
        return (await market.pay(here, who=who)).state

    outcomes = await asyncio.gather(*(shop(number) for number in range(20)))

    assert outcomes.count("paid") == 5
    assert len(await market.charges()) == 5
    assert await market.units() == (0, 0, 5)
    assert await market.off() == []


async def test_many_keys_of_one_viewer_on_two_processes_leave_one_open(market: Market) -> None:
    other = await market.start_node()

    async def click(number: int) -> None:
        node = (market.node, other)[number % 2]
        await node.purchases.buy(buyer(), "mug-blue", 1, f"key-{number:04d}", "demo")

    await asyncio.gather(*(click(number) for number in range(8)), return_exceptions=True)

    assert await market.units() == (4, 1, 0)
    assert await market.off() == []
