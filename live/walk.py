"""A walk over a room's members: each is brought to the newest event, a chunk at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from live.crowd import CHUNK, Cohort, Crowd, Member
from live.encoded import EncodedEvents
from live.events import Event
from live.room_state import Room
from live.wire import Format, encode, framed

__all__ = ["FAR_BEHIND", "Walk"]

FAR_BEHIND: Final = 200
"""Who has missed more events is caught up alone, as far as the socket takes them."""


class Walk:
    """One pass over everybody who was in the room when it began.

    Cohorts are where the last walk left them, or where they joined; there are few such
    places, and one frame for each serves all who stand there. What happens while the walk
    is under way goes along to those it has not reached yet.

    Attributes:
        sent: Bytes so far, to all.

    Args:
        room: What to tell of.
        crowd: Who is told.
        gauges: News without a number, for everybody, and for hosts only.
        encoded: The room's events as bytes.
        catch_up: Brings one member up to date that cannot be told like the others.

    """

    def __init__(
        self,
        room: Room,
        crowd: Crowd,
        gauges: tuple[Sequence[Event], Sequence[Event]],
        encoded: EncodedEvents,
        catch_up: Callable[[Member], None],
    ) -> None:
        self._room = room
        self._crowd = crowd
        self._left = deque(crowd.cohorts)
        for cohort in self._left:
            cohort.is_waiting = True
        self._public, self._private = gauges
        self._encoded = encoded
        self._catch_up = catch_up
        self.sent = 0
        self._head = -1
        self._frames: dict[tuple[Format, bool, int], bytes] = {}
        for member in crowd.aside:
            self._miss(member)

    def step(self) -> bool:
        """Tell so many as take about 5 ms, for commands and pings wait; whether there are more."""
        if self._head != self._room.seq:
            self._head, self._frames = self._room.seq, {}
        told = 0
        while self._left and told < CHUNK:
            told += len(self._left[0])
            self._tell(self._left.popleft())
        return bool(self._left)

    def _tell(self, cohort: Cohort) -> None:
        cohort.is_waiting = False
        if self._serves(cohort):
            data = self._frame(cohort.seq, cohort.fmt, cohort.hosts)
            if data:
                self.sent += len(data) * len(cohort)
                self._crowd.tell(cohort, data, self._head)
            return
        for member in list(cohort.offers):
            self._miss(member)
            self._catch_up(member)

    def _serves(self, cohort: Cohort) -> bool:
        """Whether a frame for all who stand there does."""
        if self._head - cohort.seq > FAR_BEHIND:
            return False
        return self._room.has(cohort.epoch, cohort.seq)

    def _miss(self, member: Member) -> None:
        member.missed_gauges |= bool(self._public or self._private)

    def _frame(self, seq: int, fmt: Format, hosts: bool) -> bytes:
        """Everything after ``seq``, and the gauges."""
        data = self._frames.get((fmt, hosts, seq))
        if data is None:
            events = [self._encoded.get(self._room, event, fmt) for event in self._room.after(seq)]
            gauges = [*self._public, *(self._private if hosts else ())]
            data = framed([*events, *(encode(gauge, fmt) for gauge in gauges)], fmt)
            self._frames[fmt, hosts, seq] = data
        return data
