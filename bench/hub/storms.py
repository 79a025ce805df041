"""The same storms at the hub and at peers, one after the other: what each sustains, and its price.

A peer is published to as the hub is written to: one message at a time, each with its number and
its moment, every now and then a pin. It knows no tick and no viewers who write: it only tells.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.hub.crowd import Crowd, cpu_s
from bench.hub.peer_servers import PUBLISHERS, Nats, Nchan
from bench.hub.servers import HUB
from bench.hub.storm import DRAIN_S, PIN_EVERY_S, WARM_UP_S, missing, storm

__all__ = ["Storms", "storms"]

SIZE = 200
"""Bytes of a message, as many as one of the hub's has."""


@dataclass(frozen=True, slots=True)
class Sustained:
    """How a server stood a storm.

    Attributes:
        server, version: Which.
        per_second, sent: Messages that were asked for, and that were sent.
        rate: Deliveries a second.
        lost: Deliveries that were owed and had not come some seconds after the end.
        cpu: Of one core, the server's process.
        per_million: Seconds of processor time for a million deliveries.

    """

    server: str
    version: str
    per_second: int
    sent: float
    rate: float
    lost: int
    p99_ms: int
    pin_p99_ms: int
    cpu: float
    per_million: float

    def __str__(self) -> str:
        """A row."""
        return (
            f"{self.server:16}{self.per_second:>8,}{self.sent:>8,.0f}{self.rate:>14,.0f}{self.lost:>12,}"
            f"{self.p99_ms:>9,}{self.pin_p99_ms:>9,}{self.cpu:>7.0%}{self.per_million:>11.2f}"
        )


@dataclass(frozen=True, slots=True)
class Storms:
    """All servers at all rates."""

    viewers: int
    seconds: float
    found: list[Sustained]
    missing: dict[str, str]

    def __str__(self) -> str:
        """A table."""
        head = f"{'server':16}{'msgs/s':>8}{'sent/s':>8}{'deliveries/s':>14}{'lost':>12}"
        head += f"{'p99 ms':>9}{'pin p99':>9}{'CPU':>7}{'s/million':>11}"
        title = f"{self.seconds:.0f} s of messages to {self.viewers:,} viewers"
        absent = [f"{name:16}missing: {why}" for name, why in self.missing.items()]
        return "\n".join([title, head, *map(str, self.found), *absent])


def storms(viewers: int, rates: list[int], seconds: float) -> Storms:
    """Let each server tell a crowd so many messages a second."""
    found, absent = [], {}
    for per_second in rates:
        found.append(_hub(viewers, per_second, seconds))
        for name in PUBLISHERS:
            if name in absent:
                continue
            try:
                found.append(_peer(name, viewers, per_second, seconds))
            except (OSError, RuntimeError) as error:
                absent[name] = str(error)
    return Storms(viewers, seconds, found, absent)


def _hub(viewers: int, per_second: int, seconds: float) -> Sustained:
    stood = storm(viewers, per_second, seconds)
    return Sustained(
        server=HUB,
        version="",
        per_second=per_second,
        sent=stood.sent,
        rate=stood.rate,
        lost=stood.lost,
        p99_ms=stood.heard.p99_ms,
        pin_p99_ms=stood.heard.pin_p99_ms,
        cpu=stood.cpu,
        per_million=_per_million(stood.cpu * stood.seconds, stood.events),
    )


def _peer(name: str, viewers: int, per_second: int, seconds: float) -> Sustained:
    peer = PUBLISHERS[name](SIZE)
    try:
        with Crowd(peer.port, viewers, **peer.crowd) as crowd:
            numbers = iter(range(1, 10**9))
            earlier = _publish(peer, per_second, WARM_UP_S, numbers)
            warm = crowd.begin()
            before, at = cpu_s(peer.pid), time.monotonic()
            sent = _publish(peer, per_second, seconds, numbers)
            took, cpu_used = time.monotonic() - at, cpu_s(peer.pid) - before
            within = crowd.wait(0, 0)
            time.sleep(DRAIN_S)
            heard = crowd.wait(0, 0)
    finally:
        peer.stop()
    return Sustained(
        server=name,
        version=peer.version,
        per_second=per_second,
        sent=sent / took,
        rate=within.events / took,
        lost=missing(viewers * (earlier + sent), warm, heard),
        p99_ms=heard.p99_ms,
        pin_p99_ms=heard.pin_p99_ms,
        cpu=cpu_used / took,
        per_million=_per_million(cpu_used, within.events),
    )


def _publish(peer: Nats | Nchan, per_second: int, seconds: float, numbers: Iterator[int]) -> int:
    """Publish at a steady pace for a while, never ahead of it; how many."""
    begun = time.monotonic()
    told, pin_at = 0, PIN_EVERY_S
    while (passed := time.monotonic() - begun) < seconds:
        if told >= passed * per_second:
            time.sleep((told + 1) / per_second - passed)
            continue
        name = "pinned" if passed >= pin_at else "chat"
        if name == "pinned":
            pin_at += PIN_EVERY_S
        peer.publish(_event(name, next(numbers)))
        told += 1
    return told


def _event(name: str, number: int) -> bytes:
    told = {"ev": name, "seq": number, "at": time.time_ns() // 10**6, "text": ""}
    told["text"] = "x" * (SIZE - len(json.dumps(told, separators=(",", ":"))))
    return json.dumps(told, separators=(",", ":")).encode()


def _per_million(cpu_used: float, events: int) -> float:
    return cpu_used / max(events, 1) * 1e6
