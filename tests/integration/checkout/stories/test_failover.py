"""The story of a failover that loses what Redis had acknowledged."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from base.errors import Outage, SoldOut
from store.redis.connect import close, connect
from store.redis.scripts import Scripts
from tests.integration.checkout.market import Market, buyer
from tests.redis_server import REDIS, RedisServer, serving_redis
from tests.relay import relaying
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(REDIS is None, reason="needs redis-server or valkey-server"),
]


@dataclass(frozen=True)
class Pair:
    """A primary, its replica, and scripts at each."""

    primary: RedisServer
    replica: RedisServer
    scripts: Scripts
    replicas_scripts: Scripts


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        one = stack.enter_context(serving_redis())
        link = await stack.enter_async_context(relaying(one.socket))
        two = stack.enter_context(serving_redis("--replicaof", f"127.0.0.1 {link.place}"))
        clients = [connect(server.url) for server in (one, two)]
        here, there = (Scripts(client) for client in clients)
        await here.load()
        yield Pair(one, two, here, there)
        for scripts, client in zip((here, there), clients, strict=True):
            await scripts.close()
            await close(client)


@pytest.fixture
def scripts(pair: Pair) -> Scripts:
    return pair.scripts


async def sold(market: Market, who: str) -> str:
    """What becomes of somebody who wants a mug."""
    try:
        checkout = await market.buy(who=who)
    except SoldOut:
        return "sold_out"
    except Outage:
        # The book has refused somebody: the gate is filled anew before it grants more.
        await market.node.sweeper.sweep()
        return await sold(market, who)
    return (await market.pay(checkout, who=who)).state


async def test_t34_a_replica_that_has_not_heard_of_sales_sells_nothing_twice(
    market: Market, pair: Pair
) -> None:
    """A failover loses what was acknowledged (Redis on Sentinel; Jepsen, 2013).

    Guard: checkout/rows.py ``claim``: the book refuses what the new primary grants.
    Kills: "claim: no more than there is".
    """
    pair.primary.client.set("the last", "that it hears of")
    # Briefly each time: what it waits for comes through a relay of ours.
    await until(lambda: pair.primary.client.wait(1, 1) == 1)
    pair.replica.client.replicaof("NO", "ONE")  # cut off: from here on it hears of nothing
    early = [await sold(market, f"early-{number}") for number in range(3)]
    await market.node.stop(0)
    pair.primary.process.kill()

    market.scripts = pair.replicas_scripts
    market.node = await market.start_node()
    late = [await sold(market, f"late-{number}") for number in range(5)]

    assert early == ["paid"] * 3
    assert sorted(late) == ["paid", "paid", "sold_out", "sold_out", "sold_out"]
    assert [captured for _, captured, _ in await market.charges()] == [1999] * 5
    for number in range(3):
        assert (await market.node.orders.list(buyer(f"early-{number}"), None, 9))[0]
