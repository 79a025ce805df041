"""The queue's notes in a PostgreSQL book, written by several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkout.queue import RENEW_MS
from tests.books import opened_book
from tests.integration.checkout.market import Market, buyer, opened
from tests.integration.checkout.queueing import SOON, ByHand, Listed, queued

if TYPE_CHECKING:
    from pathlib import Path

    from store.redis.scripts import Scripts
    from tests.clock import StoppedClock

pytestmark = [pytest.mark.redis, pytest.mark.postgres]


async def test_waiting_is_prolonged_sent_once_and_ended_by_others(
    request: pytest.FixtureRequest, tmp_path: Path, scripts: Scripts, clock: StoppedClock
) -> None:
    pace = ByHand()
    async with (
        opened_book("postgres", request, tmp_path) as book,
        opened(Market(book, scripts, clock), tmp_path) as market,
    ):
        await market.put("mug-blue", 5)
        provider = market.client(kind=Listed)
        assert isinstance(provider, Listed)
        await market.replace_node(provider, pace=pace, terms=SOON)
        other = await market.start_node(provider, terms=SOON)
        left, kept = await market.buy(), await market.buy(who="walt", key="key-walt")
        await queued(market.node, left)
        await queued(market.node, kept, "walt")

        clock.advance(RENEW_MS)
        await market.node.purchases.queue.tend()
        ended = await other.purchases.cancel(buyer(), left.id)
        pace.give()
        paid = await market.becomes(kept, "paid", "walt")

        assert ended.state == "cancelled"
        assert paid.pay_by == kept.pay_by + 3 * RENEW_MS
        assert provider.made == [kept.id]
        assert await market.off() == []
