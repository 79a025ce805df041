"""What the hub counts; whoever shows the numbers implements it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Meter", "Unmetered"]


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

    def checkout(self, outcome: str) -> None:
        """Count a checkout that reached a state."""
        ...


class Unmetered:
    """Counts nothing."""

    def joined(self, outcome: str) -> None:
        """Nobody asks."""

    def command(self, op: str, outcome: str) -> None:
        """Nobody asks."""

    def told(self, event: str, receivers: int) -> None:
        """Nobody asks."""

    def checkout(self, outcome: str) -> None:
        """Nobody asks."""
