"""The host's pins, and who has seen them how soon."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bots.frames import Map

__all__ = ["Pin", "Pinboard"]


@dataclass(slots=True, eq=False)
class Pin:
    """One ``pin`` command; ``sent_ns`` is monotonic."""

    product: str
    sent_ns: int
    is_acknowledged: bool = False
    seen: int = 0


class Pinboard:
    """Matches ``pinned`` events to the commands that caused them.

    A reply to ``pin`` does not name the event, and other hosts may pin too: the first bot that
    sees an unknown ``(epoch, seq)`` gives it to the oldest waiting pin of that product.

    Attributes:
        sights_ms: From the host's send to each viewer's receive, both by this machine's
            monotonic clock; the bots' own reading is part of it.
        event_ages_ms: From the event's ``at`` to the receive, by the wall clock: true only when
            server and bots share a machine.

    """

    def __init__(self) -> None:
        self.pins: list[Pin] = []
        self.sights_ms: list[float] = []
        self.event_ages_ms: list[float] = []
        self._waiting: list[Pin] = []
        self._events: dict[tuple[str, int], Pin | None] = {}

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
        """Note a ``pinned`` event that is new to one bot; only viewers are counted."""
        key = (epoch, event["seq"])
        if key not in self._events:
            self._events[key] = self._claim(event["product"])
        pin = self._events[key]
        if pin is None or not counted:
            return
        pin.seen += 1
        self.sights_ms.append((time.monotonic_ns() - pin.sent_ns) / 1e6)
        self.event_ages_ms.append(time.time() * 1000 - event["at"])

    def acknowledged(self) -> list[Pin]:
        """The pins that the server answered with ok."""
        return [pin for pin in self.pins if pin.is_acknowledged]

    def delivered(self) -> int:
        """How often an acknowledged pin was seen by a viewer."""
        return sum(pin.seen for pin in self.acknowledged())

    def _claim(self, product: str) -> Pin | None:
        for pin in self._waiting:
            if pin.product == product:
                self._waiting.remove(pin)
                return pin
        return None
