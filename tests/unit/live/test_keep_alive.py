"""Who is silent is asked first, who is slow gets its time, and then they are ended."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

from live.backlog import SLOW_AFTER_S, SLOWEST_S
from live.front import Gateway
from live.gateway import PING, PING_EVERY_S, Connection
from live.wheel import Wheel
from tests.clock import StoppedClock


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborts = 0
        self.backlog = 0

    def get_write_buffer_size(self) -> int:
        return self.backlog

    def pause_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def get_extra_info(self, name: str) -> None: ...

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.aborts += 1


class Watching:
    """A connection that has joined, and the hours that pass for it."""

    def __init__(self) -> None:
        self.clock, self.transport = StoppedClock(), Transport()
        hub = SimpleNamespace(clock=self.clock, wheel=Wheel(self.clock))
        self.paused: dict[Connection, None] = {}
        gateway = SimpleNamespace(hub=hub, paused=self.paused, note_full=self.note_full)
        self.connection = Connection(cast("Gateway", gateway))
        self.connection.connection_made(cast("Any", self.transport))
        self.connection._session = cast(
            "Any",
            SimpleNamespace(
                fan_out=object(), expire=lambda: None, left_s=math.inf, pass_over=lambda: None
            ),
        )
        self.connection._ws = cast("Any", SimpleNamespace())
        self.next_s: float | None = self.now_s + 5

    def note_full(self, connection: Connection) -> None:
        self.paused[connection] = None

    @property
    def now_s(self) -> float:
        return self.clock.monotonic_s()

    @property
    def pings(self) -> int:
        return self.transport.written.count(PING)

    def ask(self, late_s: float = 0) -> None:
        assert self.next_s is not None
        self.clock.advance(round((self.next_s + late_s - self.now_s) * 1000))
        self.next_s = self.connection.due(self.now_s)

    def speak(self, after_s: float) -> None:
        self.clock.advance(round(after_s * 1000))
        self.connection._heard_s = self.now_s


def test_a_silent_one_is_pinged_once_and_ended_when_it_does_not_answer() -> None:
    one = Watching()
    begin = one.now_s

    one.ask()
    assert one.pings == 0
    one.ask()
    assert one.pings == 1
    assert one.transport.aborts == 0
    one.ask()

    assert one.transport.aborts == 1
    assert one.pings == 1
    assert one.now_s - begin == 2 * PING_EVERY_S
    assert one.next_s is None
    assert not one.connection.is_ready


def test_who_answers_stays_however_late_we_ask() -> None:
    one = Watching()
    for turn in range(40):
        pings = one.pings
        one.ask(late_s=turn % 4)
        if one.pings > pings:
            one.speak(after_s=turn % 3)

    assert one.transport.aborts == 0
    assert 10 < one.pings <= 40


def test_silence_ends_nobody_who_was_not_asked() -> None:
    one = Watching()
    one.ask()
    one.speak(after_s=1)

    one.ask(late_s=3 * PING_EVERY_S)

    assert one.transport.aborts == 0
    assert one.pings == 1


def test_who_speaks_by_itself_is_never_pinged() -> None:
    one = Watching()
    for _ in range(20):
        one.ask()
        one.speak(after_s=0.5)

    pings = one.pings
    for _ in range(20):
        one.speak(after_s=20)
        one.next_s = one.connection.due(one.now_s)

    assert one.pings == pings


def filled_up() -> Watching:
    one = Watching()
    one.connection._ws = None  # No closing handshake: what is slow is cut at once.
    one.transport.backlog = 100_000
    one.connection.pause_writing()
    return one


def test_who_takes_nothing_is_ended_soon() -> None:
    one = filled_up()
    for second in range(1, int(SLOW_AFTER_S) + 1):
        assert one.transport.aborts == 0, f"after {second - 1} s"
        one.clock.advance(1000)
        one.connection.check_slow(one.now_s)

    assert one.transport.aborts == 1
    assert not one.paused


def test_who_takes_a_little_all_the_time_is_ended_late() -> None:
    one = filled_up()
    for second in range(1, int(SLOWEST_S) + 1):
        assert one.transport.aborts == 0, f"after {second - 1} s"
        one.clock.advance(1000)
        one.transport.backlog -= 100
        one.connection.check_slow(one.now_s)

    assert one.transport.aborts == 1
