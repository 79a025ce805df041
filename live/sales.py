"""Sales: a show is told what was bought in it, once for each checkout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import json

from base.clock import Clock
from base.errors import NotFound
from live.events import Purchase
from live.shows import Shows
from store.redis import keys

__all__ = ["Sales"]

IDS_REMEMBERED: Final = 10_000
"""Deliveries are repeated within seconds or minutes; this is hours of a busy show."""


class Sales:
    """Delivers purchases to the feeds of their shows."""

    def __init__(self, *, shows: Shows, clock: Clock) -> None:
        self._shows = shows
        self._clock = clock

    async def tell(self, _: int, news: dict[str, Any]) -> None:
        """Outbox ``purchase``: an event for each product, and the show's sales.

        Args:
            news: ``show event name items orders units revenue currency``; ``name`` is
                masked already, ``event`` tells repeats apart, ``items`` are maps of
                ``product`` and ``units``.

        """
        show, names, args = self._call(news)
        try:
            await self._shows.run("show_purchase", show, names, args)
        except NotFound:
            # A checkout may name any show; one that does not exist is told nothing.
            return

    async def tell_all(self, rows: Sequence[tuple[int, dict[str, Any]]]) -> list[bool]:
        """Do that for many; of each whether it is done, else :meth:`tell` is to do it."""
        return await self._shows.run_all("show_purchase", [self._call(news) for _, news in rows])

    def _call(self, news: dict[str, Any]) -> tuple[str, list[str], list[str | int | bytes]]:
        """The show, and what its script gets."""
        show, at = news["show"], self._clock.now_ms()
        names = [
            keys.show_feed(show),
            keys.show_delivered(show),
            keys.show_sales(show),
            keys.show_sold(show),
        ]
        args: list[str | int | bytes] = [news["event"], at, self._shows.history, IDS_REMEMBERED]
        args += [news["currency"], news["orders"], news["units"], news["revenue"]]
        for item in news["items"]:
            product, units = str(item["product"]), int(item["units"])
            event = Purchase(at=at, name=news["name"], product=product, units=units)
            args += [product, units, json.encode(event)]
        return show, names, args
