"""What happens to everybody at once: processes die, stores and the provider go away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from tests.simulation.town import Town

SPAN_S = 10.0
"""Within it everything begins that is scheduled."""

LATE_MONEY = ("record_late", "record_refunding", "record_refunded", "provider refund")
"""Calls that only a lying provider leads to, and few of its lies."""


def forecast(town: Town) -> list[Coroutine[Any, Any, None]]:
    """The seed's weather; nothing when it is calm."""
    dice = town.dice
    town.till.webhooks = "normal"
    if town.fate.is_calm:
        return []
    lies = dice.random() < 0.25
    kinds = ["normal", "duplicate", "reorder", "delay", *([] if lies else ["drop"])]
    town.till.webhooks = dice.choice(kinds)
    town.provider.may_lie = lies
    if lies:
        town.fate.aim(dice.choice(LATE_MONEY))
    found = [_kill(town) for _ in range(dice.choice((0, 0, 0, 1, 1, 2)))]
    if dice.random() < 0.25:
        found.append(_lose(town))
    if dice.random() < 0.2:
        found.append(_jump(town))
    away = [kind for kind in ("gate", "book", "provider") if dice.random() < 0.15]
    return found + [_go_away(town, kind) for kind in away]


async def _kill(town: Town) -> None:
    await asyncio.sleep(town.dice.random() * SPAN_S)
    process = town.some_process()
    if process is not None and not town.fate.is_over:
        town.crash(process.life)


async def _lose(town: Town) -> None:
    """Redis comes back without its last writes, or without any."""
    dice = town.dice
    await asyncio.sleep(dice.random() * SPAN_S / 2)
    town.gate.keep()
    await asyncio.sleep(dice.choice((0.05, 0.3, 1.0, 3.0)))
    if town.fate.is_over:
        return
    everything = dice.random() < 0.5
    town.trace.add("redis", "loses", "everything" if everything else "its last writes")
    town.watch.may_drift = True
    town.gate.lose(everything=everything)


async def _jump(town: Town) -> None:
    await asyncio.sleep(town.dice.random() * SPAN_S)
    by_ms = town.dice.choice((1_000, 5_000, 20_000, 120_000))
    town.trace.add("clock", "jumps", by_ms)
    town.clock.jump(by_ms)


async def _go_away(town: Town, kind: str) -> None:
    await asyncio.sleep(town.dice.random() * SPAN_S)
    if town.fate.is_over:
        return
    town.trace.add(kind, "is away")
    town.fate.down.add(kind)
    await asyncio.sleep(town.dice.choice((0.3, 1.0, 3.0, 7.0)))
    town.fate.down.discard(kind)
    town.trace.add(kind, "is back")
