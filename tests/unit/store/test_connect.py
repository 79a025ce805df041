from __future__ import annotations

import pytest
from redis.asyncio import Redis, RedisCluster, SentinelConnectionPool

from store.redis.connect import connect


def test_t28_one_server_is_never_asked_twice_by_itself() -> None:
    """One INCR counted four times (redis-py 261).

    Guard: store/redis/connect.py, no retries.
    Kills: "redis: its client sends nothing again".
    """
    client = connect("redis://user:word@redis.example:6380/3")

    assert isinstance(client, Redis)
    options = client.connection_pool.connection_kwargs
    assert (options["host"], options["port"], options["db"]) == ("redis.example", 6380, 3)
    assert options["retry"].get_retries() == 0
    assert options["socket_timeout"] == 5


def test_sentinel_is_named_by_its_service() -> None:
    client = connect("redis+sentinel://:word@one:26379,two/shop/2")

    assert isinstance(client, Redis)
    pool = client.connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == "shop"
    assert pool.connection_kwargs["db"] == 2
    sentinels = pool.sentinel_manager.sentinels
    assert [one.connection_pool.connection_kwargs["port"] for one in sentinels] == [26379, 26379]


def test_sentinel_without_a_service_is_refused() -> None:
    with pytest.raises(ValueError, match="service's name"):
        connect("redis+sentinel://one:26379")


async def test_a_cluster_is_asked_by_any_of_its_nodes() -> None:
    client = connect("redis+cluster://node.example:7000")

    assert isinstance(client, RedisCluster)
