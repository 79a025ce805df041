"""A payment that waits anew: its place, and the time it has."""

from __future__ import annotations

from checkout.queue import RENEW_MS, TICK_S
from tests.integration.checkout.market import Market
from tests.integration.checkout.queueing import (
    PAY_MS,
    ByHand,
    Listed,
    record_of,
    waiting_at,
)
from tests.waiting import until


async def test_a_try_that_was_taken_for_dead_leaves_its_place_to_the_next(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout, other = await market.buy(), await market.buy(who="otto")
    await market.pay(checkout)
    line = waiting_at(market)
    await until(lambda: len(line) == 1)
    await market.node.purchases.reconciler.unsent(await record_of(market, checkout))

    await market.pay(checkout)
    await market.pay(other, who="otto")
    await until(lambda: len(line) == 2)
    pace.give(2)

    await market.becomes(checkout, "paid")
    await market.becomes(other, "paid", "otto")
    assert len(line) == 0
    assert provider.made == [checkout.id, other.id]


async def test_who_had_little_time_left_is_kept_until_the_next_renewal_is_over(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    market.clock.advance(PAY_MS - 500)
    await market.pay(checkout)
    line = waiting_at(market)
    await until(lambda: len(line) == 1)

    for _ in range(5):
        market.clock.advance(RENEW_MS + round(TICK_S * 1000))
        await market.node.sweeper.sweep()
        await line.tend()

    pace.give()
    await market.becomes(checkout, "paid")
