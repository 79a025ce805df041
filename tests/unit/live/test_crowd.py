"""Who is full is passed over and catches up; who comes and goes hears each event once."""

from __future__ import annotations

import asyncio
import threading
from random import Random

import msgspec
import pytest

from base.threads import AT_WORK, at_work
from live.crowd import CHUNK
from live.encoded import EncodedEvents
from live.events import BagChanged
from live.fan_out import SHORTEST_TICK_S, FanOut
from live.room_state import FeedEntry, Room
from live.wire import Format
from shop.product import Product, Sku
from tests.clock import StoppedClock
from tests.unit.live.listening import SAID, SHOW, Recorder, fan_out, happen, loop_turns
from tests.waiting import until


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
        def write(self, data: bytes | memoryview) -> None:
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


async def test_who_comes_and_goes_in_a_quiet_room_leaves_nothing_behind() -> None:
    room = fan_out()
    happen(room, 3)
    for _ in range(50):
        member = Recorder(seq=1)
        room.enter(member)
        room.catch_up(member)
        room.leave(member)

    assert room._crowd.cohorts == []
    assert len(room) == 0


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


def test_what_shows_units_left_is_made_anew_when_they_change() -> None:
    sku = Sku(id="mug", title="One", price=1, currency="USD", left=0)
    mug = Product(id="p1", shop="s", title="Mug", description="", images=(), skus=(sku,))
    room = Room(SHOW, epoch="e1", seq=0, history=10)
    fields = {b"e": msgspec.json.encode(BagChanged(at=1)), b"bag": b"p1"}
    room.apply(FeedEntry.parse("1-0", {**fields, b"p": msgspec.json.encode(mug)}))
    encoded = EncodedEvents()
    # As in a room that was loaded anew.
    room.changes = 0

    for left in (5, 0):
        _, before = encoded.missed(room, 0, Format.JSON)
        room.set_stock("mug", left)
        _, after = encoded.missed(room, 0, Format.JSON)

        assert before != after
        assert b'"left":%d' % left in after


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


async def test_while_another_thread_works_nobody_is_offered_anything() -> None:
    """A socket's send lets go of the interpreter, and each of a crowd would wait for it."""

    class Offered(Recorder):
        offers = 0

        def offer(self, data: bytes) -> int:
            self.offers += 1
            return super().offer(data)

    room, member = fan_out(), Offered()
    room.enter(member)
    may_end = threading.Event()

    def work() -> None:
        with at_work():
            may_end.wait(20)

    thread = threading.Thread(target=work)
    thread.start()
    await until(lambda: bool(AT_WORK))
    happen(room, 1)
    may_end.set()
    thread.join()
    assert (member.seqs, member.offers) == ([1], 0)

    happen(room, 1)

    assert (member.seqs, member.offers) == ([1, 2], 1)


@pytest.mark.parametrize("takes", [0, 1, 7])
async def test_what_a_socket_does_not_take_is_left_to_its_transport(takes: int) -> None:
    class Narrow(Recorder):
        def offer(self, data: bytes) -> int:
            if not takes:
                raise BlockingIOError
            self.written.append(data[:takes])
            return takes

    room, narrow, wide = fan_out(), Narrow(), Recorder()
    room.enter(narrow)
    room.enter(wide)

    happen(room, 1)
    happen(room, 1)

    assert b"".join(narrow.written) == b"".join(wide.written)
    assert len(wide.written) == 2
    assert len(narrow.written) == (4 if takes else 2)
