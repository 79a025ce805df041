"""The market that the tests of checkouts trade in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.checkout.market import Market, opened
from tests.integration.checkout.queueing import SOON, ByHand, Listed
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
) -> AsyncIterator[Market]:
    """Open for business, with five blue mugs."""
    async with opened(Market(book, scripts, clock), tmp_path) as market:
        await market.put("mug-blue", 5)
        yield market


@pytest.fixture
async def stripe_market(
    tmp_path: Path, book: SqliteBook, scripts: Scripts, clock: StoppedClock
) -> AsyncIterator[StripeMarket]:
    """As it is, paid by Stripe."""
    async with opened(StripeMarket(book, scripts, clock), tmp_path) as market:
        await market.put("mug-blue", 5)
        yield market


@pytest.fixture
def pace() -> ByHand:
    return ByHand()


@pytest.fixture
async def provider(market: Market, pace: ByHand) -> AsyncIterator[Listed]:
    """The market's node with a queue, and the provider that it asks."""
    provider = market.client(kind=Listed)
    assert isinstance(provider, Listed)
    await market.replace_node(provider, pace=pace, terms=SOON)
    yield provider
    # Whoever still waits for a turn would be waited for.
    await market.node.stop(0)
