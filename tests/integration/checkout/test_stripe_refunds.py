"""Refunds and cancels of orders that were paid by Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.checkout.after import bought, given_back, order_of, refund
from tests.integration.checkout.market import opened
from tests.integration.checkout.stripe_market import StripeMarket
from tests.stripe_account import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

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
