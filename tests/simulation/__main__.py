"""``make simulate``: many seeds, or one again.

``python -m tests.simulation --seeds 20000`` runs the corpus and then so many new seeds;
``--seed 7`` replays one, with every step.
"""

from __future__ import annotations

import argparse
import math
import os
import secrets
import sys
import time

from tests.simulation.awaits import AWAITS
from tests.simulation.crew import Failure, Result, corpus, run_all
from tests.simulation.fate import FAULTS
from tests.simulation.servers import migrated_book, redis_servers
from tests.simulation.stage import Stage
from tests.simulation.town import run

EVERY_S = 10.0


class Progress:
    """Says now and then how far it is."""

    def __init__(self, seeds: int) -> None:
        self._seeds = seeds
        self._said_at = 0.0

    def __call__(self, total: Result, seconds: float) -> None:
        if seconds - self._said_at < EVERY_S and total.seeds < self._seeds:
            return
        self._said_at = seconds
        rate = total.seeds / seconds
        failed = f", {len(total.failures)} failed" if total.failures else ""
        print(f"{total.seeds}/{self._seeds} seeds, {rate:.1f} a second{failed}", flush=True)


def main() -> int:
    options = _options()
    if options.seed is not None:
        return _replay(options.seed)
    # Other seeds each night, unless the first one is named.
    first = secrets.randbelow(2**40) if options.first is None else options.first
    seeds = [*corpus(), *range(first, first + options.seeds)]
    print(f"the corpus, then {options.seeds} seeds from {first} in {options.jobs} processes")
    begun = time.monotonic()
    total = run_all(
        seeds,
        jobs=options.jobs,
        most=options.failures,
        seconds=options.seconds,
        progress=Progress(len(seeds)),
    )
    _report(total, time.monotonic() - begun)
    for failure in total.failures:
        _show(failure)
    return 1 if total.failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--first", type=int, help="the first seed, else a random one")
    parser.add_argument("--seed", type=int, help="replay this one, step by step")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--failures", type=int, default=5, help="stop after so many")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    return parser.parse_args()


def _replay(seed: int) -> int:
    with redis_servers(1) as (socket,), migrated_book() as book:
        stage = Stage(socket, book)
        outcome = run(seed, stage, list(AWAITS))
        stage.close()
    print("\n".join(outcome.trace.lines()))
    print(f"seed {seed}, schedule {outcome.trace.digest}, {outcome.seconds:.1f} virtual seconds")
    for text in outcome.broken:
        print(f"BROKEN {text}")
    return 1 if outcome.broken else 0


def _report(total: Result, seconds: float) -> None:
    calls, failed = total.seen.calls, total.seen.failed
    ways = sum(1 for name in AWAITS for fault in FAULTS if failed[name, fault])
    print(
        f"{total.seeds} seeds in {seconds:.0f} s ({total.seeds / seconds:.1f} a second),"
        f" {total.virtual_s / 3600:.1f} virtual hours, {calls.total()} calls,"
        f" {failed.total()} of them failed"
    )
    print(f"awaits × faults met: {ways} of {len(AWAITS) * len(FAULTS)}")
    _list("never reached", [name for name in AWAITS if not calls[name]])
    never = [name for name in AWAITS if not any(failed[name, fault] for fault in FAULTS)]
    _list("never failed", never)
    some = [
        f"{name} ({fault})"
        for name in AWAITS
        for fault in FAULTS
        if name not in never and not failed[name, fault]
    ]
    _list("not failed in this way", some)
    _list("not listed in tests/simulation/awaits.py", sorted(set(calls) - set(AWAITS)))


def _list(title: str, names: list[str]) -> None:
    print(f"{title}: {', '.join(names) or 'none'}")


def _show(failure: Failure) -> None:
    print(f"\nseed {failure.seed} broke:")
    for text in failure.broken[:5]:
        print(f"  {text}")
    print("its last steps:")
    print("\n".join(failure.steps))
    print(f"replay: .venv/bin/python -m tests.simulation --seed {failure.seed}")


if __name__ == "__main__":
    sys.exit(main())
