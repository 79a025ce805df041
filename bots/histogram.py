"""How long things took: counted, so that millions of them take no room, and can be added up."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bots.frames import Map

__all__ = ["Histogram"]

STEPS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


class Histogram:
    """Milliseconds, to a tenth, and how often each occurred."""

    def __init__(self, counts: Iterable[tuple[float, int]] = ()) -> None:
        self._counts: Counter[float] = Counter()
        for ms, times in counts:
            self.add(ms, times)

    def __len__(self) -> int:
        """How many were counted."""
        return self._counts.total()

    def add(self, ms: float, times: int = 1) -> None:
        """Count one, or some that took the same."""
        self._counts[round(ms, 1)] += times

    def add_all(self, other: Histogram) -> None:
        """Take another's in."""
        self._counts.update(other._counts)

    def items(self) -> list[tuple[float, int]]:
        """All of them, the shortest first."""
        return sorted(self._counts.items())

    def percentile(self, percent: float) -> float | None:
        """The nearest-rank percentile: a value that occurred; None of no values."""
        rank = max(math.ceil(percent / 100 * len(self)), 1)
        for ms, times in self.items():
            rank -= times
            if rank <= 0:
                return ms
        return None

    def spread(self) -> Map:
        """p50, p99 and the largest; null when there are no values."""
        wanted = {"p50": 50, "p99": 99, "max": 100}
        return {name: self.percentile(percent) for name, percent in wanted.items()}

    def steps(self) -> Map:
        """How many took up to 1 ms, up to 2 ms and so on, each in the first that fits."""
        found: Counter[str] = Counter()
        for ms, times in self.items():
            step = next((step for step in STEPS_MS if ms <= step), None)
            found["more" if step is None else str(step)] += times
        return dict(found)
