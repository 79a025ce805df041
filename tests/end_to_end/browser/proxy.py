"""A TCP proxy before a server, whose line a test can cut.

Playwright's own offline switch leaves open WebSockets alone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.served import Served

__all__ = ["Proxy", "proxy_to"]

CHUNK: Final = 64 * 1024
RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 seconds: a close sends a reset, as a dead line does in the end."""


class Proxy:
    """Passes bytes between browsers and a port of this machine; made by ``proxy_to``.

    Attributes:
        port: Where it listens.
        connections: How many it has passed on since it began.

    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.connections = 0
        self._target_port = target_port
        self._is_cut = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._open: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset every connection, and each new one at once, until ``mend``."""
        self._is_cut = True
        self._flowing.set()
        for writers in self._open.values():
            for writer in writers:
                _reset(writer)

    def freeze(self) -> None:
        """Pass nothing on and close nothing, as a tunnel does to a train, until ``mend``."""
        self._flowing.clear()

    def mend(self) -> None:
        """Be a good line again; what was frozen goes on where it stopped."""
        self._is_cut = False
        self._flowing.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection until an end closes it."""
        if self._is_cut:
            _reset(writer)
            return
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = (writer,)
        try:
            await self._flowing.wait()
            back, forth = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._open[task] = (writer, forth)
            self.connections += 1
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, forth))
                group.create_task(self._pump(back, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the server is away, or the test is over
        finally:
            for ours in self._open.pop(task):
                ours.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    async def end(self) -> None:
        """Close what is open."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def proxy_to(served: Served) -> AsyncIterator[Proxy]:
    """A proxy before a server, on a free port."""
    proxy = Proxy(served.port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()


def _reset(writer: asyncio.StreamWriter) -> None:
    endpoint: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    writer.transport.abort()
