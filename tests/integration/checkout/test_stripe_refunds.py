"""Refunds and cancels of orders that were paid by Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.checkout.after import bought, given_back, refund
from tests.integration.checkout.market import opened
from tests.integration.checkout.stripe_market import StripeMarket

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
