from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from store.redis import exchange, pipeline
from store.redis.connect import Client, UnfitRedisError, check, connect
from store.redis.scripts import Scripts
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.store.conftest import NewRedis

pytestmark = pytest.mark.redis

TAKE = """#!lua
-- Takes ARGV[1] units of KEYS[1]; returns how many there were.
local left = redis.call("GET", KEYS[1])
redis.call("DECRBY", KEYS[1], ARGV[1])
return {left, KEYS[1]}
"""


@pytest.fixture
def lua(tmp_path: Path) -> Path:
    folder = tmp_path / "lua"
    folder.mkdir()
    (folder / "take.lua").write_text(TAKE)
    return folder


@pytest.fixture
async def scripts(redis_client: Client, lua: Path) -> AsyncIterator[Scripts]:
    scripts = Scripts(redis_client, lua)
    yield scripts
    await scripts.close()


def socket_of(url: str) -> Path:
    return Path(url.removeprefix("unix://"))


async def test_a_script_gets_keys_and_arguments_and_answers_plainly(scripts: Scripts) -> None:
    await scripts.command("SET", "mug-blue", 5)

    assert await scripts.call("take", ["mug-blue"], [2]) == [b"5", b"mug-blue"]
    assert await scripts.command("GET", "mug-blue") == b"3"
    assert await scripts.command("GET", "mug-red") is None
    assert await scripts.command("HSET", "cart", "mug-blue", b"\x00\xff") == 1
    assert await scripts.command("HGETALL", "cart") == [b"mug-blue", b"\x00\xff"]


async def test_forgotten_scripts_are_loaded_again_by_themselves(scripts: Scripts) -> None:
    await scripts.load()
    await scripts.command("SCRIPT", "FLUSH")

    answers = await asyncio.gather(*(scripts.call("take", ["mug"], [1]) for _ in range(20)))

    assert [None if left is None else int(left) for left, _ in answers] == [
        None,
        *range(-1, -20, -1),
    ]


async def test_calls_of_one_turn_share_a_round_trip(
    redis_url: str, lua: Path, tmp_path: Path
) -> None:
    async with Wire(tmp_path / "w.sock", socket_of(redis_url)) as wire:
        scripts = Scripts(connect(wire.url), lua)
        await scripts.load()
        await scripts.command("SET", "mug-blue", 100)
        wire.sent.clear()

        await asyncio.gather(*(scripts.call("take", ["mug-blue"], [1]) for _ in range(100)))

        assert len(wire.sent) == 1
        assert wire.sent[0].count(b"EVALSHA") == 100
        await scripts.close()


async def test_a_burst_is_shared_by_the_connections(
    redis_url: str, lua: Path, tmp_path: Path
) -> None:
    async with Wire(tmp_path / "w.sock", socket_of(redis_url)) as wire:
        scripts = Scripts(connect(wire.url), lua)
        busy = []
        for _ in range(2 * pipeline.LANES):
            # One more is opened each time that all are busy.
            busy.append(asyncio.create_task(scripts.command("BLPOP", "nothing", "0.1")))
            await asyncio.sleep(0.02)
        await asyncio.gather(*busy)
        wire.sent.clear()

        calls = pipeline.BATCH * pipeline.LANES
        await asyncio.gather(*(scripts.command("INCR", "likes") for _ in range(calls)))

        assert await scripts.command("GET", "likes") == str(calls).encode()
        assert [sent.count(b"INCR") for sent in wire.sent[:-1]] == [pipeline.BATCH] * 4
        await scripts.close()


async def test_too_many_waiting_calls_are_refused(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "WAITING", 10)

    outcomes = await asyncio.gather(
        *(scripts.command("INCR", "likes") for _ in range(15)), return_exceptions=True
    )

    assert sorted(one for one in outcomes if isinstance(one, int)) == list(range(1, 11))
    assert sum(isinstance(one, Outage) for one in outcomes) == 5


async def test_a_failing_script_is_an_outage_for_its_caller_alone(
    scripts: Scripts, caplog: pytest.LogCaptureFixture
) -> None:
    await scripts.command("HSET", "cart", "mug-blue", 1)
    await scripts.command("SET", "mug-blue", 1)

    bad, good = await asyncio.gather(
        scripts.call("take", ["cart"], [1]),
        scripts.call("take", ["mug-blue"], [1]),
        return_exceptions=True,
    )

    assert isinstance(bad, Outage)
    assert good == [b"1", b"mug-blue"]
    assert "WRONGTYPE" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


async def test_a_redis_that_is_full_is_an_outage_before_anything_is_written(
    scripts: Scripts,
) -> None:
    await scripts.command("SET", "mug-blue", 1)
    await scripts.command("CONFIG", "SET", "maxmemory", 1)
    try:
        with pytest.raises(Outage):
            await scripts.call("take", ["mug-blue"], [1])
    finally:
        await scripts.command("CONFIG", "SET", "maxmemory", 0)
    assert await scripts.command("GET", "mug-blue") == b"1"


async def test_a_replica_is_an_outage(scripts: Scripts) -> None:
    await scripts.load()
    await scripts.command("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(Outage):
            await scripts.call("take", ["mug-blue"], [1])
    finally:
        await scripts.command("REPLICAOF", "NO", "ONE")


async def test_a_lost_redis_is_an_outage_and_is_found_again(
    tmp_path: Path, lua: Path, new_redis: NewRedis
) -> None:
    redis = new_redis(tmp_path)
    scripts = Scripts(connect(redis.url), lua)
    with pytest.raises(Outage):
        await scripts.command("PING")

    await redis.start()
    await scripts.call("take", ["mug-blue"], [1])
    await redis.stop()
    with pytest.raises(Outage):
        await scripts.call("take", ["mug-blue"], [1])
    await redis.start()

    assert await scripts.call("take", ["mug-blue"], [1]) == [b"-1", b"mug-blue"]
    await scripts.close()
    await redis.stop()


async def test_a_restart_between_two_calls_fails_neither(
    tmp_path: Path, lua: Path, new_redis: NewRedis
) -> None:
    redis = new_redis(tmp_path)
    await redis.start()
    scripts = Scripts(connect(redis.url), lua)
    await scripts.call("take", ["mug-blue"], [1])

    await redis.stop()
    await redis.start()

    assert await scripts.call("take", ["mug-blue"], [1]) == [b"-1", b"mug-blue"]
    await scripts.close()
    await redis.stop()


async def test_t28_a_swallowed_answer_is_an_outage_in_time(
    redis_url: str, lua: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sent it again by itself (redis-py 261).

    Guard: store/redis/scripts.py sends a call once; who asked decides.
    Kills: "redis: a lost answer is told to who asked".
    """
    async with Wire(tmp_path / "w.sock", socket_of(redis_url)) as wire:
        scripts = Scripts(connect(wire.url), lua)
        await scripts.command("SET", "mug-blue", 5)
        await scripts.call("take", ["mug-blue"], [1])
        wire.swallows_one = True

        with monkeypatch.context() as patched:
            patched.setattr(exchange, "TIMEOUT_S", 0.1)
            with pytest.raises(Outage):
                await scripts.call("take", ["mug-blue"], [1])

        assert await scripts.command("GET", "mug-blue") == b"3"
        await scripts.close()


async def test_a_late_answer_is_nobody_elses(
    redis_url: str, lua: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Wire(tmp_path / "w.sock", socket_of(redis_url)) as wire:
        scripts = Scripts(connect(wire.url), lua)
        await scripts.command("MSET", "mug-blue", 5, "mug-red", 7)
        monkeypatch.setattr(exchange, "TIMEOUT_S", 0.1)
        wire.hold()
        with pytest.raises(Outage):
            await scripts.command("GET", "mug-blue")

        wire.release()

        assert await scripts.command("GET", "mug-red") == b"7"
        await scripts.close()


async def test_a_caller_that_leaves_disturbs_nobody(scripts: Scripts) -> None:
    gone = asyncio.create_task(scripts.command("INCR", "likes"))
    stays = asyncio.create_task(scripts.command("INCR", "likes"))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == 2
    assert gone.cancelled()


async def test_after_closing_nothing_is_sent(scripts: Scripts) -> None:
    waiting = asyncio.gather(
        *(scripts.command("INCR", "likes") for _ in range(5)), return_exceptions=True
    )

    await scripts.close()

    assert all(isinstance(one, Outage) for one in await waiting)
    with pytest.raises(Outage):
        await scripts.command("PING")


async def test_a_redis_that_evicts_is_refused(redis_client: Client, scripts: Scripts) -> None:
    await scripts.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(UnfitRedisError, match="set maxmemory-policy noeviction"):
            await check(redis_client)
    finally:
        await scripts.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    await check(redis_client)


async def test_a_redis_that_is_away_is_not_called_unfit(tmp_path: Path) -> None:
    with pytest.raises(Outage):
        await check(connect(f"unix://{tmp_path}/redis.sock"))


async def test_who_is_cancelled_while_asking_which_redis_it_is_does_not_go_on(
    scripts: Scripts,
) -> None:
    await scripts.incarnation()

    for turns in range(20):
        asking = asyncio.create_task(scripts.incarnation())
        for _ in range(1 + turns % 4):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
