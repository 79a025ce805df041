"""Events as bytes, encoded once per format for all who are told or catch up."""

from __future__ import annotations

from typing import Final

from live.events import BagChanged, FeedEvent, ProductChanged
from live.room_state import Room
from live.wire import Format, encode

__all__ = ["EncodedEvents"]

MOST_BYTES: Final = 4 * 1024 * 1024
"""A thousand chats are a fraction of it; a few bags of 100 products fill it."""


class EncodedEvents:
    """The latest events of a room, each encoded once per format, up to :data:`MOST_BYTES`."""

    def __init__(self) -> None:
        self._room: Room | None = None
        self._kept: dict[tuple[int, Format, int], bytes] = {}
        self._size = 0

    def get(self, room: Room, event: FeedEvent, fmt: Format) -> bytes:
        """One event of ``room`` in a format."""
        if self._room is not room:
            # Another epoch counts from the start: its numbers mean other events.
            self._room, self._kept, self._size = room, {}, 0
        # What shows the units left is good until these change.
        version = room.changes if isinstance(event, BagChanged | ProductChanged) else 0
        key = (int(event.seq or 0), fmt, version)
        data = self._kept.get(key)
        if data is None:
            data = encode(event, fmt)
            self._keep(key, data)
        return data

    def _keep(self, key: tuple[int, Format, int], data: bytes) -> None:
        self._kept[key] = data
        self._size += len(data)
        while self._size > MOST_BYTES:
            oldest = next(iter(self._kept))
            self._size -= len(self._kept.pop(oldest))
