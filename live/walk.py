"""A walk over a room's members: each is brought to the newest event, a chunk at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from live.encoded import EncodedEvents
from live.events import Event
from live.room_state import Room
from live.wire import Format, encode, framed

if TYPE_CHECKING:
    from live.fan_out import Member

__all__ = ["Walk"]

CHUNK: Final = 500
"""Members told in one go, about 5 ms; then the loop hears commands and pings."""

FAR_BEHIND: Final = 200
"""Who has missed more events is caught up alone, as far as the socket takes them."""


class Walk:
    """One pass over everybody who was in the room when it began.

    Members are where the last walk left them, or where they joined; there are few such
    places, and one frame for each serves all who stand there. What happens while the walk
    is under way goes along to those it has not reached yet.

    Args:
        room: What to tell of.
        crowd: Who is told, by format.
        gauges: News without a number, for everybody, and for hosts only.
        encoded: The room's events as bytes.
        catch_up: Brings one member up to date that cannot be told like the others.

    """

    def __init__(
        self,
        room: Room,
        crowd: Sequence[tuple[Format, Sequence[Member]]],
        gauges: tuple[Sequence[Event], Sequence[Event]],
        encoded: EncodedEvents,
        catch_up: Callable[[Member], None],
    ) -> None:
        self._room = room
        self._chunks = deque(_chunks(crowd))
        self._public, self._private = gauges
        self._encoded = encoded
        self._catch_up = catch_up
        self._head = -1
        self._frames: dict[tuple[Format, bool], dict[int, bytes]] = {}

    def step(self) -> bool:
        """Tell the next chunk; whether there are more."""
        if self._head != self._room.seq:
            self._head, self._frames = self._room.seq, {}
        if self._chunks:
            self._tell(*self._chunks.popleft())
        return bool(self._chunks)

    def _tell(self, fmt: Format, members: Sequence[Member]) -> None:
        room, head, epoch = self._room, self._head, self._room.epoch
        has_gauges = bool(self._public or self._private)
        public = self._frames.setdefault((fmt, False), {})
        private = self._frames.setdefault((fmt, True), {})
        for member in members:
            if not member.is_ready:
                member.missed_gauges |= has_gauges
                continue
            frames = private if member.hosts else public
            seq = member.seq
            data = frames.get(seq)
            if data is None or member.epoch != epoch:
                if head - seq > FAR_BEHIND or not room.has(member.epoch, seq):
                    member.missed_gauges |= has_gauges
                    self._catch_up(member)
                    continue
                data = frames[seq] = self._frame(seq, fmt, hosts=member.hosts)
            member.seq = head
            if data:
                member.write(data)

    def _frame(self, seq: int, fmt: Format, *, hosts: bool) -> bytes:
        """Everything after ``seq``, and the gauges."""
        events = [self._encoded.get(self._room, event, fmt) for event in self._room.after(seq)]
        gauges = [*self._public, *(self._private if hosts else ())]
        return framed([*events, *(encode(gauge, fmt) for gauge in gauges)], fmt)


def _chunks(
    crowd: Sequence[tuple[Format, Sequence[Member]]],
) -> Iterable[tuple[Format, Sequence[Member]]]:
    for fmt, members in crowd:
        for start in range(0, len(members), CHUNK):
            yield fmt, members[start : start + CHUNK]
