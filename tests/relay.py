"""A relay between our code and a true server that fails as networks do.

It stands at the socket and knows no protocol: it may stop passing anything on, lead elsewhere, or
let a request through, wait until it was answered, and keep the answer.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Place", "Relay", "relaying"]

Place = Path | int
"""A unix socket, or a port of loopback."""

CHUNK: Final = 65_536


class Relay:
    """Passes bytes between whoever connects and a server.

    Args:
        target: Where the server is.

    Attributes:
        place: Where the relay listens.
        swallowed: Answers that were kept.

    """

    def __init__(self, target: Place) -> None:
        self.place: Place = 0
        self.swallowed = 0
        self._target = target
        self._mark = b""
        self._flows = asyncio.Event()
        self._flows.set()
        self._links: set[asyncio.Task[None]] = set()

    def swallow(self, mark: bytes) -> None:
        """Keep the answer to the next request that contains ``mark``, once, and hang up."""
        self._mark = mark

    def cut(self) -> None:
        """Pass nothing on from now on; nobody is told."""
        self._flows.clear()

    async def lead_to(self, target: Place) -> None:
        """Hang up on everybody; who comes back finds another server."""
        self._target = target
        await self.hang_up()
        self._flows.set()

    async def hang_up(self) -> None:
        """End every connection."""
        links = tuple(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        with suppress(OSError):
            upstream, downstream = await _connected(self._target)
            link = _Link(self)
            passing = {
                asyncio.create_task(link.ask(reader, downstream)),
                asyncio.create_task(link.answer(upstream, writer)),
            }
            try:
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in passing:
                    task.cancel()
                await asyncio.gather(*passing, return_exceptions=True)
                downstream.close()
        writer.close()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection in."""
        task = asyncio.create_task(self.serve(reader, writer))
        self._links.add(task)

        def end(_: object) -> None:
            self._links.discard(task)
            writer.close()

        task.add_done_callback(end)

    def takes(self, request: bytes) -> bool:
        """Whether the answer to this is to be kept; true once."""
        if not self._mark or self._mark not in request:
            return False
        self._mark = b""
        return True

    async def may_pass(self) -> None:
        """Wait while the relay is cut."""
        await self._flows.wait()


class _Link:
    """One connection through the relay."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._tail = b""
        self._is_marked = False

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._relay.may_pass()
            # A mark may be cut in two by the socket.
            self._is_marked |= self._relay.takes(self._tail + data)
            self._tail = data[-200:]
            writer.write(data)
            await writer.drain()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._relay.may_pass()
            if self._is_marked:
                self._relay.swallowed += 1
                return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def relaying(target: Place, at: Path | None = None) -> AsyncIterator[Relay]:
    """Listen on a free port of loopback, or on the unix socket ``at``, until the block ends."""
    relay = Relay(target)
    if at is None:
        server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
        relay.place = server.sockets[0].getsockname()[1]
    else:
        server = await asyncio.start_unix_server(relay.accept, str(at))
        relay.place = at
    try:
        yield relay
    finally:
        server.close()
        await relay.hang_up()


async def _connected(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, Path):
        return await asyncio.open_unix_connection(str(place))
    return await asyncio.open_connection("127.0.0.1", place)
