"""Viewers who only watch: what they take of memory and of a core, and how fast they come."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.hub.crowd import Crowd, cpu_s, memory
from bench.hub.servers import Hub

__all__ = ["Idle", "idle"]

SETTLE_S = 5.0
WATCH_S = 30.0


@dataclass(frozen=True, slots=True)
class Idle:
    """What was measured.

    Attributes:
        viewers: How many, in one process, with a browser's request headers.
        joins: Complete joins a second: upgrade, join, token, snapshot.
        memory: Bytes of the process a viewer.
        cpu: Of one core, once all are there.

    """

    viewers: int
    joins: float
    memory: float
    cpu: float

    def __str__(self) -> str:
        """What watching takes."""
        return (
            f"{self.viewers:,} viewers who only watch: {self.memory / 1024:.2f} KiB each, "
            f"{self.cpu:.1%} of a core; they came at {self.joins:,.0f} a second"
        )


def idle(viewers: int) -> Idle:
    """Let them come, and watch."""
    hub = Hub()
    try:
        before = memory(hub.pid)
        with Crowd(hub.port, viewers, **hub.crowd) as crowd:
            time.sleep(SETTLE_S)
            each = (memory(hub.pid) - before) / viewers
            used = cpu_s(hub.pid)
            time.sleep(WATCH_S)
            used = cpu_s(hub.pid) - used
            return Idle(viewers, viewers / crowd.joining_s, each, used / WATCH_S)
    finally:
        hub.stop()
