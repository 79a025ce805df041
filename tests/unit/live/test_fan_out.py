"""Everybody is told once, in order, in two lanes."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from live.crowd import CHUNK
from live.encoded import EncodedEvents
from live.events import Event, Purchase, Unpinned
from live.fan_out import (
    CALM_MOST,
    CALM_SHARE,
    LONGEST_CALM_S,
    SHARE,
    SHORTEST_TICK_S,
    FanOut,
)
from live.meter import Lane, Unmetered
from live.room_state import Room
from live.wire import Format
from tests.clock import StoppedClock
from tests.unit.live.listening import SAID, SHOW, Recorder, fan_out, happen, loop_turns

BOUGHT = Purchase(at=3, name="A***", product="mug", units=1)


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


@pytest.mark.parametrize("epoch", ["e1", "before"])
async def test_a_member_that_cannot_be_written_to_is_dropped(
    caplog: pytest.LogCaptureFixture, epoch: str
) -> None:
    class Broken(Recorder):
        def offer(self, data: bytes) -> int:
            raise BrokenPipeError

        def write(self, data: bytes | memoryview) -> None:
            super().write(data)
            raise RuntimeError("the transport is gone")

    room, broken, other = fan_out(), Broken(epoch=epoch), Recorder()
    room.enter(broken)
    room.enter(other)

    happen(room, 1)
    happen(room, 1)

    assert other.seqs == [1, 2]
    assert len(broken.written) == 1
    assert not broken.is_ready
    assert "a member could not be" in caplog.text
    room.leave(broken)
    assert len(room) == 1


async def test_a_walk_that_breaks_off_does_not_silence_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, member = fan_out(), Recorder()
    room.enter(member)
    with monkeypatch.context() as broken:
        broken.setattr(EncodedEvents, "get", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            happen(room, 1)

    happen(room, 1)

    assert member.seqs == [1, 2]


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
        def write(self, data: bytes | memoryview) -> None:
            super().write(data)
            clock.advance(10)

    clock = StoppedClock()
    room = fan_out(clock)
    for _ in range(10):
        room.enter(Costly())

    happen(room, 1)
    await loop_turns()

    assert room.tick_s == pytest.approx(0.1 / SHARE)
    assert room.calm_s == pytest.approx(0.1 / CALM_SHARE)


async def test_numbers_wait_longer_in_a_large_crowd_until_somebody_speaks() -> None:
    clock = StoppedClock()
    room, member = fan_out(clock), Recorder()
    room.enter(member)
    happen(room, 1)
    room.calm_s = LONGEST_CALM_S
    clock.advance(50)

    room.note_stock("mug", 7)
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)
    assert len(member.written) == 1, "a stock that runs down is no news for everybody at once"
    happen(room, 1, SAID)
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)

    assert [m["ev"] for m in member.heard][1:] == ["chat", "stock"], "taken along by what was said"


async def test_many_purchases_do_not_wait_until_a_frame_can_not_be_shared() -> None:
    clock = StoppedClock()
    room = FanOut(Room(SHOW, epoch="e1", seq=0, history=1000), clock)
    member = Recorder()
    room.enter(member)
    happen(room, 1)
    room.calm_s = LONGEST_CALM_S

    happen(room, CALM_MOST - 1, BOUGHT)
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)
    assert member.seqs == [1]
    happen(room, 1, BOUGHT)
    clock.advance(1000)
    await asyncio.sleep(SHORTEST_TICK_S + 0.01)

    assert len(member.seqs) == CALM_MOST + 1


async def test_numbers_are_told_when_their_time_has_come_though_nobody_speaks() -> None:
    clock = StoppedClock()
    room, member = fan_out(clock), Recorder()
    room.enter(member)
    happen(room, 1)
    room.calm_s = 0.2

    room.note_stock("mug", 7)
    await asyncio.sleep(0.21)

    assert member.heard[-1]["ev"] == "stock"


class Noting(Unmetered):
    """Keeps what it is told of lanes."""

    def __init__(self) -> None:
        self.walks: list[str] = []
        self.sizes: dict[str, int] = {}
        self.ages_s: list[float] = []

    def broadcast(self, lane: Lane, seconds: float) -> None:
        self.walks.append(lane)

    def sent(self, lane: Lane, size: int) -> None:
        self.sizes[lane] = self.sizes.get(lane, 0) + size

    def late(self, seconds: float) -> None:
        self.ages_s.append(seconds)


async def test_lanes_bytes_and_ages_are_measured() -> None:
    clock, meter = StoppedClock(now_ms=2001), Noting()
    room = FanOut(Room(SHOW, epoch="e1", seq=0, history=5), clock, meter)
    members = [Recorder(), Recorder(), Recorder(is_ready=False)]
    for member in members:
        room.enter(member)

    happen(room, 1, SAID)
    await loop_turns()
    happen(room, 1, Unpinned(at=2001))
    members[2].drains(room)

    assert meter.walks == ["tick", "now"]
    sizes = [sum(map(len, member.written)) for member in members]
    assert meter.sizes["tick"] + meter.sizes["now"] == sizes[0] + sizes[1]
    assert meter.sizes["missed"] == sizes[2] > 0
    assert meter.ages_s == [2.0, 0.0]


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
