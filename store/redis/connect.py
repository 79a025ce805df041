"""How Redis is reached: one server, Sentinel or Cluster, by the address alone."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel, SentinelConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

from base.errors import Outage

__all__ = [
    "FAILURES",
    "Client",
    "UnfitRedisError",
    "check",
    "close",
    "connect",
    "incarnation",
]

Client = Redis | RedisCluster

TIMEOUT_S: Final = 5.0
"""For a connection and for an answer: beyond it a buyer is told to try again."""

FAILURES: Final = (RedisError, RedisClusterException, OSError)
"""What a lost, hanging or unwilling Redis looks like; TimeoutError is an OSError."""

OLDEST: Final = 7
"""The first with script flags, which refuse a script before its first write."""


class UnfitRedisError(Exception):
    """A Redis that would lose or evict what it must keep; the message says what to set."""


def connect(url: str) -> Client:
    """A client for ``url``; it connects when first used.

    Nothing is ever sent twice by itself: a call whose answer was lost may have happened,
    and only the caller knows whether it may be repeated.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://`` for one server,
            ``redis+sentinel://[user:password@]host[:port],…/service[/db]`` or
            ``redis+cluster://[user:password@]host[:port]``.

    Raises:
        ValueError: Not such an address.

    """
    if url.startswith("redis+sentinel://"):
        return _by_sentinel(url)
    if url.startswith("redis+cluster://"):
        return RedisCluster.from_url(url.replace("redis+cluster", "redis", 1), **_options())
    return Redis.from_url(url, **_options())


async def check(client: Client) -> None:
    """Refuse a Redis that is too old or may evict keys.

    Raises:
        UnfitRedisError: It is; the message says what to change.
        Outage: It cannot be asked.

    """
    try:
        server = await client.info("server")
        memory = await client.info("memory")
    except FAILURES as error:
        raise Outage from error
    for node in _nodes(server):
        version = str(node.get("redis_version", "0"))
        if int(version.partition(".")[0]) < OLDEST:
            raise UnfitRedisError(
                f"Redis {version} is too old: install Redis or Valkey {OLDEST} or newer."
            )
    for node in _nodes(memory):
        policy = str(node.get("maxmemory_policy", ""))
        if policy != "noeviction":
            raise UnfitRedisError(
                f"Redis would evict carts and stock when it is full (maxmemory-policy is "
                f"{policy}): set maxmemory-policy noeviction."
            )


async def incarnation(client: RedisCluster) -> str:
    """What changes when a primary of a Cluster was restarted, failed over or replaced.

    Every primary's ``run_id``, and its ``master_replid``, which a failover and back changes.

    Raises:
        Outage: It cannot be asked.

    """
    asked = {"target_nodes": RedisCluster.PRIMARIES}
    try:
        server = await client.info("server", **asked)
        replication = await client.info("replication", **asked)
    except FAILURES as error:
        raise Outage from error
    found = [str(node.get("run_id", "")) for node in _nodes(server)]
    found += [str(node.get("master_replid", "")) for node in _nodes(replication)]
    return ",".join(sorted(found))


async def close(client: Client) -> None:
    """Let all of a client's connections go, those to the sentinels too."""
    await client.aclose()
    if isinstance(client, Redis) and isinstance(client.connection_pool, SentinelConnectionPool):
        for sentinel in client.connection_pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def _options() -> dict[str, Any]:
    return {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        # Replies of plain shape, the same on every version: bytes, int, None and lists.
        "protocol": 2,
        "decode_responses": False,
    }


def _by_sentinel(url: str) -> Redis:
    parts = urlsplit(url)
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("a redis+sentinel:// address ends in the service's name")
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = _options() | {"db": int(database or 0)}
    if password:
        options |= {"username": unquote(user) or None, "password": unquote(password)}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [_address(host) for host in hosts.split(",")], sentinel_kwargs=_options(), **options
    )
    client: Redis = sentinel.master_for(service)
    return client


def _address(host: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "26379")
    return name, int(port)


def _nodes(answer: dict[str, object]) -> list[dict[str, object]]:
    """A Cluster answers once a node, one server once."""
    values = list(answer.values())
    return values if all(isinstance(value, dict) for value in values) else [answer]  # type: ignore[return-value]
