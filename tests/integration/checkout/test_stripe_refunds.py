"""Refunds and cancels of orders that were paid by Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from base.errors import Conflict
from checkout.order_terms import OrderTerms
from tests.integration.checkout.after import (
    bought,
    cancel,
    given_back,
    on_terms,
    order_of,
    refund,
    some,
)
from tests.integration.checkout.market import opened
from tests.integration.checkout.stripe_market import StripeMarket
from tests.selling import seller
from tests.stripe_account import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from checkout.order import Order
    from store.redis.scripts import Scripts
    from store.sql.writer import SqliteBook
    from tests.clock import StoppedClock


@pytest.fixture
async def market(
    tmp_path: Path, book: SqliteBook, scripts: Scripts, clock: StoppedClock
) -> AsyncIterator[StripeMarket]:
    """Open for business, with five blue mugs."""
    async with opened(StripeMarket(book, scripts, clock), tmp_path) as market:
        await market.put("mug-blue", 5)
        yield market


async def bought_in_dinars(market: StripeMarket) -> Order:
    """Two of a price that is payable for both only."""
    await market.shelves.put("vase", 2, price=3_335, currency="KWD")
    paid = await market.pay(await market.buy("vase", qty=2))
    return await order_of(market, paid.orders[0])


async def test_what_stripe_has_given_back_is_done_without_another_question(
    market: StripeMarket,
) -> None:
    order = await bought(market, 1)
    (ident,) = market.stripe.intents
    market.stripe.faults = [("down", ident)]

    made = await refund(market, order)

    assert (made.state, await given_back(market)) == ("succeeded", 1999)
    assert await market.off() == []


@pytest.mark.parametrize("by_hand", [1999, 1])
async def test_what_was_given_back_at_stripe_is_not_given_back_again(
    market: StripeMarket, by_hand: int
) -> None:
    order = await bought(market, 1)
    (ident,) = market.stripe.intents
    market.stripe.give_back(ident, by_hand)

    made = await refund(market, order)

    assert (made.state, await given_back(market)) == ("failed", by_hand)
    assert (await order_of(market, order.id)).refunded_total == 0


@pytest.mark.parametrize("code", ["charge_disputed", "refund_disputed_payment"])
async def test_the_refund_of_a_disputed_payment_fails_and_frees_what_was_reserved(
    market: StripeMarket, code: str
) -> None:
    order = await bought(market, 1)
    market.stripe.refund_fault = Fault(400, code=code, message="The buyer disputes it.")

    assert (await refund(market, order)).state == "failed"

    market.stripe.refund_fault = None
    assert (await refund(market, order, key="once-it-is-won")).state == "succeeded"
    assert await market.off() == []


@pytest.mark.parametrize(
    "refusal",
    [
        {"code": "balance_insufficient"},
        {"code": "balance_insufficient", "param": "amount"},
        {"code": "resource_missing", "param": "payment_intent"},
        {},
    ],
    ids=str,
)
async def test_a_refusal_that_may_pass_is_asked_again(
    market: StripeMarket, refusal: dict[str, str]
) -> None:
    order = await bought(market, 1)
    market.stripe.refund_fault = Fault(400, message="Not now.", **refusal)
    assert (await refund(market, order)).state == "pending"

    market.stripe.refund_fault = None
    market.clock.advance(30_000)
    await market.node.sweeper.sweep()

    assert (await refund(market, order)).state == "succeeded"
    assert await given_back(market) == 1999


async def test_a_refund_that_stripe_cannot_carry_out_is_not_noted(market: StripeMarket) -> None:
    order = await bought_in_dinars(market)

    for wish in ({"amount": 3_335}, {"lines": some(vase=1)}):
        with pytest.raises(Conflict, match=r"3\.335 KWD .* only multiples of 0\.010 KWD"):
            await refund(market, order, **wish)

    assert (await refund(market, order, amount=3_330)).state == "succeeded"
    assert (await refund(market, order, key="the-rest")).amount == 3_340
    assert await market.off() == []


@pytest.mark.parametrize("terms", [OrderTerms(), OrderTerms(asks_shop=True)], ids=str)
async def test_a_cancel_that_stripe_cannot_pay_back_leaves_the_order_as_it_is(
    market: StripeMarket, terms: OrderTerms
) -> None:
    await on_terms(market, terms)
    order = await bought_in_dinars(market)

    with pytest.raises(Conflict, match=r"3\.335 KWD cannot be given back by card"):
        await cancel(market, order, lines=some(vase=1))

    assert await order_of(market, order.id) == order
    assert await market.units("vase") == (0, 0, 2)
    after = await cancel(market, order, actor=seller())
    assert (after.state, after.refunded_total) == ("cancelled", 6_670)
    assert await market.off() == []
