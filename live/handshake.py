"""The opening handshake of a WebSocket (RFC 6455, 4.2), as browsers and libraries write it.

A crowd that comes at once is mostly this. What is unusual in any way is not decided here but
left to ``websockets``' own parser, which takes ten times as long and knows what to answer.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from http import HTTPStatus
from typing import Final

from base.errors import STATUS, YellowcartError
from live.wire import Format, encode

__all__ = [
    "FOREIGN_ORIGIN",
    "FORMATS",
    "MAX_HEAD",
    "NO_HANDSHAKE",
    "Upgrade",
    "accepted",
    "chosen",
    "read",
    "refused",
]

MAX_HEAD: Final = 16 * 1024
"""Bytes of a request's head."""

REQUEST: Final = re.compile(rb"GET [\x21-\x7e]+ HTTP/1\.1\r\n")
TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
HEADER: Final = re.compile(rb"(%b):([\t\x20-\x7e]*)\r\n" % TOKEN)
TOKENS: Final = re.compile(rb"%b(?:[ \t]*,[ \t]*%b)*" % (TOKEN, TOKEN))
EXTENSION: Final = rb"%b(?:[ \t]*;[ \t]*%b(?:=%b)?)*" % (TOKEN, TOKEN, TOKEN)
EXTENSIONS: Final = re.compile(rb"%b(?:[ \t]*,[ \t]*%b)*" % (EXTENSION, EXTENSION))
"""Each of them reads a sign once: blanks without end cost no more than other signs."""

LISTS: Final = frozenset({b"origin", b"x-forwarded-for"})
"""Headers that may come more than once: all count."""

READ: Final = LISTS | {
    b"host",
    b"upgrade",
    b"connection",
    b"sec-websocket-key",
    b"sec-websocket-version",
    b"sec-websocket-protocol",
    b"sec-websocket-extensions",
}
BODY: Final = frozenset({b"content-length", b"transfer-encoding"})
FORMATS: Final = {fmt.subprotocol: fmt for fmt in Format}
KEY_BYTES: Final = 16
MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

FOREIGN_ORIGIN: Final = (
    "This page's origin may not connect here. Name it in YELLOWCART_ALLOWED_ORIGINS."
)
NO_HANDSHAKE: Final = (
    "This is a WebSocket: connect with a WebSocket client, version 13, and offer "
    "yellowcart.v1.json, yellowcart.v1.msgpack or no subprotocol."
)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request to become a WebSocket.

    Attributes:
        key: What the answer has to be made of.
        host: Whom the client believes to talk to; empty: it does not say.
        origins: The pages that ask; none: no browser.
        forwarded: Through which proxies it came, the last one last.
        protocols: The subprotocols offered, the most wanted first.

    """

    key: bytes
    host: str
    origins: tuple[str, ...]
    forwarded: str
    protocols: tuple[str, ...]


def read(head: bytes) -> Upgrade | None:
    """A request's head, up to and with its empty line; None: not as usual, ask the library."""
    line = REQUEST.match(head)
    headers = None if line is None else _headers(head, line.end())
    if headers is None:
        return None
    connection = headers.get(b"connection", b"").lower()
    key = headers.get(b"sec-websocket-key", b"")
    if (
        headers.get(b"upgrade", b"").lower() != b"websocket"
        or b"upgrade" not in map(bytes.strip, connection.split(b","))
        or headers.get(b"sec-websocket-version") != b"13"
        or not _is_key(key)
        or not TOKENS.fullmatch(connection)
        or not TOKENS.fullmatch(headers.get(b"sec-websocket-protocol", b"none"))
        or not EXTENSIONS.fullmatch(headers.get(b"sec-websocket-extensions", b"none"))
    ):
        return None
    return Upgrade(
        key,
        headers.get(b"host", b"").decode(),
        _several(headers.get(b"origin"), "\n"),
        headers.get(b"x-forwarded-for", b"").decode().replace("\n", ","),
        _several(headers.get(b"sec-websocket-protocol"), ","),
    )


def chosen(protocols: Sequence[str]) -> str | None:
    """The first subprotocol of those offered that we speak."""
    return next((name for name in protocols if name in FORMATS), None)


def accepted(key: bytes, protocol: str | None) -> bytes:
    """The answer that opens the socket."""
    proof = b64encode(sha1(key + MAGIC, usedforsecurity=False).digest())
    chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n".encode() if protocol else b""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n%b\r\n" % (proof, chosen)
    )


def refused(error: YellowcartError) -> tuple[HTTPStatus, str]:
    """The answer to who may not come in, as HTTP answers errors (RFC 9457)."""
    status = HTTPStatus(STATUS[error.code])
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": error.message,
        "code": error.code,
    }
    return status, encode(problem, Format.JSON).decode()


def _headers(head: bytes, start: int) -> dict[bytes, bytes] | None:
    """Those that count, by name in small letters; None: the head is not as usual."""
    found: dict[bytes, bytes] = {}
    end = len(head) - 2
    while start < end:
        header = HEADER.match(head, start)
        if header is None:
            return None
        start = header.end()
        name = header[1].lower()
        if name in BODY:
            return None
        if name not in READ:
            continue
        value = header[2].strip(b" \t")
        if name not in found:
            found[name] = value
        elif name in LISTS:
            found[name] += b"\n" + value
        else:
            return None
    return found


def _is_key(key: bytes) -> bool:
    try:
        return len(a2b_base64(key, strict_mode=True)) == KEY_BYTES
    except Error:
        return False


def _several(value: bytes | None, between: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if between.encode() not in value:
        return (value.decode(),)
    return tuple(part.strip() for part in value.decode().split(between))
