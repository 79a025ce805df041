"""Commands to a Cluster, without one: only who is asked when, and what becomes of failures."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from redis.asyncio import RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from base.errors import Outage
from store.redis.cluster import ClusterPipeline


class Client:
    """Answers with the command's last word, or raises it."""

    def __init__(self) -> None:
        self.most = self.under_way = 0

    async def execute_command(self, *command: Any) -> Any:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if isinstance(command[-1], Exception):
            raise command[-1]
        return command[-1]


def pipeline(at_once: int) -> tuple[ClusterPipeline, Client]:
    client = Client()
    return ClusterPipeline(cast("RedisCluster", client), at_once), client


async def test_what_is_asked_as_soon_as_the_last_was_answered_is_answered_too() -> None:
    redis, _ = pipeline(1)

    async with asyncio.timeout(5):
        assert [await redis.submit(("ECHO", word)) for word in "abcde"] == [*"abcde"]
    await redis.close()


@pytest.mark.parametrize("at_once", [1, 3])
async def test_only_so_many_are_under_way_and_one_alone_keeps_the_order(at_once: int) -> None:
    redis, client = pipeline(at_once)
    order: list[int] = []

    asked = [redis.submit(("ECHO", number)) for number in range(10)]
    for future in asked:
        future.add_done_callback(lambda done: order.append(done.result()))

    assert await asyncio.gather(*asked) == [*range(10)]
    assert client.most == at_once
    assert order == [*range(10)]
    await redis.close()


async def test_each_failure_is_its_callers_alone() -> None:
    redis, _ = pipeline(1)
    words = [RedisConnectionError("gone"), "a", ResponseError("WRONGTYPE"), TypeError("bug"), "b"]

    asked = [redis.submit(("ECHO", cast("Any", word))) for word in words]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in outcomes] == [Outage, str, ResponseError, Outage, str]
    await redis.close()
