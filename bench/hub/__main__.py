"""Measure, print the tables, keep the JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.hub.codec import codec
from bench.hub.drain import drain
from bench.hub.fan_out import fan_out
from bench.hub.idle import idle
from bench.hub.joins import joins
from bench.hub.many import many
from bench.hub.peer_servers import PEERS_BY_NAME
from bench.hub.recovery import recovery
from bench.hub.soak import soak
from bench.hub.stalled import stalled
from bench.hub.storm import storm
from bench.hub.storms import storms
from bench.hub.tick import tick
from bench.kept import Kept

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Asked = argparse.Namespace

RESULTS: Final = Path(__file__).parent.parent / "results" / "hub.json"
PAIRS: Final = 2000
"""Of sockets for a tick: two files each, in one process."""

PARTS: Final[dict[str, Callable[[Asked], DataclassInstance]]] = {
    "codec": lambda _: codec(),
    "tick": lambda asked: tick(PAIRS, asked.rounds),
    "joins": lambda _: joins(),
    "fan-out": lambda asked: fan_out(asked.viewers, asked.rounds, asked.peers),
    "storm": lambda asked: storm(asked.viewers, asked.per_second, asked.seconds),
    "storms": lambda asked: storms(asked.viewers, asked.rates, asked.seconds / 2),
    "idle": lambda asked: idle(asked.idle),
    "recovery": lambda asked: recovery(asked.viewers, asked.per_second),
    "stalled": lambda asked: stalled(asked.viewers, asked.viewers // 10, asked.per_second),
    "many": lambda asked: many(asked.many),
    "soak": lambda asked: soak(asked.viewers // 2, asked.minutes),
    "drain": lambda asked: drain(asked.viewers),
}


USUAL: Final = [name for name in PARTS if name != "soak"]
"""Without what takes 20 minutes alone."""


def main() -> int:
    """Measure what was asked for."""
    asked = parsed()
    kept = Kept("hub", PARTS, asked.json)
    for name in asked.only:
        kept.begin()
        found = PARTS[name](asked)
        print(found, flush=True)
        kept.keep(name, asdict(found))
    print(f"kept in {asked.json}")
    return 0


def parsed() -> Asked:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="bench.hub", description="How fast the hub tells a crowd."
    )
    parser.add_argument("--only", nargs="*", choices=PARTS, default=USUAL, help="parts")
    parser.add_argument("--viewers", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", nargs="*", choices=PEERS_BY_NAME, default=list(PEERS_BY_NAME))
    parser.add_argument("--per-second", type=int, default=200, help="messages of the storm")
    parser.add_argument(
        "--rates", type=int, nargs="*", default=[200, 500, 1000], help="of the storms beside peers"
    )
    parser.add_argument("--seconds", type=float, default=60, help="of the storm")
    parser.add_argument("--idle", type=int, default=18_000, help="viewers who only watch")
    parser.add_argument("--many", type=int, default=50_000, help="over several workers")
    parser.add_argument("--minutes", type=float, default=20, help="of the soak")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to keep the figures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
