"""What the hub counts; whoever shows the numbers implements it."""

from __future__ import annotations

from typing import Literal, Protocol

__all__ = ["Lane", "Meter", "Unmetered"]

Lane = Literal["now", "tick", "missed"]
"""How bytes leave: at once, with a tick, or to one who catches up."""


class Meter(Protocol):
    """Counters of the hub."""

    def joined(self, outcome: str) -> None:
        """Count a join: ``ok``, ``recovered`` or an error's code."""
        ...

    def command(self, op: str, outcome: str) -> None:
        """Count a command: ``ok`` or an error's code."""
        ...

    def told(self, event: str, receivers: int) -> None:
        """Count an event written to so many sockets."""
        ...

    def broadcast(self, lane: Lane, seconds: float) -> None:
        """Note how long telling everybody took."""
        ...

    def sent(self, lane: Lane, size: int) -> None:
        """Count bytes written to sockets."""
        ...

    def late(self, seconds: float) -> None:
        """Note how old an event was when it came from the feed."""
        ...

    def passed_over(self) -> None:
        """Count a socket that was full and is told nothing until it drains."""
        ...

    def checkout(self, outcome: str) -> None:
        """Count a checkout that reached a state."""
        ...

    def webhook(self, outcome: str) -> None:
        """Count an attempt to deliver an event to a shop."""
        ...

    def webhooks_waiting(self, seconds: float) -> None:
        """Note how old the oldest event is that an endpoint has not got yet."""
        ...

    def open_breaks(self, count: int) -> None:
        """Note how many differences between the books are known."""
        ...


class Unmetered:
    """Counts nothing."""

    def joined(self, outcome: str) -> None:
        """Nobody asks."""

    def command(self, op: str, outcome: str) -> None:
        """Nobody asks."""

    def told(self, event: str, receivers: int) -> None:
        """Nobody asks."""

    def broadcast(self, lane: Lane, seconds: float) -> None:
        """Nobody asks."""

    def sent(self, lane: Lane, size: int) -> None:
        """Nobody asks."""

    def late(self, seconds: float) -> None:
        """Nobody asks."""

    def passed_over(self) -> None:
        """Nobody asks."""

    def checkout(self, outcome: str) -> None:
        """Nobody asks."""

    def webhook(self, outcome: str) -> None:
        """Nobody asks."""

    def webhooks_waiting(self, seconds: float) -> None:
        """Nobody asks."""

    def open_breaks(self, count: int) -> None:
        """Nobody asks."""
