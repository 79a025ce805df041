"""An echo on the gateway's own code: every byte comes and goes as a viewer's does."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast
from unittest.mock import patch

from base.clock import SystemClock
from base.settings import Settings
from live.close_codes import REASONS
from live.front import Front, Gateway
from live.meter import Unmetered
from live.wheel import Wheel
from live.wire import Format

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from live.close_codes import CloseCode
    from live.gateway import Connection
    from live.hub import Hub

__all__ = ["echoing"]

MOST: Final = 32 * 1024 * 1024
"""A viewer may send 64 KiB and be sent 2 MiB; the testsuite tries 16 MiB in each direction."""

NOT_UTF8: Final = cast("CloseCode", 1007)
"""A viewer is closed with 4400 instead: what is not UTF-8 is no message of ours."""


class Echo:
    """In a session's place: says back what it is told."""

    fan_out: Final = object()
    left_s: Final = math.inf

    def __init__(self, _: Hub, peer: Connection) -> None:
        self._peer = peer

    def receive(self, raw: bytes, fmt: Format) -> None:
        """Send it as it came."""
        if fmt is Format.JSON and not is_utf8(raw):
            self._peer.close(NOT_UTF8)
            return
        self._peer.fmt = fmt
        self._peer.send(raw)

    def expire(self) -> bool:
        """Nothing here ends."""
        return False

    def leave(self) -> None:
        """It was nowhere."""

    pass_over = catch_up = leave


def is_utf8(raw: bytes) -> bool:
    """Whether it is text."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """Listen on loopback; gives the port."""
    clock = SystemClock()
    wheel = Wheel(clock)
    settings = Settings(secret="an echo keeps no secrets, it has none")
    hub: Any = SimpleNamespace(clock=clock, wheel=wheel, settings=settings, meter=Unmetered())
    gateway = Gateway(hub)
    with (
        patch("live.gateway.Session", Echo),
        patch("live.gateway.MAX_MESSAGE", MOST),
        patch("live.gateway.BUFFER_MOST", MOST),
        patch.dict(REASONS, {NOT_UTF8: "not UTF-8"}),
    ):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Front(gateway, asyncio.Protocol), "127.0.0.1", 0)
        turning = asyncio.create_task(wheel.run())
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for connection in list(gateway.connections):
                connection.drop()
            turning.cancel()
            with suppress(asyncio.CancelledError):
                await turning
