"""Cancelling: who may, until when, what comes back, and what happens side by side."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from base.errors import Conflict, Invalid, NotFound, YellowcartError
from checkout.checkout import Failure
from checkout.order import Order
from checkout.order_terms import OrderTerms
from checkout.payments.provider import Declined, NotSent
from store.sql.rows import Connection, select
from store.sql.tables import refunds
from tests.integration.checkout.after import (
    PRICE,
    bought,
    bought_both,
    cancel,
    given_back,
    heard,
    on_terms,
    order_of,
    refund,
    ship,
    some,
)
from tests.integration.checkout.dying import DyingBook, Killed
from tests.integration.checkout.market import Market, buyer
from tests.integration.checkout.test_refunds_carried_out import unwell
from tests.selling import ADMIN, seller

REFUSAL = Declined(Failure(code="refund_refused", message="No."))
HOUR_MS = 3_600_000
HOLDING = OrderTerms(free_cancel_ms=HOUR_MS)


def reasons(conn: Connection) -> list[str | None]:
    return list(conn.execute(select(refunds.c.reason)).scalars())


@pytest.mark.parametrize("actor", [buyer(), seller(), ADMIN], ids=["buyer", "shop", "admin"])
async def test_a_paid_order_is_cancelled_refunded_and_back_on_sale(
    market: Market, actor: Any
) -> None:
    order = await bought(market, 3)
    market.node.told.told.clear()

    after = await cancel(market, order, actor=actor, reason="Ordered twice.")

    assert (after.state, after.refunded_total) == ("cancelled", 3 * PRICE)
    assert await given_back(market) == 3 * PRICE
    assert await market.book.read(reasons) == ["Ordered twice."]
    assert {(viewer, name) for viewer, name, _ in market.node.told.told} == {("vera", "order")}
    assert market.node.told.told[-1][2] == after
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_cancelling_again_answers_what_there_is(market: Market) -> None:
    order = await bought(market)
    first = await cancel(market, order)

    again = await asyncio.gather(*(cancel(market, order) for _ in range(10)))

    assert {one.state for one in again} == {first.state}
    assert await cancel(market, order, actor=seller()) == first
    assert await given_back(market) == 3 * PRICE
    assert await market.off() == []


async def test_strangers_find_nothing(market: Market) -> None:
    order = await bought(market)

    for stranger in (buyer("otto"), seller("bob")):
        with pytest.raises(NotFound):
            await cancel(market, order, actor=stranger)


async def test_units_are_cancelled_and_the_same_lines_are_a_repeat(market: Market) -> None:
    order = await bought_both(market)

    for _ in range(2):
        after = await cancel(market, order, lines=some(mug_blue=1))
        assert (after.state, after.refunded_total) == ("awaiting_shipment", PRICE)
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []
    with pytest.raises(Conflict, match="Of mug-blue 1 can still be cancelled"):
        await cancel(market, order, lines=some(mug_blue=2))

    rest = await cancel(market, order, lines=some(mug_blue=1, pot=1))
    assert (rest.state, rest.refunded_total) == ("cancelled", 2 * PRICE + 500)
    assert await market.units() == (5, 0, 0)
    assert await market.units("pot") == (5, 0, 0)
    assert await market.off() == []


async def test_cancelling_gives_back_what_was_not_given_back_before(market: Market) -> None:
    order = await bought_both(market)
    await refund(market, order, lines=some(pot=1))
    await refund(market, order, key="refund-2", amount=3000)

    partly = await cancel(market, order, lines=some(mug_blue=1))
    assert partly.refunded_total == 500 + 3000 + 998
    after = await cancel(market, order)

    assert (after.state, after.refunded_total) == ("cancelled", 2 * PRICE + 500)
    assert await given_back(market) == 2 * PRICE + 500
    assert await market.units("pot") == (5, 0, 0)
    assert await market.off() == []


async def test_what_cost_nothing_is_cancelled_without_a_refund(market: Market) -> None:
    await market.put("sample", 2, price=0)
    paid = await market.pay(await market.buy("sample"))
    order = await order_of(market, paid.orders[0])

    with pytest.raises(Conflict, match="Nothing was paid for this order"):
        await refund(market, order)
    after = await cancel(market, order)

    assert (after.state, after.refunded_total) == ("cancelled", 0)
    assert await market.units("sample") == (2, 0, 0)
    assert await market.off() == []


async def test_a_refund_under_way_does_not_keep_an_order_from_being_cancelled(
    market: Market,
) -> None:
    order = await bought(market)
    provider = await unwell(market, ill=NotSent())

    after = await cancel(market, order)

    assert (after.state, after.refunded_total) == ("cancelled", 0)
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []
    provider.ill = None
    assert (await cancel(market, order)).refunded_total == 3 * PRICE
    assert await market.off() == []


async def test_a_cancelled_order_whose_money_the_provider_keeps_is_a_break(
    market: Market,
) -> None:
    order = await bought(market)
    provider = await unwell(market, ill=REFUSAL)

    after = await cancel(market, order)

    assert (after.state, after.refunded_total) == ("cancelled", 0)
    assert await market.off() == ["orders"]
    provider.ill = None
    assert (await refund(market, order)).amount == 3 * PRICE
    assert await market.off() == []


@pytest.mark.parametrize("moment", [{"after": "cancel"}, {"before": "note_succeeded"}], ids=str)
async def test_killed_between_two_steps_another_process_finishes_it(
    market: Market, moment: dict[str, str]
) -> None:
    order = await bought(market)
    market.node = await market.start_node(book=DyingBook(market.book, **moment))
    with pytest.raises(Killed):
        await cancel(market, order)
    await market.replace_node()

    await market.node.sweeper.recover()

    after = await order_of(market, order.id)
    assert (after.state, after.refunded_total) == ("cancelled", 3 * PRICE)
    assert await given_back(market) == 3 * PRICE
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_only_what_is_not_sent_is_cancelled(market: Market) -> None:
    order = await bought(market, 3)
    await ship(market, order, lines=some(mug_blue=1))

    with pytest.raises(Conflict, match="Of mug-blue 2 can still"):
        await cancel(market, order, lines=some(mug_blue=3))
    after = await cancel(market, order)

    assert (after.state, after.refunded_total) == ("in_transit", 2 * PRICE)
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def test_what_waits_for_its_carrier_only_the_shop_cancels(market: Market) -> None:
    order = await bought(market)
    await ship(market, order, "awaiting_collection")

    with pytest.raises(Conflict, match="ask the shop"):
        await cancel(market, order)

    assert (await cancel(market, order, actor=seller())).state == "cancelled"
    assert await market.off() == []


@pytest.mark.parametrize("status", ["in_transit", "delivered"])
async def test_what_was_sent_is_refunded_instead(market: Market, status: str) -> None:
    order = await bought(market)
    await ship(market, order, status)

    for actor in (buyer(), seller()):
        with pytest.raises(Conflict, match="refund"):
            await cancel(market, order, actor=actor)


async def test_of_a_cancel_and_a_shipment_at_once_one_wins(market: Market) -> None:
    orders = [await bought(market, 1, who=f"buyer-{number}") for number in range(5)]

    async def race(order: Order) -> list[str]:
        who = buyer(order_buyers[order.id])
        outcomes = await asyncio.gather(
            cancel(market, order, actor=who), ship(market, order), return_exceptions=True
        )
        return ["refused" if isinstance(one, YellowcartError) else "done" for one in outcomes]

    order_buyers = {order.id: f"buyer-{number}" for number, order in enumerate(orders)}
    outcomes = await asyncio.gather(*(race(order) for order in orders))

    assert all(sorted(one) == ["done", "refused"] for one in outcomes)
    for order, (cancelled, _) in zip(orders, outcomes, strict=True):
        state = (await order_of(market, order.id)).state
        assert state == ("cancelled" if cancelled == "done" else "in_transit")
    assert await market.off() == []


async def test_of_two_cancels_of_other_units_at_once_no_unit_goes_back_twice(
    market: Market,
) -> None:
    order = await bought(market, 3)
    asked = [some(mug_blue=qty) for qty in (1, 2, 3)] * 3

    await asyncio.gather(
        *(cancel(market, order, lines=lines) for lines in asked), return_exceptions=True
    )
    await cancel(market, order)

    assert await given_back(market) == 3 * PRICE
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_on_hold_the_buyer_cancels_freely(market: Market) -> None:
    await on_terms(market, OrderTerms(free_cancel_ms=HOUR_MS, asks_shop=True))
    order = await bought(market)
    assert order.state == "on_hold"

    assert (await cancel(market, order)).state == "cancelled"
    assert await market.off() == []


async def test_on_hold_the_shop_sees_no_address_and_sends_nothing(market: Market) -> None:
    await on_terms(market, HOLDING)
    order = await bought(market)
    orders = market.node.orders

    for seen in (
        await orders.get(seller(), order.id),
        (await orders.list(seller(), None, 1))[0][0],
        await cancel(market, order, actor=seller(), lines=some(mug_blue=1)),
    ):
        assert (seen.ship_to.line1, seen.ship_to.name, seen.ship_to.country) == (
            "***",
            "***",
            "NO",
        )
    assert (await orders.get(buyer(), order.id)).ship_to.line1 == "1 Yellow Lane"
    assert (await orders.get(ADMIN, order.id)).ship_to.line1 == "1 Yellow Lane"
    with pytest.raises(Conflict, match="may still cancel") as refused:
        await ship(market, order)
    assert refused.value.data == {"until": market.clock.now_ms() + HOUR_MS}


async def test_when_the_hold_is_over_the_sweeper_hands_it_to_the_shop(market: Market) -> None:
    await on_terms(market, HOLDING)
    order = await bought(market)
    market.clock.advance(HOUR_MS - 1)
    await market.node.sweeper.sweep()
    assert (await order_of(market, order.id)).state == "on_hold"
    market.node.told.told.clear()

    market.clock.advance(1)
    await market.node.sweeper.sweep()

    assert [order.state for order in heard(market)] == ["awaiting_shipment"]
    assert (await market.node.orders.get(seller(), order.id)).ship_to.line1 == "1 Yellow Lane"
    assert (await ship(market, order)).state == "in_transit"


async def test_a_sku_of_another_order_cannot_be_cancelled(market: Market) -> None:
    order = await bought(market)

    with pytest.raises(Invalid, match="no hat"):
        await cancel(market, order, lines=some(hat=1))
