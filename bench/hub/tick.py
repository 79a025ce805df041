"""A tick to a crowd on pairs of sockets: the hub's own part beside a C loop of ``send()``.

No network and no clients: what differs from the C loop is Python's, and the event loop's.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, cast

import uvloop

from bench.hub.build import compiled
from bench.hub.stage import at_home, chats, fan_out
from live.backlog import socket_beside
from live.crowd import Cohort
from live.events import Unpinned
from live.fan_out import FanOut
from live.meter import Lane, Unmetered
from live.room_state import FeedEntry
from live.wire import Format

__all__ = ["Tick", "tick"]

SIZES: Final = (1, 20, 100)
"""Events of a tick."""

WARM_UP: Final = 2
READ: Final = 1 << 20


@dataclass
class Tick:
    """What was measured.

    Attributes:
        viewers: How many pairs.
        bytes: Of a tick's frame, by how many events it has.
        hub_us, limit_us: A viewer, by events: medians of the rounds.
        ratios: The median of the C loop's time beside the hub's of the same round.
        counted: How much of its time the hub itself knows of, as it lengthens its ticks by it.

    """

    viewers: int
    bytes: dict[int, int] = field(default_factory=dict)
    hub_us: dict[int, float] = field(default_factory=dict)
    limit_us: dict[int, float] = field(default_factory=dict)
    ratios: dict[int, float] = field(default_factory=dict)
    counted: dict[int, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """A row for each size."""
        rows = [
            f"{events:>8}{self.bytes[events]:>10,}{self.hub_us[events]:>16.1f}"
            f"{self.limit_us[events]:>12.1f}{self.ratios[events]:>10.2f}"
            f"{self.counted[events]:>10.2f}"
            for events in self.ratios
        ]
        head = (
            f"{'events':>8}{'bytes':>10}{'hub µs/viewer':>16}{'C µs':>12}{'of limit':>10}"
            f"{'counted':>10}"
        )
        return "\n".join([f"a tick to {self.viewers:,} pairs of sockets", head, *rows])


def tick(viewers: int, rounds: int) -> Tick:
    """Tell the crowd and let the C loop tell its own, in turn."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with at_home(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_tick(viewers, rounds))


class Seat(asyncio.Protocol):
    """A member on one end of a pair, as the room sees it."""

    def __init__(self) -> None:
        self.is_ready = True
        self.fmt = Format.JSON
        self.epoch, self.seq = "e1", 0
        self.cohort: Cohort | None = None
        self.missed_gauges = self.hosts = False
        self.watches = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Write as a connection does."""
        self.transport = transport = cast("asyncio.Transport", transport)
        # Not by keep_short: the rest of what it sets is TCP's, and this is no TCP.
        transport.set_write_buffer_limits(high=0, low=0)
        beside = socket_beside(transport)
        assert beside is not None
        self.beside, self.offer = beside, beside.send

    def write(self, data: bytes | memoryview) -> None:
        """Write what was not taken."""
        self.transport.write(data)

    def drop(self) -> None:
        """Never happens here."""
        raise AssertionError("a pair has failed")


class Ended(Unmetered):
    """Hears when a walk has ended, and what the room thinks that it cost."""

    def __init__(self) -> None:
        self.walk = asyncio.get_running_loop().create_future()

    def broadcast(self, lane: Lane, seconds: float) -> None:
        """The walk is over."""
        self.walk.set_result(seconds)


class Hall:
    """A room full of people on pairs of sockets."""

    def __init__(self) -> None:
        self.meter = Ended()
        self.room: FanOut = fan_out(self.meter)
        self._ears: list[socket.socket] = []
        self._seats: list[Seat] = []

    async def fill(self, viewers: int) -> None:
        """Let them in."""
        loop = asyncio.get_running_loop()
        for _ in range(viewers):
            mouth, ear = socket.socketpair()
            mouth.setblocking(False)
            _, seat = await loop.create_unix_connection(Seat, sock=mouth)
            seat.seq = self.room.room.seq
            self.room.enter(seat)
            self._ears.append(ear)
            self._seats.append(seat)

    async def tell(self, events: int) -> tuple[float, float, int]:
        """One walk: seconds until all is written, those the room knows of, bytes to each."""
        said = chats(self.room, events - 1)
        seq = self.room.room.seq + 1
        # It is urgent: the walk begins at once, and takes the chats along.
        last = FeedEntry(seq, Unpinned(at=time.time_ns() // 1_000_000, seq=seq))
        told = self.room.room.apply(last)
        assert told is not None
        self.meter.walk = asyncio.get_running_loop().create_future()
        begin = time.perf_counter()
        self.room.publish([*said, told])
        counted = await self.meter.walk
        # The event loop writes when it has done all that was ready.
        await asyncio.sleep(0)
        took = time.perf_counter() - begin
        sizes = {len(ear.recv(READ)) for ear in self._ears}
        assert len(sizes) == 1, "not everybody was told the same within the time"
        return took, counted, sizes.pop()

    def close(self) -> None:
        """Everybody leaves."""
        self.room.stop()
        for ear in self._ears:
            ear.close()
        for seat in self._seats:
            seat.beside.detach()


class Limit:
    """The C loop on pairs of its own."""

    def __init__(self, viewers: int) -> None:
        self._process = subprocess.Popen(
            [compiled("pairs"), str(viewers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, size: int) -> float:
        """Seconds for so many bytes to each."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{size}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()) / 1e9

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.communicate()


async def _tick(viewers: int, rounds: int) -> Tick:
    found, hall = Tick(viewers), Hall()
    try:
        await hall.fill(viewers)
        with Limit(viewers) as limit:
            for events in SIZES:
                await _round(found, hall, limit, events, rounds)
    finally:
        hall.close()
    return found


async def _round(found: Tick, hall: Hall, limit: Limit, events: int, rounds: int) -> None:
    hub_s, limit_s, known = [], [], []
    size = 0
    for number in range(WARM_UP + rounds):
        took, counted, size = await hall.tell(events)
        beside = limit.tell(size)
        if number >= WARM_UP:
            hub_s.append(took)
            limit_s.append(beside)
            known.append(counted / took)
    found.bytes[events] = size
    found.hub_us[events] = statistics.median(hub_s) / found.viewers * 1e6
    found.limit_us[events] = statistics.median(limit_s) / found.viewers * 1e6
    found.ratios[events] = statistics.median(
        one / other for one, other in zip(limit_s, hub_s, strict=True)
    )
    found.counted[events] = statistics.median(known)
