"""A bot's socket, on a transport that keeps what is written."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from random import Random
from typing import Any

import pytest

from bots.connection import Connection
from bots.frames import Decoder, encode
from bots.heard import Heard, Latency
from bots.wire import BINARY, CLOSE, CONTINUATION, GUID, PING, PONG, TEXT, Target
from tests.unit.bots.test_wire import from_server

TARGET = Target.of("ws://127.0.0.1:1/live")


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


class Bot:
    """A connection, and what it told its owner."""

    def __init__(self, decoder: Decoder | None = None) -> None:
        self.heard: list[Heard] = []
        self.broken: list[str] = []
        self.codes: list[int] = []
        self.decoder = decoder or Decoder(Latency("a1"))
        self.wire = Wire()
        self.connection = Connection(
            TARGET,
            self.decoder,
            receive=self.heard.append,
            broken=self.broken.append,
            lost=self.codes.append,
        )
        self.connection.connection_made(self.wire)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for heard in self.heard for message in heard.messages]

    def answer(self) -> bytes:
        """What a server answers to the upgrade."""
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", self.wire.written)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + GUID, usedforsecurity=False).digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + accept
            + b"\r\nSec-WebSocket-Protocol: yellowcart.v1.msgpack\r\n\r\n"
        )  # fmt: skip

    def open(self) -> Bot:
        self.connection.data_received(self.answer())
        assert self.connection.is_open
        return self


def event(seq: int) -> bytes:
    return encode({"ev": "chat", "seq": seq, "at": 1, "text": "x" * (seq * 7 % 300)})


@pytest.mark.parametrize("seed", range(5))
async def test_however_the_stream_is_cut_the_messages_are_the_same(seed: int) -> None:
    bot, rng = Bot(), Random(seed)
    stream = bot.answer()
    for seq in range(1, 60):
        payload = event(seq)
        middle = rng.randrange(len(payload))
        if rng.random() < 0.3:
            stream += from_server(BINARY, payload[:middle], fin=False)
            stream += from_server(PING, b"in between")
            stream += from_server(CONTINUATION, payload[middle:])
        else:
            stream += from_server(BINARY, payload)
    while stream:
        size = rng.choice((1, 2, 3, 50, 700))
        bot.connection.data_received(stream[:size])
        stream = stream[size:]

    assert [message["seq"] for message in bot.messages] == list(range(1, 60))
    assert bot.broken == []


async def test_the_same_read_of_another_viewer_is_not_parsed_again() -> None:
    first = Bot().open()
    second = Bot(first.decoder).open()
    read = from_server(BINARY, event(1))

    first.connection.data_received(read)
    second.connection.data_received(bytes(bytearray(read)))

    assert second.heard[0] is first.heard[0]


async def test_a_ping_is_answered_with_its_own_words() -> None:
    bot = Bot().open()

    bot.connection.data_received(from_server(PING, b"there?"))

    assert sent(bot) == [(PONG, b"there?")]


async def test_a_close_is_answered_and_its_code_told() -> None:
    bot = Bot().open()

    bot.connection.data_received(from_server(CLOSE, (4408).to_bytes(2, "big") + b"too slow"))
    assert not bot.connection.is_open
    bot.connection.connection_lost(None)

    assert sent(bot) == [(CLOSE, (4408).to_bytes(2, "big"))]
    assert bot.codes == [4408]


async def test_an_end_without_a_word_is_1006() -> None:
    bot = Bot().open()

    bot.connection.connection_lost(OSError("reset"))

    assert bot.codes == [1006]


@pytest.mark.parametrize(
    "data",
    [
        from_server(TEXT, b"{}"),
        from_server(BINARY, b"\xc1"),
        from_server(CONTINUATION, event(1)),
        from_server(BINARY, event(1), fin=False) + from_server(BINARY, event(1)),
        from_server(BINARY, b"x" * 2**20, fin=False) + from_server(CONTINUATION, b"x"),
        b"\xff\xff",
    ],
)
async def test_who_breaks_the_protocol_is_hung_up_on(data: bytes) -> None:
    bot = Bot().open()

    bot.connection.data_received(data)

    assert len(bot.broken) == 1
    assert bot.wire.is_aborted


def sent(bot: Bot) -> list[tuple[int, bytes]]:
    """What the client sent since the upgrade, unmasked."""
    data = bot.wire.written.partition(b"\r\n\r\n")[2]
    found = []
    while data:
        opcode, size = data[0] & 0x0F, data[1] & 0x7F
        mask, masked, data = data[2:6], data[6 : 6 + size], data[6 + size :]
        found.append((opcode, bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))))
    return found
