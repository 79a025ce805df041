"""A connection of one's own is closed, however its opening ends."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from store.redis.connect import connect
from store.redis.line import Line
from tests.wire import Wire

pytestmark = pytest.mark.redis


async def test_an_opening_that_is_cancelled_leaves_no_connection(
    redis_url: str, tmp_path: Path
) -> None:
    async with Wire(tmp_path / "wire.sock", Path(redis_url.removeprefix("unix://"))) as wire:
        wire.is_swallowing = True
        line = Line(connect(wire.url))
        opening = asyncio.create_task(line.open())
        await asyncio.sleep(0.1)

        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)

        assert not line.is_open
        del line, opening
        # An open connection would warn here, and a warning fails a test.
        gc.collect()


async def test_two_openings_at_once_leave_one_connection(redis_url: str) -> None:
    line = Line(connect(redis_url))

    await asyncio.gather(line.open(), line.open())

    assert await line.ask("PING") == b"PONG"
    await line.close()
    gc.collect()
