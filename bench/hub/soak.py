"""A long mixed load: whether memory, files and tasks stay as they are."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.hub.crowd import Crowd, Heard, memory
from bench.hub.recovery import HISTORY, RETURNS_MS
from bench.hub.servers import Hub
from bench.pages.crowd import chatting

__all__ = ["Soak", "soak"]

PER_SECOND: Final = 100
PIN_EVERY_S: Final = 2.0
EVERY_S: Final = 10.0
LEAVE_OVER_S: Final = 5.0
"""Each round a tenth of the viewers drop and come back, and a fiftieth stop reading."""

ROUNDS_SETTLED: Final = 6
"""Rounds at the beginning and at the end that are compared: a minute each."""


@dataclass(frozen=True, slots=True)
class Look:
    """The hub's process at a moment."""

    memory: int
    files: int
    tasks: int
    sockets: int


@dataclass(frozen=True, slots=True)
class Soak:
    """What was measured.

    Attributes:
        viewers, minutes: How many for how long.
        looks: The process, every round.
        heard: What the viewers heard.
        before, after: Medians of the second minute and of the last.

    """

    viewers: int
    minutes: float
    looks: list[Look]
    heard: Heard
    before: Look
    after: Look

    def __str__(self) -> str:
        """What has grown."""
        return (
            f"{self.minutes:.0f} minutes of {self.viewers:,} viewers who chat, drop, stall and "
            f"come back: {self.heard.returned:,} joins, {self.heard.events:,} deliveries, "
            f"missed {self.heard.gaps}, doubled {self.heard.doubles}\n"
            f"  memory {self.before.memory / 2**20:.1f} MiB in minute 2, "
            f"{self.after.memory / 2**20:.1f} in the last; files {self.before.files} and "
            f"{self.after.files}, tasks {self.before.tasks} and {self.after.tasks}"
        )


def soak(viewers: int, minutes: float) -> Soak:
    """Let a crowd do all that crowds do."""
    hub = Hub(options=("--history", str(HISTORY)))
    try:
        with Crowd(hub.port, viewers, returns=RETURNS_MS, **hub.crowd) as crowd:
            return asyncio.run(_soak(hub, crowd, viewers, minutes))
    finally:
        hub.stop()


async def _soak(hub: Hub, crowd: Crowd, viewers: int, minutes: float) -> Soak:
    looks: list[Look] = []
    crowd.begin()
    async with chatting(hub.served, PER_SECOND):
        until = time.monotonic() + minutes * 60
        while time.monotonic() < until:
            crowd.drop(viewers // 10, LEAVE_OVER_S)
            if len(looks) % 2:
                crowd.stall(viewers // 50)
            due = time.monotonic() + EVERY_S
            while time.monotonic() < due:
                await asyncio.to_thread(hub.tell)
                await asyncio.sleep(PIN_EVERY_S)
            looks.append(await asyncio.to_thread(look, hub))
    return Soak(
        viewers=viewers,
        minutes=minutes,
        looks=looks,
        heard=crowd.wait(0, 0),
        before=middle(looks[ROUNDS_SETTLED : 2 * ROUNDS_SETTLED] or looks),
        after=middle(looks[-ROUNDS_SETTLED:]),
    )


def look(hub: Hub) -> Look:
    """The process now."""
    return Look(
        memory=memory(hub.pid),
        files=len(list(Path(f"/proc/{hub.pid}/fd").iterdir())),
        tasks=hub.measured("yellowcart_tasks"),
        sockets=hub.measured("yellowcart_sockets"),
    )


def middle(looks: list[Look]) -> Look:
    """The median of each."""
    return Look(
        *(
            round(statistics.median(getattr(one, name) for one in looks))
            for name in ("memory", "files", "tasks", "sockets")
        )
    )
