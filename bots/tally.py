"""What the viewers of one process have seen, to be added up with what the others have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bots.histogram import Histogram
from bots.pins import Sighting, Sightings

if TYPE_CHECKING:
    from bots.frames import Map

__all__ = ["Tally"]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Of one process.

    Attributes:
        counts: ``joined``, ``steady`` (who was let to watch in peace), ``reconnects``,
            ``snapshots``, and of the feeds ``received``, ``lost``, ``doubled``.
        chats: What became of the chats of a storm: ok, or an error's code, or ``unanswered``.
        unruly: What those did who misbehave, and what became of their commands.
        refusals: Error codes of other commands, and how often.
        events, chat: As in :class:`bots.heard.Latency`.
        sightings: The pins that steady viewers saw.
        broken: As :meth:`bots.invariants.Breaches.items`.

    """

    counts: Counter[str] = field(default_factory=Counter)
    chats: Counter[str] = field(default_factory=Counter)
    unruly: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    events: Histogram = field(default_factory=Histogram)
    chat: Histogram = field(default_factory=Histogram)
    sightings: Sightings = field(default_factory=Sightings)
    broken: list[Map] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take another process's in, but for the venue's: what was seen, and what broke."""
        for name in ("counts", "chats", "unruly", "refusals"):
            getattr(self, name).update(getattr(other, name))
        self.events.add_all(other.events)
        self.chat.add_all(other.chat)

    def as_map(self) -> Map:
        """For a pipe."""
        return {
            "counts": dict(self.counts),
            "chats": dict(self.chats),
            "unruly": dict(self.unruly),
            "refusals": dict(self.refusals),
            "events": self.events.items(),
            "chat": self.chat.items(),
            "sightings": [
                [epoch, seq, sighting.at, list(sighting.moments.items())]
                for (epoch, seq), sighting in self.sightings.by_event.items()
            ],
            "broken": self.broken,
        }

    @classmethod
    def of_map(cls, told: Map) -> Tally:
        """As it came through a pipe."""
        sightings = Sightings()
        for epoch, seq, at, moments in told["sightings"]:
            sightings.by_event[epoch, seq] = Sighting(at, Counter(dict(moments)))
        return cls(
            counts=Counter(told["counts"]),
            chats=Counter(told["chats"]),
            unruly=Counter(told["unruly"]),
            refusals=Counter(told["refusals"]),
            events=Histogram(told["events"]),
            chat=Histogram(told["chat"]),
            sightings=sightings,
            broken=told["broken"],
        )
