"""Sending: whole, in parcels, twice, in the wrong order; and what follows by itself."""

from __future__ import annotations

import asyncio

import pytest

from base.errors import Conflict, Forbidden, Invalid, NotFound
from checkout.order_terms import OrderTerms
from tests.integration.checkout.after import (
    bought,
    bought_both,
    cancel,
    heard,
    order_of,
    ship,
    some,
)
from tests.integration.checkout.market import Market, buyer
from tests.selling import ADMIN, seller


async def test_from_arranged_to_complete(market: Market) -> None:
    order = await bought(market)
    market.node.told.told.clear()

    for status in ("awaiting_collection", "in_transit", "delivered"):
        for _ in range(2):
            told = await ship(market, order, status, tracking="DHL-1")
            assert (told.state, told.tracking) == (status, "DHL-1")
    market.clock.advance(OrderTerms().complete_ms)
    await market.node.sweeper.sweep()

    states = [order.state for order in heard(market)]
    assert states == ["awaiting_collection", "in_transit", "delivered", "completed"]
    with pytest.raises(Conflict, match="complete"):
        await ship(market, order, "delivered")
    assert await market.units() == (2, 0, 3)
    assert await market.off() == []


async def test_only_the_shop_and_an_admin_send(market: Market) -> None:
    order = await bought(market)

    with pytest.raises(Forbidden):
        await ship(market, order, actor=buyer())
    for stranger in (buyer("otto"), seller("bob")):
        with pytest.raises(NotFound):
            await ship(market, order, actor=stranger)

    assert (await ship(market, order, actor=ADMIN)).state == "in_transit"


async def test_parcels_until_everything_is_sent(market: Market) -> None:
    order = await bought_both(market)

    first = await ship(market, order, lines=some(mug_blue=1), tracking="DHL-1")
    again = await ship(market, order, lines=some(mug_blue=1), tracking="DHL-1")
    second = await ship(market, order, "delivered", lines=some(pot=1), fresh="parcel-2")
    last = await ship(market, order, lines=some(mug_blue=1), tracking="DHL-2")

    assert [one.state for one in (first, again, second)] == ["partially_shipping"] * 3
    assert (last.state, last.tracking) == ("in_transit", "DHL-2")
    assert (await ship(market, order, "delivered")).state == "delivered"


async def test_no_unit_is_sent_twice(market: Market) -> None:
    order = await bought(market, 3)

    outcomes = await asyncio.gather(
        *(
            ship(market, order, lines=some(mug_blue=1), fresh=f"parcel-{number}")
            for number in range(10)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Conflict) for one in outcomes) == 7
    assert (await order_of(market, order.id)).state == "in_transit"


async def test_cancelled_units_need_not_be_sent(market: Market) -> None:
    order = await bought_both(market)
    await cancel(market, order, lines=some(pot=1))

    with pytest.raises(Conflict, match="All of pot was sent or cancelled"):
        await ship(market, order, lines=some(pot=1))
    assert (await ship(market, order, lines=some(mug_blue=2))).state == "in_transit"


async def test_what_is_later_is_not_unsaid(market: Market) -> None:
    order = await bought(market)
    await ship(market, order, "in_transit")

    with pytest.raises(Conflict, match="in_transit already"):
        await ship(market, order, "awaiting_collection")
    await ship(market, order, "delivered")
    for status in ("awaiting_collection", "in_transit"):
        with pytest.raises(Conflict, match="delivered already"):
            await ship(market, order, status)


async def test_what_was_cancelled_is_not_sent(market: Market) -> None:
    order = await bought(market)
    await cancel(market, order)

    with pytest.raises(Conflict, match="do not send it"):
        await ship(market, order)


async def test_the_carrier_is_ordered_for_all_of_it(market: Market) -> None:
    order = await bought(market)

    with pytest.raises(Invalid, match="leave lines out"):
        await ship(market, order, "awaiting_collection", lines=some(mug_blue=1))
    await ship(market, order, lines=some(mug_blue=1))
    with pytest.raises(Conflict, match="partially_shipping already"):
        await ship(market, order, "awaiting_collection")


async def test_a_new_tracking_number_is_told(market: Market) -> None:
    order = await bought(market)
    await ship(market, order, tracking="DHL-1")
    market.node.told.told.clear()

    await ship(market, order, tracking="DHL-2")

    assert [order.tracking for order in heard(market)] == ["DHL-2"]
