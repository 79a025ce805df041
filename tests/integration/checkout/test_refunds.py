"""Refunds: full, partial, by line, repeated, at once; never more than was paid."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from base.errors import Conflict, Forbidden, Invalid, KeyReused, NotFound
from checkout.refund import RefundLine
from tests.integration.checkout.after import (
    PRICE,
    bought,
    bought_both,
    checkout_of,
    given_back,
    order_of,
    refund,
    some,
)
from tests.integration.checkout.market import Market, buyer
from tests.selling import ADMIN, seller


async def test_t27_all_that_is_left_of_a_captured_order(market: Market) -> None:
    """A captured order could not be refunded (Medusa 10491).

    Guard: checkout/refunds.py ``_require_refundable``, only what has nothing left is refused.
    Kills: "refund: all that was captured can be given back".
    """
    order = await bought(market, 3)

    made = await refund(market, order, reason="Broken.")

    assert (made.state, made.amount, made.currency) == ("succeeded", 3 * PRICE, "USD")
    assert made.lines == (RefundLine(sku="mug-blue", qty=3, amount=3 * PRICE),)
    assert made.reason == "Broken."
    after = await order_of(market, order.id)
    assert (after.refunded_total, after.state) == (3 * PRICE, "awaiting_shipment")
    assert await market.charges() == [(await checkout_of(market), 3 * PRICE, 3 * PRICE)]
    assert await market.units() == (2, 0, 3)
    assert await market.off() == []


async def test_the_buyer_hears_of_it(market: Market) -> None:
    order = await bought(market)
    market.node.told.told.clear()

    await refund(market, order, amount=100)

    ((viewer, name, told),) = market.node.told.told
    assert (viewer, name) == ("vera", "order")
    assert told == await order_of(market, order.id)


async def test_an_amount_then_the_rest(market: Market) -> None:
    order = await bought(market, 3)

    first = await refund(market, order, amount=1000)
    rest = await refund(market, order, key="refund-2")

    assert (first.lines, first.amount) == ((), 1000)
    assert rest.amount == 3 * PRICE - 1000
    assert sum(line.amount for line in rest.lines) == rest.amount
    assert await given_back(market) == 3 * PRICE
    assert await market.off() == []


async def test_units_one_by_one_add_up_to_their_line(market: Market) -> None:
    order = await bought_both(market)

    amounts = [
        (await refund(market, order, key=f"refund-{number}", lines=lines)).amount
        for number, lines in enumerate([some(mug_blue=1), some(pot=1), some(mug_blue=1)])
    ]

    assert amounts == [PRICE, 500, PRICE]
    with pytest.raises(Conflict, match="All that was paid"):
        await refund(market, order, key="refund-9", lines=some(mug_blue=1))
    assert await market.off() == []


async def test_a_line_is_refunded_once(market: Market) -> None:
    order = await bought_both(market)
    await refund(market, order, lines=some(pot=1))

    with pytest.raises(Conflict, match="All of pot was refunded already"):
        await refund(market, order, key="refund-2", lines=some(pot=1))
    with pytest.raises(Conflict, match="Of mug-blue 2 can still be refunded"):
        await refund(market, order, key="refund-2", lines=some(mug_blue=3))

    assert await given_back(market) == 500


async def test_more_than_is_left_is_refused(market: Market) -> None:
    order = await bought(market, 1)
    await refund(market, order, amount=1500)

    with pytest.raises(Conflict, match="Only 499"):
        await refund(market, order, key="refund-2", amount=500)
    with pytest.raises(Conflict, match="Only 499"):
        await refund(market, order, key="refund-2", lines=some(mug_blue=1))

    assert await given_back(market) == 1500
    # An error never uses the key up.
    assert (await refund(market, order, key="refund-2", amount=499)).state == "succeeded"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"amount": 5, "lines": some(mug_blue=1)}, "either amount or lines"),
        ({"amount": 5, "restock": True}, "restock is for lines"),
        ({"lines": some(hat=1)}, "no hat in this order"),
        ({"lines": some(mug_blue=1) + some(mug_blue=1)}, "each SKU once"),
    ],
)
async def test_what_is_not_of_its_form_is_refused(
    market: Market, wish: dict[str, Any], words: str
) -> None:
    order = await bought(market)

    with pytest.raises(Invalid, match=words):
        await refund(market, order, **wish)


async def test_a33_only_the_shop_and_an_admin_refund(market: Market) -> None:
    order = await bought(market)

    with pytest.raises(Forbidden):
        await refund(market, order, actor=buyer())
    for stranger in (buyer("otto"), seller("bob")):
        with pytest.raises(NotFound):
            await refund(market, order, actor=stranger)
    assert await given_back(market) == 0

    assert (await refund(market, order, actor=ADMIN)).state == "succeeded"


async def test_the_same_key_gives_the_same_refund_and_another_body_none(market: Market) -> None:
    order = await bought(market)
    first = await refund(market, order, amount=100)

    assert await refund(market, order, amount=100) == first
    with pytest.raises(KeyReused):
        await refund(market, order, amount=200)
    assert await given_back(market) == 100


async def test_two_orders_have_keys_of_their_own(market: Market) -> None:
    vera, otto = await bought(market, 1), await bought(market, 1, who="otto")

    first, second = await refund(market, vera), await refund(market, otto)

    assert first.id != second.id
    assert await given_back(market) == 2 * PRICE


async def test_one_key_twenty_times_at_once_pays_once(market: Market) -> None:
    order = await bought(market)

    made = await asyncio.gather(*(refund(market, order, amount=700) for _ in range(20)))

    assert len({one.id for one in made}) == 1
    assert await given_back(market) == 700
    assert await market.off() == []


async def test_a33_twenty_keys_at_once_on_two_processes_never_exceed_what_was_paid(
    market: Market,
) -> None:
    order = await bought(market, 1)
    here, there = market.node, await market.start_node()

    async def ask(number: int) -> str:
        market.node = (here, there)[number % 2]
        try:
            return (await refund(market, order, key=f"refund-{number:02d}", amount=300)).state
        except Conflict:
            return "conflict"

    outcomes = await asyncio.gather(*(ask(number) for number in range(20)))

    assert (outcomes.count("succeeded"), outcomes.count("conflict")) == (6, 14)
    assert await given_back(market) == 1800
    assert (await order_of(market, order.id)).refunded_total == 1800
    assert await market.off() == []


async def test_twenty_units_at_once_are_refunded_as_often_as_they_were_bought(
    market: Market,
) -> None:
    order = await bought_both(market)
    asked = [some(mug_blue=1)] * 10 + [some(pot=1)] * 10

    outcomes = await asyncio.gather(
        *(
            refund(market, order, key=f"refund-{number:02d}", lines=lines)
            for number, lines in enumerate(asked)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Conflict) for one in outcomes) == 17
    assert await given_back(market) == 2 * PRICE + 500
    assert await market.off() == []
