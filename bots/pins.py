"""The host's pins, and who has seen them how soon."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bots.histogram import Histogram

if TYPE_CHECKING:
    from bots.frames import Map

__all__ = ["Pin", "Pinboard", "Sighting", "Sightings"]

TENTH_NS: Final = 100_000


@dataclass(slots=True)
class Sighting:
    """One ``pinned`` event, and when viewers saw it: tenths of a monotonic millisecond."""

    at: int
    moments: Counter[int] = field(default_factory=Counter)


class Sightings:
    """Which ``pinned`` events the viewers of a process saw, by epoch and ``seq``."""

    def __init__(self) -> None:
        self.by_event: dict[tuple[str, int], Sighting] = {}
        self.wall_ns = time.time_ns() - time.monotonic_ns()

    def see(self, epoch: str, event: Map) -> None:
        """Note an event that is new to one steady viewer."""
        key = (epoch, event["seq"])
        sighting = self.by_event.get(key)
        if sighting is None:
            sighting = self.by_event[key] = Sighting(event["at"])
        sighting.moments[time.monotonic_ns() // TENTH_NS] += 1

    def add_all(self, other: Sightings) -> None:
        """Take another process's in: the clock is the same."""
        for key, sighting in other.by_event.items():
            mine = self.by_event.setdefault(key, Sighting(sighting.at))
            mine.moments.update(sighting.moments)


@dataclass(slots=True, eq=False)
class Pin:
    """One ``pin`` command; ``sent_ns`` is monotonic, ``event`` what it made."""

    product: str
    sent_ns: int
    is_acknowledged: bool = False
    event: tuple[str, int] | None = None


class Pinboard:
    """Matches ``pinned`` events to the commands that caused them.

    A reply to ``pin`` does not name the event, and other hosts may pin too: an unknown
    ``(epoch, seq)`` is given to the oldest waiting pin of that product.

    Attributes:
        sightings: Of the viewers of this process, and of others when they were added.

    """

    def __init__(self) -> None:
        self.pins: list[Pin] = []
        self.sightings = Sightings()
        self._waiting: list[Pin] = []
        self._known: set[tuple[str, int]] = set()

    def send(self, product: str) -> Pin:
        """Note that the host pins now."""
        pin = Pin(product, time.monotonic_ns())
        self.pins.append(pin)
        self._waiting.append(pin)
        return pin

    def withdraw(self, pin: Pin) -> None:
        """Forget a pin that was refused, or whose fate nobody told us."""
        self.pins.remove(pin)
        if pin in self._waiting:
            self._waiting.remove(pin)

    def see(self, epoch: str, event: Map, *, counted: bool) -> None:
        """Note a ``pinned`` event that is new to one bot; only steady viewers are counted."""
        key = (epoch, event["seq"])
        if key not in self._known:
            self._known.add(key)
            self._claim(key, event["product"])
        if counted:
            self.sightings.see(epoch, event)

    def acknowledged(self) -> list[Pin]:
        """The pins that the server answered with ok."""
        return [pin for pin in self.pins if pin.is_acknowledged]

    def delivered(self) -> int:
        """How often an acknowledged pin was seen by a viewer."""
        return sum(sighting.moments.total() for _, sighting in self._seen())

    def sights(self) -> Histogram:
        """Milliseconds from the host's send to each viewer's receive.

        Both by this machine's monotonic clock; the bots' own reading is part of it.
        """
        found = Histogram()
        for pin, sighting in self._seen():
            for moment, times in sighting.moments.items():
                found.add((moment * TENTH_NS - pin.sent_ns) / 1e6, times)
        return found

    def ages(self) -> Histogram:
        """Milliseconds from the event's ``at`` to the receive, by the wall clock.

        True only when server and bots share a machine.
        """
        found = Histogram()
        for _, sighting in self._seen():
            for moment, times in sighting.moments.items():
                wall_ms = (moment * TENTH_NS + self.sightings.wall_ns) / 1e6
                found.add(wall_ms - sighting.at, times)
        return found

    def _seen(self) -> list[tuple[Pin, Sighting]]:
        by_event = self.sightings.by_event
        return [
            (pin, by_event[pin.event])
            for pin in self.acknowledged()
            if pin.event is not None and pin.event in by_event
        ]

    def _claim(self, key: tuple[str, int], product: str) -> None:
        for pin in self._waiting:
            if pin.product == product:
                self._waiting.remove(pin)
                pin.event = key
                return
