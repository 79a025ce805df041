"""A proxy between the bots and a true server that lies in one chosen way.

It stands at TCP: HTTP passes unchanged, and of a WebSocket the server's frames are cut out, so
that whole frames can be dropped, doubled or rewritten. It knows nothing of the server's code.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgpack  # it ships no types

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BINARY_FIN: Final = 0x82
EXTRA_UNITS: Final = 10_000
"""More than any shelf holds."""


class Lie(StrEnum):
    """What the proxy does wrong."""

    NONE = "none"
    """Nothing: proves that it is the lie that the bots notice."""
    DROP = "drop"
    """Every third ``pinned`` of every connection never arrives."""
    DOUBLE = "double"
    """Every third frame with feed events arrives twice."""
    OVERSELL = "oversell"
    """Paid checkouts are of more units than the shop ever had."""


class LyingProxy:
    """Listens on a free port and passes everything on, more or less.

    Args:
        target: Host and port of the server.
        lie: What to do wrong.

    Attributes:
        port: Where it listens.
        lies: How often it lied.

    """

    def __init__(self, target: tuple[str, int], lie: Lie) -> None:
        self.port = 0
        self.lies = 0
        self._target = target
        self._lie = lie

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            upstream_writer.write(request)
            is_live = request.startswith(b"GET /live")
            back = self._pass_frames if is_live else _pass_bytes
            passing = {
                asyncio.create_task(_pass_bytes(reader, upstream_writer)),
                asyncio.create_task(back(upstream_reader, writer)),
            }
            _, left = await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
        upstream_writer.close()
        writer.close()

    async def _pass_frames(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        counted = 0
        while True:
            first, payload = await _read_frame(reader)
            frames = [_frame(first, payload)]
            if first == BINARY_FIN:
                content = msgpack.unpackb(payload)
                messages = content if isinstance(content, list) else [content]
                counted += self._concerns(messages)
                frames = self._lied(frames, messages, counted)
            writer.write(b"".join(frames))
            await writer.drain()

    def _concerns(self, messages: list[dict[str, Any]]) -> bool:
        """Whether the lie may befall this frame."""
        match self._lie:
            case Lie.DROP:
                return any(message.get("ev") == "pinned" for message in messages)
            case Lie.DOUBLE:
                return any("seq" in message for message in messages)
            case Lie.OVERSELL:
                return any(_paid_checkout(message) for message in messages)
            case Lie.NONE:
                return False

    def _lied(
        self, frames: list[bytes], messages: list[dict[str, Any]], counted: int
    ) -> list[bytes]:
        if not self._concerns(messages) or (self._lie is not Lie.OVERSELL and counted % 3):
            return frames
        self.lies += 1
        if self._lie is Lie.DROP:
            kept = [message for message in messages if message.get("ev") != "pinned"]
            return [_frame(BINARY_FIN, msgpack.packb(kept))] if kept else []
        if self._lie is Lie.DOUBLE:
            return frames * 2
        for message in messages:
            for line in (_paid_checkout(message) or {}).get("lines", []):
                line["qty"] += EXTRA_UNITS
        return [_frame(BINARY_FIN, msgpack.packb(messages))]


def _paid_checkout(message: dict[str, Any]) -> dict[str, Any] | None:
    holder = message if message.get("ev") == "checkout" else message.get("ok", {})
    checkout: dict[str, Any] | None = holder.get("checkout")
    return checkout if checkout and checkout["state"] == "paid" else None


async def _pass_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """A server's frame (RFC 6455, 5.2): its first byte and its payload, which is unmasked."""
    first, length = await reader.readexactly(2)
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8), "big")
    return first, await reader.readexactly(length)


def _frame(first: int, payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes([first, len(payload)]) + payload
    if len(payload) < 65_536:
        return bytes([first, 126]) + len(payload).to_bytes(2, "big") + payload
    return bytes([first, 127]) + len(payload).to_bytes(8, "big") + payload


@asynccontextmanager
async def lying(target: tuple[str, int], lie: Lie) -> AsyncIterator[LyingProxy]:
    """Serve on a free port of loopback until the block ends."""
    proxy = LyingProxy(target, lie)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
