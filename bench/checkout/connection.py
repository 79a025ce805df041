"""One buyer's socket, as cheap as Python allows: frames are made once, replies barely read."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

__all__ = ["Reply", "Socket", "framed"]

Code = Callable[["Reply", float], None]

FIN_BINARY: Final = 0x82
PING: Final = 9
PONG: Final = 0x8A
SHORT: Final = 126
LEAST_HEAD: Final = 2
REQUEST: Final = (
    "GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: yellowcart.v1.msgpack\r\n\r\n"
)


class Reply(msgspec.Struct):
    """A message as far as a buyer has to know it: events have no ``re``."""

    re: int = 0
    ok: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_reply: Final = msgspec.msgpack.Decoder(Reply)
_replies: Final = msgspec.msgpack.Decoder(list[Reply])


def framed(command: dict[str, Any]) -> bytes:
    """A command as a client's frame; a mask of zeros is a mask too."""
    payload = msgspec.msgpack.encode(command)
    size = len(payload)
    head = (
        bytes((FIN_BINARY, 0x80 | size))
        if size < SHORT
        else struct.pack("!BBH", FIN_BINARY, 0x80 | SHORT, size)
    )
    return head + bytes(4) + payload


class Socket(asyncio.Protocol):
    """Shakes hands, then hands on each reply with the time at which it came."""

    def __init__(self, port: int, on_reply: Code) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_reply = on_reply
        self.is_lost = False
        self._port = port
        self._rest = b""

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        self._transport.write(frame)

    def hang_up(self) -> None:
        """Be gone, as a phone that loses its network."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(REQUEST.format(port=self._port).encode())

    def connection_lost(self, error: Exception | None) -> None:
        """Note it."""
        self.is_lost = True
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        now = time.perf_counter()
        data = self._rest + data if self._rest else data
        if not self.opened.done():
            data = self._shake_hands(data)
        at, size = 0, len(data)
        while size - at >= LEAST_HEAD:
            begin, length = payload_at(data, at)
            if begin + length > size:
                break
            self._take(data[at] & 15, data[begin : begin + length], now)
            at = begin + length
        self._rest = data[at:]

    def _shake_hands(self, data: bytes) -> bytes:
        """Read the answer to the upgrade; what comes after it."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._rest = data
            return b""
        if head.startswith(b"HTTP/1.1 101"):
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(head[:60].decode()))
        return rest

    def _take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == PING:
            self._transport.write(bytes((PONG, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
        elif opcode == FIN_BINARY & 15:
            # A fixarray or an array16 is a batch.
            many = 0x90 <= payload[0] <= 0x9F or payload[0] == 0xDC
            for reply in _replies.decode(payload) if many else (_reply.decode(payload),):
                if reply.re:
                    self.on_reply(reply, now)


def payload_at(data: bytes, at: int) -> tuple[int, int]:
    """Where a frame's payload begins and how long it is; beyond the data: not all is there."""
    length = data[at + 1]
    if length < SHORT:
        return at + 2, length
    begin = at + (4 if length == SHORT else 10)
    return begin, int.from_bytes(data[at + 2 : begin], "big") if len(data) >= begin else 1
