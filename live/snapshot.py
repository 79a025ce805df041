"""What a viewer gets to begin with: rendered once per change and format."""

from __future__ import annotations

from msgspec import Raw

from live.room_state import Room
from live.wire import Format, encode

__all__ = ["Snapshots"]


class Snapshots:
    """The heavy parts of a room's snapshot, encoded once until the room changes."""

    def __init__(self) -> None:
        self._room: Room | None = None
        self._changes = -1
        self._parts: dict[Format, dict[str, Raw]] = {}

    def parts(self, room: Room, fmt: Format) -> dict[str, object]:
        """``show pinned bag stock chat`` of the room, each already encoded."""
        if self._room is not room or self._changes != room.changes:
            self._room, self._changes = room, room.changes
            self._parts = {}
        parts = self._parts.get(fmt)
        if parts is None:
            whole = {
                "show": room.show,
                "pinned": room.pinned,
                "bag": room.bag,
                "stock": room.left,
                "chat": room.chat,
            }
            parts = {name: Raw(encode(part, fmt)) for name, part in whole.items()}
            self._parts[fmt] = parts
        return dict(parts)
