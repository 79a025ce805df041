from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from store.redis import channels as channels_module
from store.redis import line
from store.redis.channels import Channels
from store.redis.connect import Client, connect
from store.redis.scripts import Scripts
from tests.waiting import until, until_told
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.store.conftest import NewRedis

pytestmark = pytest.mark.redis


@pytest.fixture
async def channels(redis_client: Client) -> AsyncIterator[Channels]:
    async for channels in running(redis_client):
        yield channels


async def running(client: Client) -> AsyncIterator[Channels]:
    channels = Channels(client)
    task = asyncio.create_task(channels.run())
    yield channels
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await channels.close()


async def heard_by(scripts: Scripts, channel: str, count: int) -> None:
    """Wait until so many listen."""

    async def is_so() -> bool:
        told = await scripts.command("PUBSUB", "NUMSUB", channel)
        return bool(told[1] == count)

    await until_told(is_so)


async def test_who_listens_gets_each_message(channels: Channels, scripts: Scripts) -> None:
    heard: list[bytes] = []
    channels.listen("catalog", heard.append)
    await heard_by(scripts, "catalog", 1)

    messages = [b"mug", b"\x00\xff", b"", *(b"%d" % n for n in range(700))]
    for message in messages:
        channels.publish("catalog", message)
        await asyncio.sleep(0)

    await until(lambda: len(heard) == len(messages))
    assert heard == messages, "in the order in which they were published"


async def test_who_stops_listening_hears_no_more(channels: Channels, scripts: Scripts) -> None:
    heard: list[bytes] = []
    channels.listen("catalog", heard.append)
    channels.listen("other", heard.append)
    await heard_by(scripts, "catalog", 1)

    channels.unlisten("catalog")
    channels.unlisten("catalog")

    await heard_by(scripts, "catalog", 0)
    await heard_by(scripts, "other", 1)
    channels.unlisten("other")
    await heard_by(scripts, "other", 0)
    channels.listen("catalog", heard.append)
    await heard_by(scripts, "catalog", 1)


async def test_a_broken_listener_harms_no_other(
    channels: Channels, scripts: Scripts, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[bytes] = []

    def broken(_data: bytes) -> None:
        raise KeyError("mug-blue")

    channels.listen("broken", broken)
    channels.listen("catalog", heard.append)
    await heard_by(scripts, "catalog", 1)

    channels.publish("broken", b"1")
    channels.publish("catalog", b"2")

    await until(lambda: heard == [b"2"])
    assert "a listener to broken failed" in caplog.text


async def test_a_killed_connection_listens_again(channels: Channels, scripts: Scripts) -> None:
    heard: list[bytes] = []
    channels.listen("catalog", heard.append)
    await heard_by(scripts, "catalog", 1)

    for _ in range(3):
        await scripts.command("CLIENT", "KILL", "TYPE", "pubsub")
        await heard_by(scripts, "catalog", 1)
    channels.publish("catalog", b"mug")

    await until(lambda: heard == [b"mug"])


async def test_a_restarted_redis_is_listened_to_again(tmp_path: Path, new_redis: NewRedis) -> None:
    redis = new_redis(tmp_path)
    client = connect(redis.url)
    heard: list[bytes] = []
    async for channels in running(client):
        channels.listen("catalog", heard.append)
        channels.publish("catalog", b"nobody hears it")
        await asyncio.sleep(0.05)
        for n in (1, 2):
            await redis.start()
            scripts = Scripts(client)
            await heard_by(scripts, "catalog", 1)
            channels.publish("catalog", b"mug")
            await until(partial(heard.__eq__, [b"mug"] * n))
            await scripts.close()
            await redis.stop()


async def test_a_connection_that_died_in_silence_is_noticed(
    redis_url: str, scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels_module, "PROBE_S", 0.2)
    monkeypatch.setattr(line, "OPEN_S", 0.5)
    heard: list[bytes] = []
    socket = Path(redis_url.removeprefix("unix://"))

    async def is_heard() -> bool:
        await scripts.command("PUBLISH", "catalog", "mug")
        await asyncio.sleep(0.1)
        return bool(heard)

    async with Wire(tmp_path / "w.sock", socket) as wire:
        async for channels in running(connect(wire.url)):
            channels.listen("catalog", heard.append)
            await heard_by(scripts, "catalog", 1)
            before = len(wire.sent)

            wire.is_swallowing = True
            await asyncio.sleep(1.0)
            wire.is_swallowing = False

            await until_told(is_heard)
            assert any(b"SUBSCRIBE" in sent for sent in wire.sent[before:])
