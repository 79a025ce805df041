"""payment_pace.lua: processes that share a pace, by Redis' own clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from base.clock import SystemClock
from base.errors import Outage
from checkout.payments.pace import Pace
from store.redis import keys
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.integration.checkout.queueing import SOON

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis

INTERVAL_US = 60_000_000
"""So long that no test is slow enough to see a turn pass."""


async def ask(scripts: Scripts, interval_us: int = INTERVAL_US, ahead: int = 100) -> int:
    return int(
        await scripts.call("payment_pace", [keys.payment_pace("stripe")], [interval_us, ahead])
    )


async def redis_us(scripts: Scripts) -> int:
    seconds, rest = await scripts.command("TIME")
    return int(seconds) * 1_000_000 + int(rest)


async def test_turns_follow_each_other_whoever_asks(scripts: Scripts) -> None:
    start = await redis_us(scripts)

    waits = [await ask(scripts) for _ in range(5)]

    passed = await redis_us(scripts) - start
    assert waits[0] == 0
    for number, wait in enumerate(waits):
        assert number * INTERVAL_US - passed <= wait <= number * INTERVAL_US


async def test_a_pace_from_a_clock_that_was_set_back_is_forgotten(scripts: Scripts) -> None:
    far = await redis_us(scripts) + 101 * INTERVAL_US
    await scripts.command("SET", keys.payment_pace("stripe"), far + INTERVAL_US)

    assert await ask(scripts) == 0


async def test_the_pace_is_not_kept_for_good(scripts: Scripts) -> None:
    await ask(scripts)

    left_ms = await scripts.command("PTTL", keys.payment_pace("stripe"))
    assert 0 < left_ms <= INTERVAL_US // 1000 + 1000


async def test_two_processes_have_one_pace_between_them(scripts: Scripts) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    both = [
        Pace(1, SystemClock(), provider="stripe", scripts=scripts, processes=2, sleep=sleep)
        for _ in range(2)
    ]
    for pace in both:
        pace._interval_us = INTERVAL_US
    start = await redis_us(scripts)

    await asyncio.gather(*(pace.turn() for pace in both))
    await asyncio.gather(*(pace.turn() for pace in both))

    # Four turns asked for within a moment: nothing, and one, two and three intervals to wait.
    passed_s = (await redis_us(scripts) - start) / 1_000_000
    assert len(slept) == 3
    for number, wait_s in enumerate(sorted(slept), 1):
        assert number * 60 - passed_s <= wait_s <= number * 60


async def test_without_redis_a_process_goes_at_its_part(scripts: Scripts) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    class Gone:
        async def call(self, *_: object) -> None:
            raise Outage

    pace = Pace(
        1,
        SystemClock(),
        provider="stripe",
        scripts=Gone(),  # type: ignore[arg-type]
        processes=2,
        sleep=sleep,
    )

    await pace.turn()
    await pace.turn()

    assert len(slept) == 1
    assert 1 < slept[0] <= 2


async def test_two_processes_pay_no_faster_than_the_pace_between_them(market: Market) -> None:
    provider = market.client()

    def shared() -> Pace:
        return Pace(5, SystemClock(), provider="p", scripts=market.scripts, processes=2)

    await market.replace_node(provider, pace=shared(), terms=SOON)
    nodes = [market.node, await market.start_node(provider, pace=shared(), terms=SOON)]
    await market.put("pot", 6)
    names = [f"buyer-{number}" for number in range(6)]
    checkouts = [await market.buy("pot", who=name, key=f"key-{name}") for name in names]
    begun = asyncio.get_running_loop().time()

    for number, (name, checkout) in enumerate(zip(names, checkouts, strict=True)):
        await nodes[number % 2].purchases.pay(buyer(name), checkout.id, card(), HOME)
    for name, checkout in zip(names, checkouts, strict=True):
        await market.becomes(checkout, "paid", name)

    # The first may go at once, five more each 0.2 s after the one before.
    assert asyncio.get_running_loop().time() - begun >= 5 * 0.2
    assert await market.off() == []
