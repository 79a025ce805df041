"""Measure, print the tables, keep the JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.hub.fan_out import FanOut, fan_out
from bench.hub.idle import Idle, idle
from bench.hub.peer_servers import PEERS_BY_NAME
from bench.hub.recovery import SCENES, Recovery, recovery
from bench.hub.storm import Storm, storm
from bench.pages.report import machine

RESULTS: Final = Path(__file__).parent.parent / "results" / "hub.json"
PARTS: Final = ("fan-out", "storm", "idle", "recovery")


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="bench.hub", description="How fast the hub tells a crowd."
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--viewers", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", default=",".join(PEERS_BY_NAME), help="with commas between")
    parser.add_argument("--per-second", type=int, default=200, help="messages of the storm")
    parser.add_argument("--seconds", type=float, default=60, help="of the storm")
    parser.add_argument("--idle", type=int, default=18_000, help="viewers who only watch")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to keep the figures")
    asked = parser.parse_args()
    result: dict[str, object] = {"bench": "hub", **machine("")}
    for part in asked.only.split(","):
        if part == "fan-out":
            names = [name for name in asked.peers.split(",") if name]
            told = fan_out(asked.viewers, asked.rounds, names)
            print(fan_out_table(told))
            ratios = {name: told.ratio(name) for name in told.rates}
            result[part] = asdict(told) | {"of the limit": ratios}
        elif part == "storm":
            heard = storm(asked.viewers, asked.per_second, asked.seconds)
            print(storm_table(heard))
            result[part] = asdict(heard)
        elif part == "idle":
            watched = idle(asked.idle)
            print(idle_table(watched))
            result[part] = asdict(watched)
        elif part == "recovery":
            scenes = [recovery(scene, asked.viewers, asked.per_second) for scene in SCENES]
            print(recovery_table(scenes))
            result[part] = [asdict(scene) for scene in scenes]
        else:
            parser.error(f"no such part: {part}; there are {', '.join(PARTS)}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"kept in {asked.json}")
    return 0


def fan_out_table(found: FanOut) -> str:
    """A row for each server, the fastest first."""
    medians = {name: statistics.median(rates) for name, rates in found.rates.items()}
    rows = [
        f"{name:24}{medians[name]:>14,.0f}{found.ratio(name):>10.2f}"
        f"{found.joins[name]:>10,.0f}{found.memory[name] / 1024:>12.1f}"
        for name in sorted(medians, key=lambda one: -medians[one])
    ]
    return "\n".join(
        [
            f"one event of {found.size} bytes to everybody",
            f"{'server':24}{'deliveries/s':>14}{'of limit':>10}{'joins/s':>10}{'KiB/viewer':>12}",
            *rows,
            *(f"{name:24}missing: {why}" for name, why in found.missing.items()),
        ]
    )


def storm_table(found: Storm) -> str:
    """What the storm did."""
    heard = found.heard
    return (
        f"{found.per_second} messages/s for {found.seconds:.0f} s to {found.viewers:,} viewers: "
        f"{found.rate:,.0f} deliveries/s\n"
        f"  lost {found.lost}, doubled {heard.doubles}; latency p50 {heard.p50_ms} ms, "
        f"p99 {heard.p99_ms} ms; pin p99 {heard.pin_p99_ms} ms\n"
        f"  of one core: the hub {found.cpu:.0%}, its Redis {found.redis_cpu:.0%}"
    )


def idle_table(found: Idle) -> str:
    """What watching takes."""
    return (
        f"{found.viewers:,} viewers who only watch: {found.memory / 1024:.2f} KiB each, "
        f"{found.cpu:.1%} of a core; they came at {found.joins:,.0f} a second"
    )


def recovery_table(scenes: list[Recovery]) -> str:
    """A row for each scene."""
    rows = [
        f"{one.scene:20}{one.heard.returned:>7,}{one.seconds:>10.1f}{one.heard.recovered:>11,}"
        f"{one.anew:>7,}{one.missing:>6}{one.heard.gaps:>8}{one.heard.doubles:>9}"
        for one in scenes
    ]
    first = scenes[0]
    return "\n".join(
        [
            f"{first.viewers:,} viewers on two workers, {first.per_second} messages a second",
            f"{'':20}{'back':>7}{'within s':>10}{'recovered':>11}{'anew':>7}"
            f"{'gone':>6}{'missed':>8}{'doubled':>9}",
            *rows,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
