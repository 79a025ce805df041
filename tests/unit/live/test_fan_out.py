"""Everybody is told once, in order; who is full is passed over and catches up."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from random import Random

import msgpack
import msgspec
import pytest

from base.identity import Role
from live.crowd import CHUNK, Cohort
from live.events import Chat, Event, FeedEvent, Sender, Unpinned
from live.fan_out import SHARE, SHORTEST_TICK_S, FanOut
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

    def write(self, data: bytes) -> None:
        self.written.append(data)

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


async def test_one_bytes_object_serves_every_socket_of_a_format() -> None:
    room = fan_out()
    members = [Recorder() for _ in range(3)] + [Recorder(fmt=Format.MSGPACK)]
    for member in members:
        room.enter(member)

    happen(room, 1)
    await loop_turns()

    assert members[0].written[0] is members[1].written[0] is members[2].written[0]
    assert members[3].heard == members[0].heard


async def test_events_of_one_pass_are_one_write() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)

    happen(room, 3)

    assert len(member.written) == 1
    assert member.seqs == [1, 2, 3]


async def test_a_full_socket_is_passed_over_and_catches_up() -> None:
    room, slow, quick = fan_out(), Recorder(is_ready=False), Recorder()
    room.enter(slow)
    room.enter(quick)

    happen(room, 1)
    happen(room, 2)
    assert slow.written == []
    slow.drains(room)
    happen(room, 1)

    assert slow.seqs == quick.seqs == [1, 2, 3, 4]


async def test_who_fills_up_while_it_is_told_has_heard_that_and_nothing_twice() -> None:
    class Small(Recorder):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.is_ready = False
            room.pass_over(self)

    room, small, quick = fan_out(), Small(), Recorder()
    room.enter(small)
    room.enter(quick)

    happen(room, 1)
    happen(room, 1)
    assert small.seqs == [1]
    small.drains(room)
    assert small.seqs == [1, 2]
    small.drains(room)

    assert small.seqs == quick.seqs == [1, 2]


async def test_who_fills_up_during_a_walk_gets_the_gauges_it_has_missed() -> None:
    room = fan_out()
    crowd = [Recorder() for _ in range(CHUNK + 1)]
    for member in crowd:
        room.enter(member)

    room.note_stock("mug", 0)
    assert crowd[-1].written == []
    crowd[-1].is_ready = False
    room.pass_over(crowd[-1])
    await loop_turns()
    crowd[-1].drains(room)

    assert [message["ev"] for message in crowd[-1].heard] == ["viewers", "likes"]


async def test_small_cohorts_become_one_when_they_have_heard_the_same() -> None:
    room, members = fan_out(), [Recorder() for _ in range(4)]
    for seq, member in enumerate(members):
        member.seq = seq
        room.enter(member)
        happen(room, 1)
    happen(room, 1)
    happen(room, 1)

    assert len({member.cohort for member in members}) == 1
    assert all(member.seqs == list(range(seq + 1, 7)) for seq, member in enumerate(members))
    for member in members:
        room.leave(member)
    assert len(room) == 0


async def test_who_comes_back_to_much_gets_the_same_frames_as_the_others() -> None:
    room = FanOut(Room(SHOW, epoch="e1", seq=0, history=1000), StoppedClock())
    happen(room, 300, SAID)
    back = [Recorder(seq=7), Recorder(seq=100), Recorder(seq=7, fmt=Format.MSGPACK)]
    for member in back:
        room.enter(member)
        room.catch_up(member)
    happen(room, 50, SAID)
    late = Recorder(seq=100)
    room.enter(late)
    room.catch_up(late)

    assert late.written[0] is back[1].written[0]
    assert late.written[1] is back[1].written[1] is back[0].written[1]
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)
    for member, since in [(back[0], 7), (back[1], 100), (back[2], 7), (late, 100)]:
        assert member.seqs == list(range(since + 1, 351))


class Audience:
    """Members who come, fill up, drain and leave as the dice fall."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.room = FanOut(Room(SHOW, epoch="e1", seq=0, history=10_000), StoppedClock())
        self.here: list[Recorder] = []
        self.since: dict[Recorder, int] = {}

    def comes(self) -> None:
        heard = max(self.room.room.seq - self.dice.randrange(6), 0)
        fmt, hosts = self.dice.choice(list(Format)), self.dice.random() < 0.1
        member = Recorder(fmt=fmt, seq=heard, hosts=hosts)
        self.room.enter(member)
        self.since[member] = heard
        self.here.append(member)

    def fills_up(self) -> None:
        if self.here:
            member = self.dice.choice(self.here)
            member.is_ready = False
            self.room.pass_over(member)

    def drains(self) -> None:
        if self.here:
            self.dice.choice(self.here).drains(self.room)

    def leaves(self) -> None:
        if self.here:
            member = self.here.pop(self.dice.randrange(len(self.here)))
            self.room.leave(member)

    def hears(self) -> None:
        happen(self.room, self.dice.randrange(3))


async def test_who_comes_and_goes_hears_every_event_once() -> None:
    audience = Audience(seed=7)
    ways = [audience.comes, audience.fills_up, audience.drains, audience.leaves, audience.hears]
    for _ in range(3000):
        audience.dice.choices(ways, (3, 1, 1, 1, 4))[0]()
        await loop_turns(audience.dice.randrange(2))
    for member in audience.here:
        member.drains(audience.room)
    happen(audience.room, 1)
    await loop_turns(100)

    assert len(audience.room) == len(audience.here) > CHUNK
    for member, since in audience.since.items():
        assert member.seqs == list(range(since + 1, since + 1 + len(member.seqs)))
    assert all(member.seqs[-1] == audience.room.room.seq for member in audience.here)


async def test_who_missed_more_than_the_history_gets_a_snapshot() -> None:
    room, member = fan_out(), Recorder(is_ready=False)
    room.enter(member)
    happen(room, 6)

    member.drains(room)
    happen(room, 1)

    assert [message["ev"] for message in member.heard] == ["snapshot", "unpinned"]
    assert member.seqs == [6, 7]


async def test_a_new_epoch_is_told_by_a_snapshot() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)
    happen(room, 2)

    room.move_to(Room(SHOW, epoch="e2", seq=1, history=5))
    room.catch_up_all()

    [snapshot] = [message for message in member.heard if message["ev"] == "snapshot"]
    assert (snapshot["ev"], snapshot["epoch"], snapshot["seq"]) == ("snapshot", "e2", 1)


async def test_gauges_are_told_when_they_change_and_only_then() -> None:
    clock = StoppedClock()
    room, member = fan_out(clock), Recorder()
    room.enter(member)

    begin = clock.now_ms()
    for likes in (0, 0, 5):
        clock.advance(1000)
        room.new_likes = likes
        room.count()
        await loop_turns()

    assert [(m["ev"], m["n"], m["at"]) for m in member.heard] == [
        ("viewers", 1, begin + 1000),
        ("likes", 0, begin + 1000),
        ("likes", 5, begin + 3000),
    ]


async def test_sales_are_for_the_host_alone() -> None:
    clock = StoppedClock()
    room, viewer, host = fan_out(clock), Recorder(), Recorder(hosts=True, watches=False)
    room.enter(viewer)
    room.enter(host)
    room.room.totals.sales = {"USD": (2, 3, 5997)}

    room.count()
    await loop_turns()

    assert "sales" not in [message["ev"] for message in viewer.heard]
    [sales] = [message for message in host.heard if message["ev"] == "sales"]
    assert sales == {
        "ev": "sales",
        "at": clock.now_ms(),
        "orders": 2,
        "units": 3,
        "revenue": 5997,
        "currency": "USD",
    }


async def test_who_missed_gauges_gets_them_all_when_it_drains() -> None:
    room, member = fan_out(), Recorder(is_ready=False)
    room.enter(member)
    room.new_likes = 9
    room.count()
    await loop_turns()

    member.drains(room)

    assert {message["ev"]: message["n"] for message in member.heard} == {"viewers": 1, "likes": 9}


async def test_what_is_said_within_a_tick_is_one_write() -> None:
    clock = StoppedClock()
    room, member = fan_out(clock), Recorder()
    room.enter(member)

    happen(room, 1, SAID)
    await loop_turns()
    assert len(member.written) == 1, "after a silence nobody waits"
    happen(room, 2, SAID)
    happen(room, 2, SAID)
    await loop_turns()
    assert len(member.written) == 1
    clock.advance(1000)
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)

    assert len(member.written) == 2
    assert member.seqs == [1, 2, 3, 4, 5]


async def test_a_pin_goes_at_once_and_takes_along_what_waits() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)
    happen(room, 1, SAID)
    await loop_turns()

    happen(room, 2, SAID)
    room.note_stock("mug", 7)
    happen(room, 1, Unpinned(at=4))

    assert len(member.written) == 2, "told before the loop turned"
    assert [m["ev"] for m in member.heard] == ["chat", "chat", "chat", "unpinned", "stock"]


async def test_that_a_sku_has_sold_out_cannot_wait() -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)
    happen(room, 1, SAID)
    await loop_turns()

    room.note_stock("mug", 0)

    assert member.heard[-1]["ev"] == "stock"


async def test_a_large_crowd_is_told_in_chunks_that_let_the_loop_turn() -> None:
    room = fan_out()
    crowd = [Recorder() for _ in range(2 * CHUNK + 1)]
    for member in crowd:
        room.enter(member)

    happen(room, 1)
    assert sum(len(member.written) for member in crowd) == CHUNK
    happen(room, 1)
    await loop_turns()

    assert all(member.seqs == [1, 2] for member in crowd)
    assert len(crowd[0].written) == 2
    assert len(crowd[-1].written) == 1, "what happened meanwhile went along"


async def test_a_member_that_cannot_be_written_to_silences_the_room_for_one_walk_only() -> None:
    class Broken(Recorder):
        def write(self, data: bytes) -> None:
            if not self.written:
                super().write(data)
                raise RuntimeError("the transport is gone")
            super().write(data)

    room, broken, other = fan_out(), Broken(), Recorder()
    room.enter(broken)
    room.enter(other)

    with pytest.raises(RuntimeError):
        happen(room, 1)
    happen(room, 1)

    assert other.seqs == [1, 2]


async def test_who_joins_while_news_wait_hears_only_what_is_new_to_it() -> None:
    clock = StoppedClock()
    room, early, late = fan_out(clock), Recorder(), Recorder()
    room.enter(early)
    happen(room, 1, SAID)
    await loop_turns()
    happen(room, 1, SAID)
    late.seq = room.room.seq
    room.enter(late)

    happen(room, 1, SAID)
    clock.advance(1000)
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)

    assert early.seqs == [1, 2, 3]
    assert late.seqs == [3]


async def test_the_tick_grows_with_what_telling_costs() -> None:
    class Costly(Recorder):
        def write(self, data: bytes) -> None:
            super().write(data)
            clock.advance(10)

    clock = StoppedClock()
    room = fan_out(clock)
    for _ in range(10):
        room.enter(Costly())

    happen(room, 1)
    await loop_turns()

    assert room.tick_s == pytest.approx(0.1 / SHARE)


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
