"""A replica that missed the last second is promoted: nothing is oversold, nothing paid is lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from store.redis import keys
from tests.faults.books import Books
from tests.faults.shopper import Shopper, open_session
from tests.faults.street import PRICE, SHOP, Street
from tests.redis_server import REDIS, RedisServer, serving_redis
from tests.relay import Relay, relaying
from tests.served import Served
from tests.waiting import until, until_told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable
    from pathlib import Path

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(REDIS is None, reason="needs redis-server or valkey-server"),
]

T = TypeVar("T")
UNITS = 40
KEY = "key-00000001"


@dataclass
class Pair:
    """A primary, its replica, and the ways to them.

    Attributes:
        link: From the replica to the primary.
        address: What the server takes for Redis.

    """

    primary: RedisServer
    replica: RedisServer
    link: Relay
    address: Relay

    def is_in_step(self, units: tuple[int, ...]) -> bool:
        """Whether the replica has what the primary has: these units."""
        info: dict[str, Any] = self.replica.client.info("replication")
        is_up = info.get("master_link_status") == "up"
        return is_up and units_at(self.primary) == units_at(self.replica) == units

    async def fail_over(self) -> None:
        """Kill the primary; its replica is promoted and takes its address."""
        self.primary.process.kill()
        self.replica.client.replicaof("NO", "ONE")
        await self.address.lead_to(self.replica.socket)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        primary = stack.enter_context(serving_redis())
        link = await stack.enter_async_context(relaying(primary.socket))
        replica = stack.enter_context(serving_redis("--replicaof", f"127.0.0.1 {link.place}"))
        address = await stack.enter_async_context(relaying(primary.socket))
        yield Pair(primary, replica, link, address)


@pytest.fixture
async def street(pair: Pair, tmp_path: Path) -> AsyncIterator[Street]:
    """A server on the pair with forty mugs, and people before it."""
    environ = {"YELLOWCART_REDIS_URL": f"redis://127.0.0.1:{pair.address.place}"}
    server = Served(tmp_path / "data", options=(), environ=environ)
    await asyncio.to_thread(server.start)
    try:
        async with open_session() as session:
            street = Street(server, session)
            await street.put("mug-blue", UNITS)
            yield street
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_promoted_replica_that_missed_sales_sells_nothing_twice(
    pair: Pair, street: Street, tmp_path: Path
) -> None:
    await sell(street, "before", 5)
    await until(lambda: pair.is_in_step((UNITS - 5, 0, 5)))
    pair.link.cut()
    await sell(street, "missed", 10)
    held = await gather(street.person(f"held-{n}").buy("mug-blue", 1, KEY) for n in range(3))

    await pair.fail_over()
    assert units_at(pair.replica) == (UNITS - 5, 0, 5)
    await until_told(street.is_right, 30)

    assert None not in held
    assert units_at(pair.replica) == (UNITS - 18, 3, 15)
    await gather(one_sale(street.person(f"late-{n}")) for n in range(UNITS))
    await until_told(street.is_right, 30)
    assert units_at(pair.replica) == (0, 3, UNITS - 3)
    told = street.told
    assert sum(told.paid.values()) == (UNITS - 3) * PRICE
    for ident, total in told.paid.items():
        [order] = told.orders[ident]
        status, found = await street.root.ask("GET", f"/v1/orders/{order}")
        assert (status, found["total"]) == (200, total)
    assert Books.read(tmp_path / "data").wrong(told) == []


async def sell(street: Street, name: str, count: int) -> None:
    """So many people buy one each, and pay."""
    sold = await gather(one_sale(street.person(f"{name}-{n}")) for n in range(count))
    assert sold == [True] * count


async def one_sale(buyer: Shopper) -> bool:
    """Whether somebody got one and paid it."""
    bought = await buyer.buy("mug-blue", 1, KEY)
    paid = await buyer.pay(bought["id"]) if bought is not None else None
    return paid is not None and paid["state"] == "paid"


async def gather(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    return await asyncio.gather(*work)


def units_at(server: RedisServer) -> tuple[int, ...]:
    """Left, held and sold."""
    found: Any = server.client.hmget(keys.stock(SHOP, "mug-blue"), "avail", "held", "sold")
    return tuple(int(count or 0) for count in found)
