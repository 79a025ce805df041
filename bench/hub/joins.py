"""Complete joins on one core, without a network: how many a second, and what each part takes.

The real front, handshake, session and room, on transports that only count what is written.
``idle`` shows the same with sockets, a kernel and a crowd.
"""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast
from unittest.mock import patch

import uvloop
from websockets.protocol import Protocol

from base.clock import SystemClock
from base.settings import Settings
from base.tokens import Tokens
from bench.hub.servers import BROWSER
from bench.hub.stage import SHOW, at_home, fan_out
from bots.wire import TEXT, framed, new_key
from live import handshake, session
from live.fan_out import FanOut
from live.front import Front, Gateway
from live.gateway import Connection
from live.hub import Hub
from live.private import Channels, Private
from live.rooms import Rooms
from live.session import Session
from live.wheel import Wheel

__all__ = ["Joins", "joins"]

ROUND: Final = 200
ROUNDS: Final = 25
PARTS: Final[dict[str, list[tuple[Any, str]]]] = {
    "handshake": [(handshake, "read"), (handshake, "accepted"), (handshake, "chosen")],
    "opening": [(Connection, "_open"), (Connection, "connection_made")],
    "frame": [(Protocol, "receive_data")],
    "command": [(session, "decode"), (session, "_parse")],
    "token": [(Tokens, "guest")],
    "answer": [(FanOut, "snapshot"), (session, "encode")],
    "sending": [(Connection, "send")],
    "entering": [(Session, "_enter")],
}
"""None of them within another."""

SECRET: Final = secrets.token_hex(32)
JOIN: Final = {"id": 1, "op": "join", "show": SHOW.id}


@dataclass(frozen=True, slots=True)
class Joins:
    """What was measured.

    Attributes:
        per_second: Upgrade, join, token, snapshot: of a guest, in the best round.
        answer: Bytes of the answer.
        parts: Of the time, each part's share: the median of the rounds.

    """

    per_second: float
    answer: int
    parts: dict[str, float]

    def __str__(self) -> str:
        """The whole, then its parts, the largest first."""
        parts = sorted(self.parts.items(), key=lambda part: -part[1])
        shares = ", ".join(f"{name} {share:.0%}" for name, share in parts)
        return (
            f"{self.per_second:,.0f} complete joins a second without a network, answered with "
            f"{self.answer:,} bytes\n  {shares}"
        )


def joins() -> Joins:
    """Let guests come, in JSON, with a browser's headers."""
    with at_home(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_joins())


class Sink(asyncio.Transport):
    """A transport that takes everything, and keeps nothing: memory must not be what is timed.

    Attributes:
        last: Written last, to any of them.

    """

    last: ClassVar[bytes] = b""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand over."""
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits here."""

    def get_write_buffer_size(self) -> int:
        """Nothing waits here."""
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the last."""
        Sink.last = bytes(data)

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nothing is read here."""

    def is_closing(self) -> bool:
        """It never is."""
        return False


class House:
    """A node of one show, without stores."""

    def __init__(self) -> None:
        self.room = fan_out()
        settings, clock = Settings(secret=SECRET), SystemClock()
        nothing = cast("Any", None)
        self.hub = Hub(
            settings=settings,
            clock=clock,
            tokens=Tokens(settings.secret, clock),
            rooms=cast("Rooms", OneRoom(self.room)),
            private=Private(cast("Channels", Deaf()), clock),
            handlers=nothing,
            carts=nothing,
            wheel=Wheel(clock),
        )
        self.gateway = Gateway(self.hub)

    def admit(self, request: bytes, join: bytes) -> None:
        """One complete join."""
        sink = Sink()
        front = Front(self.gateway, cast("Any", None))
        front.connection_made(sink)
        front.data_received(request)
        cast("asyncio.Protocol", sink.protocol).data_received(join)


class OneRoom:
    """The rooms of a node that has one."""

    def __init__(self, room: FanOut) -> None:
        self._room = room

    def now(self, _: str) -> FanOut:
        """The room, which is open."""
        return self._room

    async def get(self, _: str) -> FanOut:
        """The room, which is open."""
        return self._room


class Deaf:
    """Pub/sub that nobody uses."""

    def listen(self, channel: str, on_message: Callable[[bytes], None]) -> None:
        """Nothing comes."""

    def unlisten(self, channel: str) -> None:
        """Nothing came."""

    def publish(self, channel: str, data: bytes) -> None:
        """Nobody hears."""


class Watch:
    """Times calls where they happen: caches are as cold as they are in a join.

    Attributes:
        spent_s: By the name of the part.

    """

    def __init__(self) -> None:
        self.spent_s: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time all parts for a while."""
        with ExitStack() as stack:
            for part, places in PARTS.items():
                for place, name in places:
                    timed = self._timed(part, getattr(place, name))
                    stack.enter_context(patch.object(place, name, timed))
            yield

    def _timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return work(*args, **kwargs)
            finally:
                self.spent_s[part] += time.perf_counter() - begin

        return timed


async def _joins() -> Joins:
    request = (
        "GET /live HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {new_key().decode()}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: yellowcart.v1.json\r\n"
        + BROWSER.format(origin="http://shop.test")
        + "\r\n"
    ).encode()
    join = framed(TEXT, json.dumps(JOIN).encode())
    best = min(_round_s(request, join) for _ in range(ROUNDS))
    shares: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(ROUNDS):
        watch = Watch()
        with watch.watching():
            took = _round_s(request, join)
        for part, found in shares.items():
            found.append(watch.spent_s[part] / took)
    parts = {part: statistics.median(found) for part, found in shares.items()}
    parts["the rest"] = 1 - sum(parts.values())
    return Joins(per_second=ROUND / best, answer=len(Sink.last), parts=parts)


def _round_s(request: bytes, join: bytes) -> float:
    """Let a round of guests into a new room."""
    house = House()
    gc.collect()
    begin = time.perf_counter()
    for _ in range(ROUND):
        house.admit(request, join)
    took = time.perf_counter() - begin
    assert len(house.room) == ROUND, "somebody was not let in"
    return took
