"""Measure, print, keep the JSON: ``make bench-checkout``; 1 when something went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.checkout.beside import beside, on_slow_disk, with_workers
from bench.checkout.curve import Curve, curve
from bench.checkout.rates import Paced, paced, rates
from bench.checkout.stampede import Stampede, stampede
from bench.checkout.volume import Audited, volume
from bench.kept import Kept

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Asked = argparse.Namespace

RESULTS: Final = Path(__file__).parent.parent / "results" / "checkout.json"
HANG_UP: Final = 0.3
SLOW_MS: Final = 4.0
WORKERS: Final = 2
WATCHING: Final = 6000
PACE: Final = 25
"""Payments a second: what Stripe allows an account at first."""

Checked = Paced | Stampede | Curve | Audited
"""What tells of failures; the others are an error, or nothing can fail."""

STOCKS: Final = (1, 100, 500, 10_000)


def _rates(asked: Asked) -> Iterator[DataclassInstance]:
    for what in ("reserved", "sold_out"):
        yield rates(what, asked.count, asked.in_flight, asked.runs)
    yield rates("paid", asked.count, asked.paying, asked.runs)
    yield rates("paid", asked.count, asked.paying, asked.runs, is_inside=True)
    yield rates("paid", asked.count, asked.paying, asked.runs, watching=WATCHING)


def _paced(_: Asked) -> Iterator[DataclassInstance]:
    for per_second in (1000, 2000, 5000):
        yield paced(per_second, 3)


def _stampede(asked: Asked) -> Iterator[DataclassInstance]:
    for stock in STOCKS:
        yield stampede(asked.buyers, stock, 1, HANG_UP, 2)
    yield stampede(asked.buyers, 500, 2, HANG_UP, 2)


def _volume(asked: Asked) -> Iterator[DataclassInstance]:
    yield from volume(asked.carts, asked.orders)


def _curve(asked: Asked) -> Iterator[DataclassInstance]:
    for per_second in (PACE, 0):
        yield curve(asked.payers, per_second)


def _slow_disk(asked: Asked) -> Iterator[DataclassInstance]:
    yield from beside(on_slow_disk(SLOW_MS), asked.count, asked.in_flight, asked.runs)


def _workers(asked: Asked) -> Iterator[DataclassInstance]:
    yield from beside(with_workers(WORKERS), asked.count, asked.in_flight, asked.runs)


PARTS: Final[dict[str, Callable[[Asked], Iterator[DataclassInstance]]]] = {
    "rates": _rates,
    "paced": _paced,
    "stampede": _stampede,
    "curve": _curve,
    "slow_disk": _slow_disk,
    "workers": _workers,
    "volume": _volume,
}


def main() -> int:
    """Measure what was asked for."""
    asked = parsed()
    kept = Kept("checkout", PARTS, asked.json)
    failures = []
    for name in asked.only:
        kept.begin()
        figures = []
        for found in PARTS[name](asked):
            print(found, flush=True)
            figures.append(asdict(found))
            # At once: some parts take many minutes, and may end in an error.
            kept.keep(name, figures)
            if isinstance(found, Checked):
                which = str(found).partition(":")[0]
                failures += [f"{name}, {which}: {failure}" for failure in found.failures]
    print(f"kept in {asked.json}")
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


def parsed() -> Asked:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="bench.checkout", description="How fast and how right a purchase is."
    )
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), help="parts")
    parser.add_argument("--count", type=int, default=8000, help="purchases of a run")
    parser.add_argument("--in-flight", type=int, default=800, help="reservations side by side")
    parser.add_argument("--paying", type=int, default=200, help="who buy and pay again and again")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--buyers", type=int, default=10_000, help="of the stampede")
    parser.add_argument("--payers", type=int, default=1000, help="of the curve")
    parser.add_argument("--carts", type=int, default=1_000_000, help="of the volume")
    parser.add_argument("--orders", type=int, default=100_000, help="of the volume, too")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to keep the figures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
