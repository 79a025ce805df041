"""Everybody is told once, in order; who is full is passed over and catches up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import msgpack
import msgspec

from live.events import Event, FeedEvent, Unpinned
from live.fan_out import FanOut
from live.room_state import FeedEntry, Room
from live.show import Host, Show, ShowState
from live.wire import Format

SHOW = Show(
    id="demo", title="Morning show", state=ShowState.LIVE, host=Host(id="mara", name="Mara")
)


@dataclass(eq=False)
class Recorder:
    """A member that keeps what it is told."""

    fmt: Format = Format.JSON
    epoch: str = "e1"
    seq: int = 0
    missed_gauges: bool = False
    hosts: bool = False
    watches: bool = True
    is_ready: bool = True
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.written.append(data)

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


def fan_out() -> FanOut:
    return FanOut(Room(SHOW, epoch="e1", seq=0, history=5))


def happen(fan_out: FanOut, count: int) -> list[FeedEvent]:
    events = []
    for _ in range(count):
        seq = fan_out.room.seq + 1
        raw = msgspec.json.encode(Unpinned(at=seq))
        event = fan_out.room.apply(FeedEntry.parse(f"{seq}-0", {b"e": raw}))
        assert event is not None
        events.append(event)
    fan_out.publish(events, 0)
    return events


def test_one_bytes_object_serves_every_socket_of_a_format() -> None:
    room = fan_out()
    members = [Recorder() for _ in range(3)] + [Recorder(fmt=Format.MSGPACK)]
    for member in members:
        room.enter(member)

    happen(room, 1)

    assert members[0].written[0] is members[1].written[0] is members[2].written[0]
    assert members[3].heard == members[0].heard


def test_events_of_one_pass_are_one_write() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)

    happen(room, 3)

    assert len(member.written) == 1
    assert member.seqs == [1, 2, 3]


def test_a_full_socket_is_passed_over_and_catches_up() -> None:
    room, slow, quick = fan_out(), Recorder(is_ready=False), Recorder()
    room.enter(slow)
    room.enter(quick)

    happen(room, 1)
    happen(room, 2)
    assert slow.written == []
    slow.is_ready = True
    room.catch_up(slow, 0)
    happen(room, 1)

    assert slow.seqs == quick.seqs == [1, 2, 3, 4]


def test_who_drained_is_caught_up_by_the_next_event_too() -> None:
    room, member = fan_out(), Recorder(is_ready=False)
    room.enter(member)
    happen(room, 2)

    member.is_ready = True
    happen(room, 1)

    assert member.seqs == [1, 2, 3]


def test_who_missed_more_than_the_history_gets_a_snapshot() -> None:
    room, member = fan_out(), Recorder(is_ready=False)
    room.enter(member)
    happen(room, 6)

    member.is_ready = True
    room.catch_up(member, 0)
    happen(room, 1)

    assert [message["ev"] for message in member.heard] == ["snapshot", "unpinned"]
    assert member.seqs == [6, 7]


def test_a_new_epoch_is_told_by_a_snapshot() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)
    happen(room, 2)

    room.room = Room(SHOW, epoch="e2", seq=1, history=5)
    room.catch_up(member, 0)

    snapshot = member.heard[-1]
    assert (snapshot["ev"], snapshot["epoch"], snapshot["seq"]) == ("snapshot", "e2", 1)


def test_gauges_are_told_when_they_change_and_only_then() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)

    room.publish_gauges(1)
    room.publish_gauges(2)
    room.new_likes = 5
    room.publish_gauges(3)

    assert [(m["ev"], m["n"], m["at"]) for m in member.heard] == [
        ("viewers", 1, 1),
        ("likes", 0, 1),
        ("likes", 5, 3),
    ]


def test_sales_are_for_the_host_alone() -> None:
    room, viewer, host = fan_out(), Recorder(), Recorder(hosts=True, watches=False)
    room.enter(viewer)
    room.enter(host)
    room.room.totals.sales = {"USD": (2, 3, 5997)}

    room.publish_gauges(1)

    assert "sales" not in [message["ev"] for message in viewer.heard]
    [sales] = [message for message in host.heard if message["ev"] == "sales"]
    assert sales == {
        "ev": "sales", "at": 1, "orders": 2, "units": 3, "revenue": 5997, "currency": "USD"
    }  # fmt: skip


def test_who_missed_gauges_gets_them_all_when_it_drains() -> None:
    room, member = fan_out(), Recorder(is_ready=False)
    room.enter(member)
    room.new_likes = 9
    room.publish_gauges(1)

    member.is_ready = True
    room.catch_up(member, 2)

    assert {message["ev"]: message["n"] for message in member.heard} == {"viewers": 1, "likes": 9}


def test_viewers_are_counted_once_in_and_once_out() -> None:
    room, member, host = fan_out(), Recorder(), Recorder(watches=False)
    room.enter(member)
    room.enter(host)
    assert room.viewers == 1

    room.leave(member)
    room.leave(member)

    assert room.viewers == 0
    assert len(room) == 1


def test_every_event_is_encoded_with_its_name() -> None:
    assert isinstance(Unpinned(at=1), Event)
    assert json.loads(msgspec.json.encode(Unpinned(at=1, seq=3))) == {
        "ev": "unpinned", "at": 1, "seq": 3
    }  # fmt: skip
