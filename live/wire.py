"""The wire: messages in and out, JSON or MessagePack, and the frames around them.

Incoming bytes are read by the plain json and msgpack libraries, whose hooks see every pair,
so that duplicate keys are found; msgspec then checks types and bounds. Outgoing messages
are encoded by msgspec, once per format.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgpack
import msgspec

from base import strict_json
from base.errors import YellowcartError
from base.money import SAFE_INTEGER
from base.strict_json import unique

__all__ = [
    "MAX_MESSAGE",
    "BrokenMessage",
    "Format",
    "decode",
    "encode",
    "error_reply",
    "frame",
    "framed",
    "joined",
    "lone_frame",
    "unmasked",
]

MAX_MESSAGE: Final = 16 * 1024
"""Bytes of a client's message."""

MAX_BATCH: Final = 256 * 1024
"""A batch is cut here, well under the contract's 1 MiB for a server message."""

MAX_ITEMS: Final = 1024
"""Of a MessagePack array or map: its decoder reserves the memory before it reads them."""

SHORT: Final = 126
MEDIUM: Final = 0x10000
"""Below these a frame's length stands in 7 bits, in 16; above in 64 (RFC 6455, 5.2)."""

FINAL: Final = 0x80
MASKED: Final = 0x80
SHORT_HEAD: Final = 6
MEDIUM_HEAD: Final = 8
"""Bytes before what a client's frame carries, the mask among them."""

FIX_ARRAY: Final = 16
"""MessagePack arrays shorter than this have a head of one byte."""

MAX_STRING: Final = MAX_MESSAGE


class BrokenMessage(Exception):
    """The bytes are no message at all: the connection closes with 4400."""


class Format(Enum):
    """How a connection's messages are written: name, WebSocket opcode, subprotocol."""

    JSON = ("json", 0x1, "yellowcart.v1.json")
    MSGPACK = ("msgpack", 0x2, "yellowcart.v1.msgpack")

    def __init__(self, label: str, opcode: int, subprotocol: str) -> None:
        self.label = label
        self.opcode = opcode
        self.subprotocol = subprotocol

    # Enum's own is a call of Python's that hashes the name; frames are found by their format.
    __hash__ = object.__hash__


_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


def encode(message: object, fmt: Format) -> bytes:
    """One message as bytes of a format."""
    return _json.encode(message) if fmt is Format.JSON else _msgpack.encode(message)


def joined(messages: list[bytes], fmt: Format) -> list[bytes]:
    """Encoded messages as few messages: arrays, each below :data:`MAX_BATCH` if it can be."""
    batches: list[list[bytes]] = [[]]
    size = 0
    for message in messages:
        if batches[-1] and size + len(message) > MAX_BATCH:
            batches.append([])
            size = 0
        batches[-1].append(message)
        size += len(message) + 1
    return [_array(batch, fmt) for batch in batches if batch]


def _array(messages: list[bytes], fmt: Format) -> bytes:
    if len(messages) == 1:
        return messages[0]
    if fmt is Format.JSON:
        return b"[" + b",".join(messages) + b"]"
    count = len(messages)
    head = bytes([0x90 | count]) if count < FIX_ARRAY else b"\xdc" + count.to_bytes(2, "big")
    return head + b"".join(messages)


def error_reply(command: int, error: YellowcartError) -> dict[str, object]:
    """The reply to a command that could not be done."""
    body: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data:
        body["data"] = error.data
    return {"re": command, "error": body}


def frame(payload: bytes, opcode: int) -> bytes:
    """An unmasked, final WebSocket frame (RFC 6455, 5.2): good for every socket."""
    size = len(payload)
    if size < SHORT:
        return bytes((0x80 | opcode, size)) + payload
    if size < MEDIUM:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def lone_frame(data: bytes) -> int | None:
    """The opcode of a client's frame that is final, and all there is; None: it is not so.

    As RFC 6455, 5.2 has it, of at most :data:`MAX_MESSAGE`; anything odd is for the library.
    """
    size = len(data) - SHORT_HEAD
    if size < 0 or data[0] & 0xF0 != FINAL:
        return None
    if data[1] == MASKED | size and size < SHORT:
        return data[0] & 0x0F
    size = len(data) - MEDIUM_HEAD
    is_whole = data[1] == MASKED | 126 and int.from_bytes(data[2:4], "big") == size
    return data[0] & 0x0F if is_whole and SHORT <= size <= MAX_MESSAGE else None


def unmasked(data: bytes) -> bytes:
    """What the frame carries that is all of ``data``."""
    head = SHORT_HEAD if data[1] & 0x7F < SHORT else MEDIUM_HEAD
    size = len(data) - head
    mask = (data[head - 4 : head] * (size // 4 + 1))[:size]
    return (int.from_bytes(data[head:], "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def framed(messages: list[bytes], fmt: Format) -> bytes:
    """Encoded messages as frames: one, unless they are too much for one; none for none."""
    return b"".join(frame(message, fmt.opcode) for message in joined(messages, fmt))


def decode(raw: bytes, fmt: Format) -> dict[str, object]:
    """A client's message: one map with a valid ``id`` and an ``op``.

    Raises:
        BrokenMessage: It is anything else, or has duplicate keys, trailing bytes, or text
            that is not Unicode.

    """
    try:
        message = strict_json.loads(raw) if fmt is Format.JSON else _from_msgpack(raw)
    except (ValueError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise BrokenMessage("not a message") from error
    if not isinstance(message, dict):
        raise BrokenMessage("not a map")
    ident, op = message.get("id"), message.get("op")
    if type(ident) is not int or not 1 <= ident <= SAFE_INTEGER:
        raise BrokenMessage("no valid id")
    if not isinstance(op, str):
        raise BrokenMessage("no op")
    return message


def _from_msgpack(raw: bytes) -> object:
    return msgpack.unpackb(
        raw,
        raw=False,
        strict_map_key=True,
        object_pairs_hook=unique,
        max_array_len=MAX_ITEMS,
        max_map_len=MAX_ITEMS,
        max_str_len=MAX_STRING,
        max_bin_len=0,
        max_ext_len=0,
    )
