"""What goes wrong in one seed, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

FAULTS = ("before", "after", "slow", "crash before", "crash after")
"""What may befall a call: not done; done, but the answer is lost; late; its caller dies."""

RATES = (0.0, 0.0, 0.01, 0.03, 0.1, 0.25)
"""How many calls go wrong; a third of the seeds have only what is aimed or scheduled."""

LONGEST_S = 4.9
"""Stores give up after 5 s."""


@dataclass(slots=True)
class Seen:
    """Which calls were made, and which of them were failed how; over many seeds."""

    calls: Counter[str] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: Seen) -> None:
        self.calls.update(other.calls)
        self.failed.update(other.failed)


class Fate:
    """Decides about each call of a node to a store or to the provider.

    Beside the rate, one kind of call may be aimed at: its third occurrence, say, crashes.
    That reaches awaits which a rate would meet once in a thousand seeds.

    Args:
        dice: The seed's.
        calm: Nothing goes wrong at all.
        aims: Names of calls to aim at.

    """

    def __init__(self, dice: Random, *, calm: bool, aims: list[str]) -> None:
        self._dice = dice
        self.is_calm = calm
        self.is_over = calm
        self.down: set[str] = set()
        self.seen = Seen()
        self.rate = 0.0 if calm else dice.choice(RATES)
        kinds = [kind for kind in FAULTS if dice.random() < 0.6]
        self.kinds = kinds or [dice.choice(FAULTS)]
        self._aims: dict[str, tuple[int, str]] = {}
        if not calm and aims:
            for _ in range(dice.choice((0, 1, 1, 2, 3))):
                self._aims[dice.choice(aims)] = (dice.choice((1, 1, 2, 3, 5)), dice.choice(FAULTS))

    def aim(self, name: str) -> None:
        """Have the first call of this name go wrong."""
        self._aims[name] = (1, self._dice.choice(FAULTS))

    def of(self, kind: str, name: str) -> str | None:
        """The fault of this call: one of :data:`FAULTS`, or None."""
        seen = self.seen
        seen.calls[name] += 1
        if self.is_over:
            return None
        fault: str | None = None
        aim = self._aims.get(name)
        if aim is not None and seen.calls[name] == aim[0]:
            fault = aim[1]
        elif kind in self.down:
            fault = "before"
        elif self.rate and self._dice.random() < self.rate:
            fault = self._dice.choice(self.kinds)
        if fault is not None:
            seen.failed[name, fault] += 1
        return fault

    def pause_s(self) -> float:
        """How late a slow call is."""
        return self._dice.choice((0.01, 0.1, 0.5, 1.0, 2.5, LONGEST_S))

    def end(self) -> None:
        """From here on everything is well."""
        self.is_over = True
        self.down.clear()

    def spoken(self) -> dict[str, Any]:
        """For the trace."""
        return {"rate": self.rate, "kinds": self.kinds, "aims": self._aims}
