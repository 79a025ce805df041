"""Shops that want to be asked before an order is cancelled: yes, no, no answer, and too late."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from base.errors import Conflict, Forbidden
from checkout.order_terms import OrderTerms
from tests.integration.checkout.after import (
    PRICE,
    bought,
    bought_both,
    cancel,
    given_back,
    on_terms,
    order_of,
    refund,
    ship,
    some,
)
from tests.integration.checkout.market import Market
from tests.selling import seller

DAY_MS = 24 * 3_600_000
ASKING = OrderTerms(asks_shop=True)


async def test_a_shop_that_wants_to_be_asked_grants(market: Market) -> None:
    await on_terms(market, ASKING)
    order = await bought(market, 3)

    for _ in range(2):
        asked = await cancel(market, order, lines=some(mug_blue=2), reason="Too many.")
        assert asked.state == "awaiting_shipment"
        assert asked.cancel_request is not UNSET
        assert asked.cancel_request.reason == "Too many."
        assert asked.cancel_request.lines == some(mug_blue=2)
        assert asked.cancel_request.answer_by == market.clock.now_ms() + DAY_MS
    with pytest.raises(Conflict, match="other units"):
        await cancel(market, order)

    granted = await cancel(market, order, actor=seller())

    assert (granted.refunded_total, granted.cancel_request) == (2 * PRICE, UNSET)
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def test_a_shop_that_wants_to_be_asked_declines(market: Market) -> None:
    await on_terms(market, ASKING)
    order = await bought(market)
    await cancel(market, order)

    with pytest.raises(Forbidden):
        await cancel(market, order, decline=True)
    for _ in range(2):
        declined = await cancel(market, order, actor=seller(), decline=True)
        assert (declined.state, declined.cancel_request) == ("awaiting_shipment", UNSET)

    market.clock.advance(DAY_MS)
    await market.node.sweeper.sweep()
    assert (await order_of(market, order.id)).state == "awaiting_shipment"
    assert await given_back(market) == 0


async def test_without_an_answer_the_sweeper_grants(market: Market) -> None:
    await on_terms(market, ASKING)
    order = await bought(market)
    await cancel(market, order)
    market.clock.advance(DAY_MS - 1)
    await market.node.sweeper.sweep()
    assert (await order_of(market, order.id)).state == "awaiting_shipment"

    market.clock.advance(1)
    await market.node.sweeper.sweep()

    after = await order_of(market, order.id)
    assert (after.state, after.refunded_total) == ("cancelled", 3 * PRICE)
    assert await market.off() == []


async def test_sending_it_is_a_no(market: Market) -> None:
    await on_terms(market, ASKING)
    order = await bought(market)
    await cancel(market, order)

    sent = await ship(market, order)

    assert (sent.state, sent.cancel_request) == ("in_transit", UNSET)
    market.clock.advance(DAY_MS)
    await market.node.sweeper.sweep()
    assert await given_back(market) == 0


async def test_a_request_that_was_met_otherwise_is_dropped(market: Market) -> None:
    await on_terms(market, ASKING)
    order = await bought_both(market)
    await cancel(market, order, lines=some(pot=1))
    await refund(market, order, lines=some(pot=1), restock=True)

    market.clock.advance(DAY_MS)
    await market.node.sweeper.sweep()

    after = await order_of(market, order.id)
    assert (after.refunded_total, after.cancel_request) == (500, UNSET)
    assert await market.off() == []


@pytest.mark.parametrize("met", [1, 2], ids=["in part", "whole"])
async def test_what_was_met_otherwise_is_not_granted_of_other_units(
    market: Market, met: int
) -> None:
    """Two of three were asked for and given back: the sweeper took the third as well."""
    await on_terms(market, ASKING)
    order = await bought(market, 3)
    await cancel(market, order, lines=some(mug_blue=2))

    await refund(market, order, lines=some(mug_blue=met), restock=True)

    asked = (await order_of(market, order.id)).cancel_request
    assert (UNSET if asked is UNSET else asked.lines) == (
        UNSET if met == 2 else some(mug_blue=2 - met)
    )
    market.clock.advance(DAY_MS)
    await market.node.sweeper.sweep()
    after = await order_of(market, order.id)
    assert (after.state, after.refunded_total) == ("awaiting_shipment", 2 * PRICE)
    assert after.cancel_request is UNSET
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []
