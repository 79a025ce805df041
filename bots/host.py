"""The host: starts the show and pins one product of the bag after the other."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final

from bots.client import Client, Lost, Refused

if TYPE_CHECKING:
    from bots.frames import Map
    from bots.viewer import Venue

__all__ = ["Host"]

PIN_EVERY_S: Final = 1.0


class Host:
    """The show's own host, by a token of its id.

    Args:
        venue: What all bots share.
        sub: The show's ``host.id``.

    """

    def __init__(self, venue: Venue, sub: str) -> None:
        self.client = Client(
            venue.line,
            "host",
            credentials=lambda: {"token": venue.mint.token(sub, "host", "Bot host")},
            on_event=self._see,
        )
        self._venue = venue
        self._bag: list[str] = []
        self._pinned: str | None = None

    async def enter(self) -> Map:
        """Join, start the show if it is not live, and give the join's ok."""
        snapshot = await self.client.enter()
        self._take(snapshot)
        if snapshot["show"]["state"] != "live":
            await self.client.call("show.start")
        return snapshot

    async def pin_in_turn(self) -> None:
        """Pin a product every second, until cancelled."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for turn in itertools.count(1):
            try:
                await self._pin_next(turn)
            except Refused as error:
                self._venue.till.refusals[error.code] += 1
            except Lost:
                pass
            await asyncio.sleep(max(0.0, begun + turn * PIN_EVERY_S - loop.time()))

    async def _pin_next(self, turn: int) -> None:
        # Pinning what is pinned sends nothing, so that one is never taken.
        others = [product for product in self._bag if product != self._pinned]
        if not self._bag:
            return
        if not others:
            await self.client.call("unpin")
            others = self._bag
        pin = self._venue.pins.send(others[turn % len(others)])
        try:
            await self.client.call("pin", product=pin.product)
        except (Refused, Lost):
            self._venue.pins.withdraw(pin)
            raise
        pin.is_acknowledged = True
        self._pinned = pin.product

    def _see(self, event: Map) -> None:
        match event["ev"]:
            case "pinned":
                self._pinned = event["product"]
                self._venue.pins.see(self.client.feed.epoch, event, counted=False)
            case "unpinned":
                self._pinned = None
            case "bag.changed":
                self._bag = products_of(event["bag"])
            case "snapshot":
                self._take(event)
            case _:
                pass

    def _take(self, snapshot: Map) -> None:
        self._bag = products_of(snapshot["bag"])
        self._pinned = snapshot["pinned"]["product"] if snapshot["pinned"] else None


def products_of(bag: list[Map]) -> list[str]:
    """The ids of a bag's products, in order."""
    return [place["product"]["id"] for place in bag]
