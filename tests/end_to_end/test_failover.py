"""A replica that missed the last second is promoted: nothing is oversold, nothing paid is lost."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import redis as sync_redis

from store.redis import keys
from tests.conftest import REDIS
from tests.faults.books import Books
from tests.faults.shopper import Shopper, open_session
from tests.faults.street import PRICE, SHOP, Street
from tests.relay import Relay, relaying
from tests.served import Served
from tests.waiting import until, until_told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(REDIS is None, reason="needs redis-server or valkey-server"),
]

T = TypeVar("T")
UNITS = 40
KEY = "key-00000001"


@contextmanager
def redis_on(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A redis-server on a port that the kernel chose; its process and the port."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--dir", str(folder), "--logfile", "log", "--repl-diskless-sync", "yes"]
    command += ["--repl-diskless-sync-delay", "0", *options]
    with subprocess.Popen(command) as process:
        try:
            yield process, port
        finally:
            process.kill()


@dataclass
class Pair:
    """A primary, its replica, and the ways to them.

    Attributes:
        link: From the replica to the primary.
        address: What the server takes for Redis.

    """

    process: subprocess.Popen[bytes]
    primary: sync_redis.Redis
    replica: sync_redis.Redis
    replica_port: int
    link: Relay
    address: Relay

    def is_in_step(self, units: tuple[int, ...]) -> bool:
        """Whether the replica has what the primary has: these units."""
        info: dict[str, Any] = self.replica.info("replication")
        is_up = info.get("master_link_status") == "up"
        return is_up and units_at(self.primary) == units_at(self.replica) == units

    async def fail_over(self) -> None:
        """Kill the primary; its replica is promoted and takes its address."""
        self.process.kill()
        self.replica.replicaof("NO", "ONE")
        await self.address.lead_to(self.replica_port)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        process, one = stack.enter_context(redis_on(tmp_path / "one"))
        primary = stack.enter_context(sync_redis.Redis(port=one))
        await until(lambda: answers(primary))
        link = await stack.enter_async_context(relaying(one))
        follow = ("--replicaof", f"127.0.0.1 {link.place}")
        _, two = stack.enter_context(redis_on(tmp_path / "two", *follow))
        replica = stack.enter_context(sync_redis.Redis(port=two))
        await until(lambda: answers(replica))
        address = await stack.enter_async_context(relaying(one))
        yield Pair(process, primary, replica, two, link, address)


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


def answers(client: sync_redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except sync_redis.RedisError:
        return False


def units_at(client: sync_redis.Redis) -> tuple[int, ...]:
    """Left, held and sold."""
    found: Any = client.hmget(keys.stock(SHOP, "mug-blue"), "avail", "held", "sold")
    return tuple(int(count or 0) for count in found)
