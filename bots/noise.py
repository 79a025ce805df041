"""What viewers say: a gentle noise, or a storm of chat."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Final

from bots.heard import stamp

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from bots.viewer import Viewer

__all__ = ["CHATS_PER_VIEWER_S", "NOISE_PER_S", "NOISE_PER_VIEWER_S", "murmur", "storm"]

NOISE_PER_S: Final = 4.0
"""Chats and likes a second of the whole crowd: gentle, the pins are what is measured."""

NOISE_PER_VIEWER_S: Final = 0.2
CHATS_PER_VIEWER_S: Final = 0.4
"""Of one viewer: chat allows one in 2 s."""

LATEST_S: Final = 1.0
"""A storm that is later than this does not make up for it: its rate is what was asked for."""

WORDS: Final = ("love it", "is it warm?", "what a blue", "take my money", "hello from Lisbon")


async def murmur(
    viewers: Sequence[Viewer], rng: Random, per_second: float, outcomes: Counter[str]
) -> None:
    """Chat and like, one random viewer after the other, until cancelled."""
    while viewers and per_second:
        await asyncio.sleep(rng.expovariate(per_second))
        client = rng.choice(viewers).client
        if rng.random() < 0.5:  # noqa: PLR2004  as often as likes
            client.post(outcomes, "chat.send", text=rng.choice(WORDS))
        else:
            client.post(outcomes, "like", count=rng.randint(1, 5))


async def storm(
    viewers: Sequence[Viewer], rng: Random, per_second: float, run: str, outcomes: Counter[str]
) -> None:
    """Chat so many times a second, each viewer in its turn, until cancelled."""
    loop = asyncio.get_running_loop()
    speakers = list(viewers)
    rng.shuffle(speakers)
    due, turn = loop.time(), 0
    while speakers and per_second:
        due = max(due + 1 / per_second, loop.time() - LATEST_S)
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        text = stamp(rng.choice(WORDS), run)
        speakers[turn % len(speakers)].client.post(outcomes, "chat.send", text=text)
        turn += 1
