"""A walk over a room's members: each is brought to the newest event, a chunk at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
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
        crowd: Who is told, by format, and whether they are told what only hosts may know.
        gauges: News without a number, for everybody, and for hosts only.
        encoded: The room's events as bytes.
        catch_up: Brings one member up to date that cannot be told like the others.

    """

    def __init__(
        self,
        room: Room,
        crowd: Mapping[tuple[Format, bool], Iterable[Member]],
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
        self._frames: dict[tuple[Format, bool, int], bytes] = {}

    def step(self) -> bool:
        """Tell the next chunk; whether there are more."""
        if self._head != self._room.seq:
            self._head, self._frames = self._room.seq, {}
        if self._chunks:
            self._tell(*self._chunks.popleft())
        return bool(self._chunks)

    def _tell(self, fmt: Format, hosts: bool, members: Sequence[Member]) -> None:
        head, epoch = self._head, self._room.epoch
        has_gauges = bool(self._public or self._private)
        place, data = -1, b""
        for member in members:
            if not member.is_ready:
                member.missed_gauges |= has_gauges
                continue
            # Most stand where the one before them stood.
            if member.seq != place or member.epoch != epoch:
                if not self._serves(member):
                    member.missed_gauges |= has_gauges
                    self._catch_up(member)
                    continue
                place = member.seq
                data = self._frame(place, fmt, hosts)
            member.seq = head
            if data:
                # As a name: a method of a slot is looked up anew at each call.
                write = member.write
                write(data)

    def _serves(self, member: Member) -> bool:
        """Whether a frame for all who stand there does for a member."""
        if self._head - member.seq > FAR_BEHIND:
            return False
        return self._room.has(member.epoch, member.seq)

    def _frame(self, seq: int, fmt: Format, hosts: bool) -> bytes:
        """Everything after ``seq``, and the gauges."""
        data = self._frames.get((fmt, hosts, seq))
        if data is None:
            events = [self._encoded.get(self._room, event, fmt) for event in self._room.after(seq)]
            gauges = [*self._public, *(self._private if hosts else ())]
            data = framed([*events, *(encode(gauge, fmt) for gauge in gauges)], fmt)
            self._frames[fmt, hosts, seq] = data
        return data


def _chunks(
    crowd: Mapping[tuple[Format, bool], Iterable[Member]],
) -> Iterable[tuple[Format, bool, Sequence[Member]]]:
    for (fmt, hosts), members in crowd.items():
        some = list(members)
        for start in range(0, len(some), CHUNK):
            yield fmt, hosts, some[start : start + CHUNK]
