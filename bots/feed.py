"""One viewer's place in a show's feed: every event once, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bots.frames import Map

__all__ = ["FeedWatch"]


class FeedWatch:
    """Counts what one viewer lost or got twice.

    Attributes:
        epoch: The feed's history; empty before the first join.
        seq: The latest event seen, or that a snapshot contained.
        received: Feed events that arrived, doubled ones included.
        lost: Events that were jumped over.
        doubled: Events that came again.
        turned_back: Joins or snapshots that are older than what was seen in the same epoch, or
            that claim a recovery that they cannot have made.

    """

    __slots__ = ("doubled", "epoch", "lost", "received", "seq", "turned_back")

    def __init__(self) -> None:
        self.epoch = ""
        self.seq = 0
        self.received = self.lost = self.doubled = self.turned_back = 0

    def since(self) -> Map | None:
        """What a returning viewer tells the server, or None before the first join."""
        return {"epoch": self.epoch, "seq": self.seq} if self.epoch else None

    def enter(self, snapshot: Map, *, recovering: bool = False) -> None:
        """Take a join's answer or a ``snapshot`` as the new place.

        Args:
            snapshot: The answer's map, with ``epoch``, ``seq`` and perhaps ``recovered``.
            recovering: Whether ``since`` was sent. A recovered viewer keeps its place: the
                missed events follow one by one.

        """
        same, seq = snapshot["epoch"] == self.epoch, snapshot["seq"]
        recovered = snapshot.get("recovered", False)
        if (same and seq < self.seq) or (recovered and not (recovering and same)):
            self.turned_back += 1
        if not recovered:
            self.epoch, self.seq = snapshot["epoch"], seq

    def see(self, seq: int) -> bool:
        """Note one feed event; tells whether it is new to this viewer."""
        self.received += 1
        if seq <= self.seq:
            self.doubled += 1
            return False
        self.lost += seq - self.seq - 1
        self.seq = seq
        return True

    def follow(self, first: int, last: int) -> bool:
        """Note consecutive events at once; False: they do not follow on what was seen."""
        if first != self.seq + 1:
            return False
        self.received += last - self.seq
        self.seq = last
        return True

    def finish(self, last: int) -> None:
        """Count as lost what never came, up to the last event that everybody should have."""
        if self.seq < last:
            self.lost += last - self.seq
            self.seq = last
