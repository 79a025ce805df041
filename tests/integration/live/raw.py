"""A bare socket: handshakes and frames as no library would write them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
WAIT_S = 10.0


@dataclass
class Raw:
    """An open connection of which every byte is ours."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str = ""

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    async def send(self, payload: bytes, opcode: int = TEXT, *, fin: bool = True) -> None:
        self.writer.write(framed(payload, opcode, fin=fin))
        await self.writer.drain()

    async def say(self, **message: Any) -> None:
        await self.send(json.dumps(message).encode())

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        async with asyncio.timeout(WAIT_S):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def heard(self) -> list[dict[str, Any]]:
        """The messages of the next text frame."""
        message = json.loads(await self.of(TEXT))
        return message if isinstance(message, list) else [message]

    async def of(self, opcode: int) -> bytes:
        """The payload of the next frame of a kind."""
        while True:
            found, payload = await self.frame()
            if found == opcode:
                return payload

    def stop_reading(self) -> None:
        self._pipe.pause_reading()

    def read_again(self) -> None:
        self._pipe.resume_reading()

    @property
    def _pipe(self) -> asyncio.ReadTransport:
        return cast("asyncio.ReadTransport", self.writer.transport)

    async def close_code(self) -> int:
        """The code with which the server closes."""
        return int(struct.unpack("!H", (await self.of(CLOSE))[:2])[0])

    async def ended(self) -> bool:
        """Whether the server lets the connection go, whatever it still says."""
        try:
            async with asyncio.timeout(WAIT_S):
                while await self.reader.read(1 << 16):
                    pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True


def framed(payload: bytes, opcode: int = TEXT, *, fin: bool = True) -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = bytes([0x80 | 126]) + struct.pack("!H", size)
    else:
        length = bytes([0x80 | 127]) + struct.pack("!Q", size)
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([fin << 7 | opcode]) + length + mask + masked


@asynccontextmanager
async def raw(port: int, receive_buffer: int = 0) -> AsyncIterator[Raw]:
    """Connect without a word."""
    plug = socket.socket()
    plug.setblocking(False)
    if receive_buffer:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=plug, limit=1 << 22)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


def upgrade(port: int, path: str = "/live", **headers: str) -> bytes:
    """A request for the upgrade; headers as keywords, ``_`` for ``-``, an empty one left out."""
    fields = {
        "Host": f"127.0.0.1:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    fields |= {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {text}" for name, text in fields.items() if text)]
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def handshake(
    port: int, *, path: str = "/live", receive_buffer: int = 0, **headers: str
) -> AsyncIterator[Raw]:
    """Ask for it, and read the answer's head."""
    async with raw(port, receive_buffer) as opened:
        opened.writer.write(upgrade(port, path, **headers))
        async with asyncio.timeout(WAIT_S):
            opened.head = (await opened.reader.readuntil(b"\r\n\r\n")).decode()
        yield opened
