"""The connection, as its session needs it."""

from __future__ import annotations

from typing import Protocol

from live.close_codes import CloseCode
from live.crowd import Member

__all__ = ["Peer"]


class Peer(Member, Protocol):
    """Whom a session speaks for: it replies and closes through it."""

    show: str

    def write_private(self, data: bytes) -> None:
        """Send framed bytes, or drop them."""
        ...

    def ban(self) -> None:
        """Close: banned."""
        ...

    def send(self, message: bytes) -> None:
        """Frame and send a message."""
        ...

    def close(self, code: CloseCode) -> None:
        """Close the connection; once is enough."""
        ...
