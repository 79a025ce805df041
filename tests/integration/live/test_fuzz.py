"""Whatever bytes come in, no exception escapes and nothing stays behind.

``make fuzz`` asks for a million inputs instead of twenty thousand, by ``FUZZ_INPUTS``; a
failure names its number, and the same number of inputs makes the same ones.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
from typing import TYPE_CHECKING, Any, Final, cast

import msgpack
import msgspec
import pytest

from base.errors import Invalid
from live.commands import BY_OP, parse
from live.crowd import Member
from live.fan_out import FanOut
from live.front import Front, Gateway
from live.gateway import Connection
from live.wire import BrokenMessage, Format, decode, encode
from tests.mutator import Mutator
from tests.waiting import until

if TYPE_CHECKING:
    from tests.integration.live.house import House

INPUTS: Final = int(os.environ.get("FUZZ_INPUTS", "20000"))
TOGETHER: Final = 50
"""Connections at a time; their commands go to the stores meanwhile."""

HANDSHAKE: Final = (
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n%b\r\n"
)
PROTOCOLS: Final = {
    Format.JSON: b"Sec-WebSocket-Protocol: yellowcart.v1.json\r\n",
    Format.MSGPACK: b"Sec-WebSocket-Protocol: yellowcart.v1.msgpack\r\n",
}
MESSAGES: Final[tuple[dict[str, object], ...]] = (
    {"id": 1, "op": "join", "show": "demo", "since": {"epoch": "e", "seq": 1}},
    {"id": 2, "op": "ping"},
    {"id": 3, "op": "like", "count": 3},
    {"id": 4, "op": "chat.send", "text": "is the blue one back 😍"},
    {"id": 5, "op": "cart.add", "sku": "tote", "qty": 1},
    {"id": 6, "op": "cart.set", "sku": "tote", "qty": 0},
    {"id": 7, "op": "buy", "sku": "mug-blue", "qty": 1, "key": "k-1"},
    {"id": 8, "op": "checkout.get"},
    {"id": 9, "op": "auth", "token": "e30.e30.e30"},
    {"id": 10, "op": "pin", "product": "tote"},
    {"id": 11, "op": "viewer.mute", "viewer": "leo", "seconds": 60},
)
JOIN: Final = {"id": 1, "op": "join", "show": "demo"}


def masked(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A client's frame; a mask of zeros leaves the payload as it is."""
    size = len(payload)
    short, long = bytes([0x80 | size & 127]), bytes([0x80 | 126]) + size.to_bytes(2, "big")
    length = short if size < 126 else long
    return bytes([0x80 * fin | opcode]) + length + bytes(4) + payload


def conversation(fmt: Format) -> bytes:
    frames = [masked(fmt.opcode, encode(message, fmt)) for message in (JOIN, *MESSAGES)]
    half = encode(MESSAGES[1], fmt)
    parts = [masked(fmt.opcode, half[:5], fin=False), masked(0, half[5:])]
    control = [masked(9, b"there?"), masked(10, b""), masked(8, (1000).to_bytes(2, "big"))]
    return b"".join([HANDSHAKE % PROTOCOLS[fmt], *frames, *parts, *control])


class Transport:
    """A socket without a network."""

    def __init__(self) -> None:
        self.protocol: Any = None
        self.is_over = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 4711) if name == "peername" else None

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        assert data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.is_over

    def close(self) -> None:
        self.is_over = True

    abort = close


class Swallows(asyncio.Protocol):
    """HTTP: another library's business."""


async def talk(gateway: Gateway, fuzz: Mutator, data: bytes) -> None:
    transport = Transport()
    transport.protocol = Front(gateway, Swallows)
    transport.protocol.connection_made(cast("asyncio.Transport", transport))
    for number, piece in enumerate(fuzz.pieces(data)):
        if transport.is_over:
            break
        transport.protocol.data_received(piece)
        if number % 5 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    transport.protocol.eof_received()
    transport.protocol.connection_lost(None)


async def test_no_bytes_break_a_connection_and_none_stays_behind(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = house.a.node.gateway
    room = await house.a.node.hub.rooms.get("demo")
    entered: list[object] = []
    enter = FanOut.enter

    def count(room: FanOut, member: Member) -> None:
        entered.append(member.fmt)
        enter(room, member)

    monkeypatch.setattr(FanOut, "enter", count)
    fuzz = Mutator(1, [conversation(fmt) for fmt in Format] + [HANDSHAKE % b"", b"GET / HTTP/1.1"])
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
    with caplog.at_level(logging.ERROR):
        for start in range(0, INPUTS // 2, TOGETHER):
            inputs = [fuzz.next() for _ in range(TOGETHER)]
            async with asyncio.timeout(60):
                await asyncio.gather(*(talk(gateway, fuzz, data) for data in inputs))
            assert not seen, f"input {start} or the {TOGETHER} after it"
            assert not caplog.records, f"input {start} or the {TOGETHER} after it"

    await until(lambda: not len(house.a.node.hub.tasks), within_s=60)
    assert len(room) == 0
    assert len(entered) > INPUTS // 50, "many must come far enough to test something"
    assert not gateway.connections
    assert not gateway.paused
    assert not gateway._addresses
    assert not house.a.node.hub.private._sockets
    # Those who waited for a deadline are let go when it comes.
    house.clock.advance(120_000)
    house.a.node.hub.wheel.turn()
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is Connection]


def samples(fmt: Format) -> list[bytes]:
    write = json.dumps if fmt is Format.JSON else msgpack.packb
    written = [write(message) for message in MESSAGES]
    return [text.encode() if isinstance(text, str) else text for text in written]


@pytest.mark.parametrize("fmt", Format)
def test_no_bytes_break_a_codec(fmt: Format) -> None:
    fuzz = Mutator(2, samples(fmt))
    commands = 0
    for number in range(INPUTS // 4):
        data = fuzz.next()
        try:
            message = decode(data, fmt)
            encode(message, fmt)
            command = parse(message)
        except (BrokenMessage, Invalid):
            continue
        except Exception as error:
            raise AssertionError(f"input {number}: {data!r}") from error
        commands += 1
        assert type(command) is BY_OP[str(message["op"])]
        assert msgspec.to_builtins(command)["id"] == message["id"]

    assert commands > INPUTS // 100, "most inputs must come far enough to test something"
