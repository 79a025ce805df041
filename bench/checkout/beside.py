"""Reservations in one circumstance beside another, in turn within the same run."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bench.checkout.rates import once, percentile, rate
from bench.checkout.shop import Shop
from bench.checkout.slow_disk import slow_disk, sync_ms

__all__ = ["Circumstance", "Reserved", "beside", "on_slow_disk", "with_workers"]

COMMIT: Final = "a commit takes {:.1f} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """How a server is started.

    Attributes:
        note: What else is known of it.

    """

    options: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Reservations as fast as they go; every one was answered, and the books agree.

    Attributes:
        what: The circumstance.
        a_second: The median of all runs.
        p50_ms, p99_ms: The medians of the runs' own.
        cpu_us: Of processor time that the server and its stores need for one.
        runs: Each run's rate.

    """

    what: str
    a_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    runs: list[float]
    note: str

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.what}: {self.a_second:,.0f} reservations a second (p50 {self.p50_ms:.0f}, "
            f"p99 {self.p99_ms:.0f} ms; {self.cpu_us:.0f} µs of CPU each), all right; "
            f"{self.note or 'runs'} {self.runs}"
        )


def beside(
    circumstances: Mapping[str, Circumstance], count: int, in_flight: int, runs: int
) -> Iterator[Reserved]:
    """Let ``count`` people reserve, so many at once, on a fresh server each time."""
    found = defaultdict(list)
    for _ in range(runs):
        for name, chosen in circumstances.items():
            start = partial(Shop, chosen.options, dict(chosen.environ))
            found[name].append(once("reserved", count, in_flight, start))
    for name, outcomes in found.items():
        rates = [rate(outcome) for outcome, _ in outcomes]
        yield Reserved(
            what=name,
            a_second=statistics.median(rates),
            p50_ms=statistics.median(percentile(outcome, 0.5) for outcome, _ in outcomes),
            p99_ms=statistics.median(percentile(outcome, 0.99) for outcome, _ in outcomes),
            cpu_us=statistics.median(cpu for _, cpu in outcomes) / count * 1e6,
            runs=[round(one) for one in rates],
            note=circumstances[name].note,
        )


def on_slow_disk(added_ms: float) -> dict[str, Circumstance]:
    """The disk as it is, and one that takes so much longer, for server, Redis and provider."""
    slow = slow_disk(added_ms)
    return {
        "the disk as it is": Circumstance(note=COMMIT.format(sync_ms({}))),
        f"{added_ms:g} ms added to each sync": Circumstance(
            environ=slow, note=COMMIT.format(sync_ms(slow))
        ),
    }


def with_workers(most: int) -> dict[str, Circumstance]:
    """One process, and several."""
    return {
        f"workers: {number}": Circumstance(options=("--workers", str(number)))
        for number in range(1, most + 1)
    }
