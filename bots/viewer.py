"""People who watch: each sees the pins, some chat and like."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from bots.client import Client, Line, Lost, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bots.frames import Map
    from bots.pins import Pinboard
    from bots.till import Till
    from bots.tokens import Mint

__all__ = ["Venue", "Viewer", "make_noise"]

NOISE_PER_S: Final = 4.0
"""Chats and likes a second of the whole crowd: gentle, the pins are what is measured."""

NOISE_PER_VIEWER_S: Final = 0.2
"""Of one viewer: chat allows one in 2 s."""

WORDS: Final = ("love it", "is it warm?", "what a blue", "take my money", "hello from Lisbon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """What the bots of one run share.

    ``run`` is drawn anew each time and makes accounts and keys of its own; ``seed`` decides what
    the bots do.
    """

    line: Line
    mint: Mint
    pins: Pinboard
    till: Till
    run: str
    seed: int


class Viewer:
    """A guest or, every second one, an account with a token.

    Args:
        venue: What all bots share.
        index: Counts the viewers from 0.

    Attributes:
        on_checkout: Called with every ``checkout`` event, if set.

    """

    def __init__(self, venue: Venue, index: int) -> None:
        self.rng = Random(f"{venue.seed}/viewer/{index}")
        self.who = f"bot-{venue.run}-{index}"
        self.on_checkout: Callable[[Map], object] | None = None
        self.client = Client(
            venue.line, self.who, self.rng, credentials=self._credentials, on_event=self._see
        )
        self._venue = venue
        self._is_guest = index % 2 == 1
        self._name = f"Bot {index}"
        self._guest_token = ""

    @property
    def bearer(self) -> str:
        """The token that speaks for this viewer over HTTP."""
        if self._is_guest:
            return self._guest_token
        return self._venue.mint.token(self.who, "viewer", self._name)

    async def enter(self) -> None:
        """Join the show. Raises what :meth:`Client.enter` raises."""
        snapshot = await self.client.enter()
        self._guest_token = snapshot.get("guest_token", "")

    def _credentials(self) -> Map:
        if not self._is_guest:
            return {"token": self.bearer}
        return {"guest_token": self._guest_token} if self._guest_token else {}

    def _see(self, event: Map) -> None:
        if event["ev"] == "pinned":
            self._venue.pins.see(self.client.feed.epoch, event, counted=True)
        elif event["ev"] == "checkout" and self.on_checkout is not None:
            self.on_checkout(event["checkout"])


async def make_noise(viewers: Sequence[Viewer], venue: Venue) -> None:
    """Chat and like, one random viewer after the other, until cancelled."""
    if not viewers:
        return
    rng = Random(f"{venue.seed}/noise")
    rate = min(NOISE_PER_S, NOISE_PER_VIEWER_S * len(viewers))
    while True:
        await asyncio.sleep(rng.expovariate(rate))
        client = rng.choice(viewers).client
        try:
            if rng.random() < 0.5:  # noqa: PLR2004  as often as likes
                await client.call("chat.send", text=rng.choice(WORDS))
            else:
                await client.call("like", count=rng.randint(1, 5))
        except Refused as error:
            venue.till.refusals[error.code] += 1
        except Lost:
            continue
