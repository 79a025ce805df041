"""The echo of the conformance run says back what it hears, on the gateway's own code."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from tests.conformance.echo import echoing


async def test_it_says_back_what_it_hears() -> None:
    async with echoing() as port, connect(f"ws://127.0.0.1:{port}/live", max_size=None) as socket:
        for message in ("", "grüß dich", b"\x00\xff", b"x" * 1_000_000, "y" * 1_000_000):
            await socket.send(message)
            assert await socket.recv() == message


async def test_what_is_not_text_is_refused() -> None:
    async with echoing() as port, connect(f"ws://127.0.0.1:{port}/live") as socket:
        await socket.send(b"\xff", text=True)
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007
