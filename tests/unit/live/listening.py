"""A room without sockets, and members who keep what they are told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import msgpack
import msgspec

from base.identity import Role
from live.crowd import Cohort
from live.events import Chat, Event, FeedEvent, Sender, Unpinned
from live.fan_out import FanOut
from live.room_state import FeedEntry, Room
from live.show import Host, Show, ShowState
from live.wire import Format
from tests.clock import StoppedClock

SHOW = Show(
    id="demo", title="Morning show", state=ShowState.LIVE, host=Host(id="mara", name="Mara")
)


SAID = Chat(at=1, message="m1", sender=Sender(id="leo", name="Leo", role=Role.VIEWER), text="hi")


@dataclass(eq=False)
class Recorder:
    """A member that keeps what it is told."""

    fmt: Format = Format.JSON
    epoch: str = "e1"
    seq: int = 0
    cohort: Cohort | None = None
    missed_gauges: bool = False
    hosts: bool = False
    watches: bool = True
    is_ready: bool = True
    written: list[bytes] = field(default_factory=list)

    def offer(self, data: bytes) -> int:
        self.write(data)
        return len(data)

    def write(self, data: bytes | memoryview) -> None:
        self.written.append(bytes(data))

    def drop(self) -> None:
        self.is_ready = False

    def drains(self, room: FanOut) -> None:
        self.is_ready = True
        room.catch_up(self)

    @property
    def heard(self) -> list[dict[str, object]]:
        return [message for data in self.written for message in messages(data, self.fmt)]

    @property
    def seqs(self) -> list[object]:
        return [message["seq"] for message in self.heard if "seq" in message]


def messages(data: bytes, fmt: Format) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    while data:
        size, head = data[1], 2
        if size == 126:
            size, head = int.from_bytes(data[2:4], "big"), 4
        payload, data = data[head : head + size], data[head + size :]
        message = json.loads(payload) if fmt is Format.JSON else msgpack.unpackb(payload)
        found += message if isinstance(message, list) else [message]
    return found


def fan_out(clock: StoppedClock | None = None) -> FanOut:
    return FanOut(Room(SHOW, epoch="e1", seq=0, history=5), clock or StoppedClock())


async def loop_turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def happen(fan_out: FanOut, count: int, event: Event | None = None) -> list[FeedEvent]:
    events = []
    for _ in range(count):
        seq = fan_out.room.seq + 1
        raw = msgspec.json.encode(event or Unpinned(at=seq))
        event = fan_out.room.apply(FeedEntry.parse(f"{seq}-0", {b"e": raw}))
        assert event is not None
        events.append(event)
    fan_out.publish(events)
    return events
