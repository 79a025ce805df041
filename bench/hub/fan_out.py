"""One event to everybody: how near the kernel's limit, and how the peers do beside."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.hub.crowd import Crowd, Heard, memory
from bench.hub.peer_servers import PEERS_BY_NAME
from bench.hub.servers import HUB, LIMIT, Hub, Limit, Server

__all__ = ["FanOut", "fan_out"]

EVENTS = 9
"""In a row for one server; their median is its figure of the round."""
PAUSE_S = 0.1
SETTLE_S = 3.0
"""After a crowd has come, until the count of viewers is told no more."""
WITHIN_S = 20.0
BY_HALF = 2


@dataclass
class FanOut:
    """What was measured.

    Attributes:
        size: Bytes of the event, the same for all.
        rates: Deliveries a second, a figure a round, by server.
        ratios: The median of a server's rate beside the limit's of the same round.
        joins: Connections a second at the beginning, by server.
        memory: Bytes a viewer in the server's process, by server.
        versions: Of the peers.
        missing: Why a peer is not there.

    """

    size: int = 0
    rates: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    joins: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """A row for each server, the fastest first."""
        medians = {name: statistics.median(rates) for name, rates in self.rates.items()}
        rows = [
            f"{name:24}{medians[name]:>14,.0f}{self.ratios[name]:>10.2f}"
            f"{self.joins[name]:>10,.0f}{self.memory[name] / 1024:>12.1f}"
            for name in sorted(medians, key=lambda one: -medians[one])
        ]
        return "\n".join(
            [
                f"one event of {self.size} bytes to everybody",
                f"{'server':24}{'deliveries/s':>14}{'of limit':>10}"
                f"{'joins/s':>10}{'KiB/viewer':>12}",
                *rows,
                *(f"{name:24}missing: {why}" for name, why in self.missing.items()),
            ]
        )


def fan_out(viewers: int, rounds: int, peers: list[str]) -> FanOut:
    """Tell the crowds of all servers in turn, round after round."""
    found = FanOut()
    with ExitStack() as stack:

        def begin(make: Callable[[], Server]) -> tuple[Server, Crowd]:
            server = make()
            stack.callback(server.stop)
            before = memory(server.pid)
            crowd = stack.enter_context(Crowd(server.port, viewers, **server.crowd))
            time.sleep(SETTLE_S)
            found.joins[server.name] = viewers / crowd.joining_s
            found.memory[server.name] = (memory(server.pid) - before) / viewers
            return server, crowd

        hub, crowd = begin(Hub)
        told(hub, crowd, viewers)
        found.size = told(hub, crowd, viewers).bytes // viewers
        crowds = {HUB: (hub, crowd), LIMIT: begin(lambda: Limit(viewers, found.size))}
        for name in peers:
            try:
                server, crowd = begin(named(name, found.size))
                told(server, crowd, viewers)
                crowds[name] = server, crowd
                found.versions[name] = server.version
            except (OSError, RuntimeError) as error:
                found.missing[name] = str(error)
        found.rates = {name: [] for name in crowds}
        for number in range(rounds):
            # Turned about, so that none is always the one after another.
            for name in list(crowds)[:: 1 if number % BY_HALF else -1]:
                try:
                    found.rates[name].append(rate(*crowds[name], viewers))
                except RuntimeError as error:
                    _leave_out(name, error, found)
                    del crowds[name]
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    for name, rates in found.rates.items():
        pairs = zip(rates, found.rates[LIMIT], strict=True)
        found.ratios[name] = statistics.median(one / limit for one, limit in pairs)
    return found


def _leave_out(name: str, error: RuntimeError, found: FanOut) -> None:
    """Go on without a peer that has lost its crowd, and say so."""
    if name in {HUB, LIMIT}:
        raise error
    found.missing[name] = str(error)
    del found.rates[name]


def named(name: str, size: int) -> Callable[[], Server]:
    """How to make a peer."""

    def make() -> Server:
        peer = PEERS_BY_NAME[name](size)
        peer.name = name
        return peer

    return make


def rate(server: Server, crowd: Crowd, viewers: int) -> float:
    """Deliveries a second: the median of some events, each to everybody."""
    return statistics.median(
        (viewers - 1) / (told(server, crowd, viewers).took_ns / 1e9) for _ in range(EVENTS)
    )


def told(server: Server, crowd: Crowd, viewers: int) -> Heard:
    """Tell one event, and hear it."""
    time.sleep(PAUSE_S)
    crowd.begin()
    server.tell()
    heard = crowd.wait(viewers, WITHIN_S)
    if heard.frames < viewers:
        raise RuntimeError(
            f"{server.name}: {heard.frames} of {viewers} heard it, {heard.joined} are still there"
        )
    return heard
