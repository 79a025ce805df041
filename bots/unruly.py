"""Viewers who misbehave: phones that sleep, lines that drop, programs that do not stop asking.

Who does what and when is decided by the run's seed. They are let off before the run ends, and
must then be where everybody is.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from bots.options import Options
    from bots.viewer import Viewer

__all__ = ["Habit", "habits", "misbehave"]

FLAPS_EVERY_S: Final = 3.0
FLOODS_EVERY_S: Final = 2.0
FLOOD: Final = 100
"""Commands at once: more than the burst that the server allows."""


class Habit(StrEnum):
    """How a viewer misbehaves."""

    STALLED = "stalled"
    """Stops reading for most of the run."""
    FLAPPING = "flapping"
    """Drops its line, and comes back, again and again."""
    FLOODING = "flooding"
    """Sends more commands than allowed."""


def habits(options: Options) -> dict[int, Habit]:
    """Which of the viewers misbehave; those who buy never do."""
    others = list(range(options.buyers, options.viewers))
    Random(f"{options.seed}/unruly").shuffle(others)
    found: dict[int, Habit] = {}
    for habit in Habit:
        count = min(round(options.shares.get(habit, 0) * options.viewers), len(others))
        found |= {others.pop(): habit for _ in range(count)}
    return found


async def misbehave(viewers: Iterable[Viewer], seconds: float, outcomes: Counter[str]) -> None:
    """Let those who have a habit follow it, until cancelled; then they read again."""
    async with asyncio.TaskGroup() as group:
        for viewer in viewers:
            rng = Random(f"{viewer.seed}/unruly/{viewer.index}")
            if viewer.habit is Habit.STALLED:
                group.create_task(_stall(viewer, rng, seconds, outcomes))
            elif viewer.habit is Habit.FLAPPING:
                group.create_task(_flap(viewer, rng, outcomes))
            elif viewer.habit is Habit.FLOODING:
                group.create_task(_flood(viewer, rng, outcomes))


async def _stall(viewer: Viewer, rng: Random, seconds: float, outcomes: Counter[str]) -> None:
    await asyncio.sleep(seconds * rng.uniform(0, 0.25))
    outcomes["stalls"] += 1
    viewer.client.listen(on=False)
    try:
        await asyncio.sleep(seconds * rng.uniform(0.5, 0.7))
    finally:
        viewer.client.listen(on=True)


async def _flap(viewer: Viewer, rng: Random, outcomes: Counter[str]) -> None:
    while True:
        await asyncio.sleep(rng.expovariate(1 / FLAPS_EVERY_S))
        if viewer.client.is_joined:
            outcomes["hang-ups"] += 1
            viewer.client.hang_up()


async def _flood(viewer: Viewer, rng: Random, outcomes: Counter[str]) -> None:
    while True:
        for _ in range(FLOOD):
            outcomes["flood"] += viewer.client.post(outcomes, "ping")
        await asyncio.sleep(rng.expovariate(1 / FLOODS_EVERY_S))
