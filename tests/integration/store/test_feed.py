from __future__ import annotations

import asyncio
import math
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from store.redis.connect import Client, connect
from store.redis.feed import Entry, Feed
from store.redis.scripts import Scripts
from tests.waiting import until
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.store.conftest import NewRedis

pytestmark = pytest.mark.redis


@pytest.fixture
async def feed(redis_client: Client) -> AsyncIterator[Feed]:
    feed = Feed(redis_client)
    task = asyncio.create_task(feed.run())
    yield feed
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Recorder:
    """Remembers the entries' ids."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.fields: list[dict[bytes, bytes]] = []

    def __call__(self, entries: list[Entry]) -> None:
        self.ids += [ident for ident, _ in entries]
        self.fields += [fields for _, fields in entries]

    async def has(self, count: int, within_s: float = 5.0) -> list[str]:
        await until(lambda: len(self.ids) >= count, within_s)
        return self.ids


async def append(scripts: Scripts, key: str, *numbers: int) -> None:
    for n in numbers:
        await scripts.command("XADD", key, f"{n}-0", "e", f"event {n}")


async def reading(feed: Feed) -> None:
    await until(lambda: feed.alive_s() < math.inf)


async def test_what_was_there_comes_first_then_what_happens(feed: Feed, scripts: Scripts) -> None:
    await append(scripts, "show", 1, 2, 3)
    recorder = Recorder()

    feed.follow("show", "1-0", recorder)
    await recorder.has(2)
    await append(scripts, "show", 4)

    assert await recorder.has(3) == ["2-0", "3-0", "4-0"]
    assert recorder.fields[0] == {b"e": b"event 2"}


async def test_a_new_key_is_picked_up_at_once(feed: Feed, scripts: Scripts) -> None:
    """Also while the reader waits for another, silent one."""
    first, second = Recorder(), Recorder()
    feed.follow("quiet", "0-0", first)
    await asyncio.sleep(0.05)
    await append(scripts, "show", 1)

    feed.follow("show", "0-0", second)

    assert await second.has(1, within_s=0.3) == ["1-0"]


async def test_many_new_keys_are_picked_up_at_once(feed: Feed, scripts: Scripts) -> None:
    recorders = {f"show-{n}": Recorder() for n in range(100)}
    for key in recorders:
        await append(scripts, key, 1)

    for key, recorder in recorders.items():
        feed.follow(key, "0-0", recorder)
        await asyncio.sleep(0)

    for recorder in recorders.values():
        assert await recorder.has(1, within_s=0.5) == ["1-0"]


async def test_one_who_leaves_hears_no_more(feed: Feed, scripts: Scripts) -> None:
    left, stays = Recorder(), Recorder()
    feed.follow("show", "0-0", left)
    feed.follow("stock", "0-0", stays)
    await asyncio.sleep(0.02)

    feed.leave("show")
    feed.leave("show")
    await append(scripts, "show", 1)
    await append(scripts, "stock", 1)

    await stays.has(1)
    assert left.ids == []


async def test_following_anew_replaces_the_place(feed: Feed, scripts: Scripts) -> None:
    await append(scripts, "show", 1, 2, 3)
    first, second = Recorder(), Recorder()
    feed.follow("show", "0-0", first)
    await first.has(3)

    feed.leave("show")
    feed.follow("show", "1-0", second)

    assert await second.has(2) == ["2-0", "3-0"]
    assert first.ids == ["1-0", "2-0", "3-0"]


async def test_an_answer_that_was_under_way_is_not_for_who_follows_anew(
    redis_url: str, scripts: Scripts, tmp_path: Path
) -> None:
    async with Wire(tmp_path / "w.sock", Path(redis_url.removeprefix("unix://"))) as wire:
        feed, first, second = Feed(connect(wire.url)), Recorder(), Recorder()
        task = asyncio.create_task(feed.run())
        feed.follow("show", "0-0", first)
        await until(lambda: any(b"XREAD" in sent for sent in wire.sent))
        wire.hold()
        await append(scripts, "show", 1, 2, 3)
        await asyncio.sleep(0.05)

        feed.leave("show")
        feed.follow("show", "2-0", second)
        wire.release()

        assert await second.has(1) == ["3-0"]
        assert first.ids == []
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_new_key_is_picked_up_at_once_after_a_reconnection_too(
    feed: Feed, scripts: Scripts
) -> None:
    first, second = Recorder(), Recorder()
    feed.follow("show", "0-0", first)
    await append(scripts, "show", 1)
    await first.has(1)
    await scripts.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await append(scripts, "show", 2)
    await first.has(2)
    await append(scripts, "other", 1)
    await asyncio.sleep(0.05)

    feed.follow("other", "0-0", second)

    assert await second.has(1, within_s=0.3) == ["1-0"]


async def test_a_long_backlog_comes_whole_and_in_order(feed: Feed, scripts: Scripts) -> None:
    await append(scripts, "show", *range(1, 1301))
    recorder = Recorder()

    feed.follow("show", "0-0", recorder)

    assert await recorder.has(1300) == [f"{n}-0" for n in range(1, 1301)]


async def test_a_broken_follower_harms_no_other(
    feed: Feed, scripts: Scripts, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_entries: list[Entry]) -> None:
        raise KeyError("mug-blue")

    recorder = Recorder()
    feed.follow("broken", "0-0", broken)
    feed.follow("show", "0-0", recorder)

    await append(scripts, "broken", 1, 2)
    await append(scripts, "show", 1)
    await recorder.has(1)
    await append(scripts, "show", 2)

    assert await recorder.has(2) == ["1-0", "2-0"]
    assert "a follower of broken failed" in caplog.text


async def test_a_killed_connection_misses_nothing(feed: Feed, scripts: Scripts) -> None:
    recorder = Recorder()
    feed.follow("show", "0-0", recorder)
    for n in range(1, 21):
        await append(scripts, "show", n)
        if n % 5 == 0:
            await scripts.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    assert await recorder.has(20) == [f"{n}-0" for n in range(1, 21)]


async def test_a_restarted_redis_goes_on_where_it_was(tmp_path: Path, new_redis: NewRedis) -> None:
    redis = new_redis(tmp_path)
    await redis.start()
    client = connect(redis.url)
    scripts, feed, recorder = Scripts(client), Feed(client), Recorder()
    task = asyncio.create_task(feed.run())
    feed.follow("show", "0-0", recorder)
    await append(scripts, "show", 1)
    await recorder.has(1)

    await redis.stop()
    await redis.start()
    await append(scripts, "show", 2)

    assert await recorder.has(2) == ["1-0", "2-0"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await scripts.close()
    await redis.stop()


async def test_a_silent_feed_is_alive_and_a_hanging_redis_is_not(
    tmp_path: Path, new_redis: NewRedis
) -> None:
    redis = new_redis(tmp_path)
    await redis.start()
    assert redis.pid is not None
    feed = Feed(connect(redis.url))
    assert feed.alive_s() == math.inf
    task = asyncio.create_task(feed.run())
    await reading(feed)

    feed.follow("quiet", "0-0", Recorder())
    await asyncio.sleep(1.3)
    assert feed.alive_s() < 1.2
    os.kill(redis.pid, signal.SIGSTOP)
    await asyncio.sleep(1.3)
    assert feed.alive_s() > 1.2
    os.kill(redis.pid, signal.SIGCONT)
    await until(lambda: feed.alive_s() < 0.5)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await redis.stop()


async def test_a_feed_without_keys_is_alive(feed: Feed) -> None:
    await reading(feed)
    await asyncio.sleep(1.2)

    assert feed.alive_s() < 1.1
