"""Events as bytes, encoded once per format for all who are told or catch up."""

from __future__ import annotations

from itertools import islice
from typing import Final

from live.events import BagChanged, FeedEvent, ProductChanged
from live.room_state import Room
from live.wire import MAX_BATCH, Format, encode, framed

__all__ = ["EncodedEvents"]

MOST_BYTES: Final = 4 * 1024 * 1024
"""A thousand chats are a fraction of it; a few bags of 100 products fill it."""


ALWAYS: Final = -1
"""The version of what no change of the room touches."""

BLOCK: Final = 128
"""Events of a frame for who comes back; it ends at a multiple, so that most get the same."""


class EncodedEvents:
    """The latest events of a room, each encoded once per format, up to :data:`MOST_BYTES`."""

    def __init__(self) -> None:
        self._room: Room | None = None
        self._kept: dict[tuple[int, int, Format, int], bytes] = {}
        self._size = 0

    def get(self, room: Room, event: FeedEvent, fmt: Format) -> bytes:
        """One event of ``room`` in a format."""
        self._belong_to(room)
        seq = int(event.seq or 0)
        key = (seq, seq, fmt, _version(room, event))
        data = self._kept.get(key)
        if data is None:
            data = encode(event, fmt)
            self._keep(key, data)
        return data

    def missed(self, room: Room, seq: int, fmt: Format) -> tuple[int, bytes]:
        """The next events after one that was told, framed, and the last one's number.

        A crowd that has lost its connections comes back to the same frames.
        """
        self._belong_to(room)
        last = min((seq // BLOCK + 1) * BLOCK, room.seq)
        for version in (ALWAYS, room.changes):
            data = self._kept.get((seq, last, fmt, version))
            if data is not None:
                return last, data
        return self._make_missed(room, seq, last, fmt)

    def _make_missed(self, room: Room, seq: int, last: int, fmt: Format) -> tuple[int, bytes]:
        messages: list[bytes] = []
        size, version = 0, ALWAYS
        for event in islice(room.after(seq), last - seq):
            message = self.get(room, event, fmt)
            size += len(message)
            if messages and size > MAX_BATCH:
                # Large ones: fewer at a time, for these few.
                return seq + len(messages), framed(messages, fmt)
            messages.append(message)
            version = max(version, _version(room, event))
        data = framed(messages, fmt)
        self._keep((seq, last, fmt, version), data)
        return last, data

    def _belong_to(self, room: Room) -> None:
        if self._room is not room:
            # Another epoch counts from the start: its numbers mean other events.
            self._room, self._kept, self._size = room, {}, 0

    def _keep(self, key: tuple[int, int, Format, int], data: bytes) -> None:
        self._kept[key] = data
        self._size += len(data)
        while self._size > MOST_BYTES:
            oldest = next(iter(self._kept))
            self._size -= len(self._kept.pop(oldest))


def _version(room: Room, event: FeedEvent) -> int:
    """What shows the units left is good until these change."""
    return room.changes if isinstance(event, BagChanged | ProductChanged) else ALWAYS
