"""RFC 6455 as a client needs it: the upgrade, the server's frames, our own."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "MAX_MESSAGE",
    "PING",
    "PONG",
    "TEXT",
    "Frame",
    "HandshakeFailed",
    "ProtocolError",
    "Target",
    "framed",
    "parse",
]

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
OPCODES: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})

MAX_MESSAGE: Final = 2**20
"""The contract: server messages stay under 1 MiB."""

MAX_CONTROL: Final = 125
LENGTH_16: Final = 126
LENGTH_64: Final = 127
GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class HandshakeFailed(Exception):
    """The server did not open a WebSocket with our subprotocol."""


class ProtocolError(Exception):
    """A frame that no server may send."""


class Frame(NamedTuple):
    """Where a frame's payload lies in what was read."""

    opcode: int
    is_last: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Target:
    """A WebSocket's address."""

    host: str
    port: int
    path: str
    is_secure: bool
    authority: str

    @classmethod
    def of(cls, url: str) -> Target:
        """Read ``ws://host:port/path`` or ``wss://…``."""
        parts = urlsplit(url)
        is_secure = parts.scheme == "wss"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = parts.port or (443 if is_secure else 80)
        return cls(parts.hostname or "", port, path, is_secure, parts.netloc.rpartition("@")[2])

    def upgrade(self, key: bytes, subprotocol: str) -> bytes:
        """The request that asks for a WebSocket."""
        lines = (
            f"GET {self.path} HTTP/1.1",
            f"Host: {self.authority}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {subprotocol}",
        )
        return "\r\n".join([*lines, "", ""]).encode()


def new_key() -> bytes:
    """A key of one upgrade."""
    return base64.b64encode(os.urandom(16))


def check_upgrade(head: bytes, key: bytes, subprotocol: str) -> None:
    """Look whether the server took the upgrade.

    Raises:
        HandshakeFailed: Another status, key or subprotocol.

    """
    status, *lines = head.decode("latin-1").split("\r\n")
    if status.split(" ")[1:2] != ["101"]:
        raise HandshakeFailed(f"the server answered {status[:100]!r}")
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    headers = {name.lower(): value.strip() for name, value in fields.items()}
    wanted = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    if headers.get("sec-websocket-accept", "").encode("latin-1") != wanted:
        raise HandshakeFailed("the server accepted another key than ours")
    if headers.get("sec-websocket-protocol") != subprotocol:
        raise HandshakeFailed(f"the server does not speak {subprotocol}")


def parse(data: bytes, at: int) -> Frame | None:
    """The frame that begins at a place; None: the rest of it has not come.

    Raises:
        ProtocolError: Masked, compressed, of no known kind, or too large.

    """
    if len(data) < at + 2:
        return None
    first, length = data[at], data[at + 1]
    opcode, start = first & 0x0F, at + 2
    if first & 0x70 or length & 0x80 or opcode not in OPCODES:
        raise ProtocolError(f"a frame begins with {data[at : at + 2].hex()}")
    if opcode >= CLOSE and (length > MAX_CONTROL or not first & 0x80):
        raise ProtocolError("a control frame is too long, or in pieces")
    if length >= LENGTH_16:
        start += 2 if length == LENGTH_16 else 8
        if len(data) < start:
            return None
        length = int.from_bytes(data[at + 2 : start], "big")
        if length > MAX_MESSAGE:
            raise ProtocolError(f"a message of {length} bytes is over 1 MiB")
    end = start + length
    return Frame(opcode, first >= 0x80, start, end) if len(data) >= end else None  # noqa: PLR2004


def framed(opcode: int, payload: bytes) -> bytes:
    """A whole frame of a client, masked as it must be."""
    size, mask = len(payload), os.urandom(4)
    if size <= MAX_CONTROL:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 2**16:
        head = bytes((0x80 | opcode, 0x80 | LENGTH_16)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | LENGTH_64)) + size.to_bytes(8, "big")
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
