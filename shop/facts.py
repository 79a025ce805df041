"""Prices and titles of SKUs, remembered for some seconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from shop.shelf import read_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from shop.product import SkuFacts
    from store.sql.book import Book

__all__ = ["FACTS_TTL_S", "MOST_FACTS", "FactsCache"]

FACTS_TTL_S: Final = 5.0
"""How old a price may be in a cart. A hold never trusts it: the gate knows the version."""

MOST_FACTS: Final = 20_000
"""Entries of some 300 bytes each; the oldest give way."""


class FactsCache:
    """Reads SKUs from the book, one reading at a time, and keeps them for a moment.

    When a thousand buyers ask for a SKU that has just grown stale, one reading serves them
    all.

    Args:
        book: Where SKUs are written.
        clock: Decides what is stale.

    """

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._facts: dict[str, tuple[float, SkuFacts]] = {}
        self._reading = asyncio.Lock()
        # Rises with every forgetting: what was read before it must not be kept.
        self._generation = 0

    async def get(self, skus: Sequence[str]) -> dict[str, SkuFacts]:
        """Facts by SKU; unknown SKUs are absent.

        Raises:
            Outage: The book cannot be read.

        """
        found, missing = self._fresh(skus)
        if missing:
            async with self._reading:
                # Who held the lock before us may have read what we need.
                found, missing = self._fresh(skus)
                if missing:
                    found.update(await self._read(missing))
        return found

    def forget(self, product: str) -> None:
        """Read the product's SKUs anew next time."""
        self._generation += 1
        stale = [sku for sku, (_, facts) in self._facts.items() if facts.product == product]
        for sku in stale:
            del self._facts[sku]

    def _fresh(self, skus: Sequence[str]) -> tuple[dict[str, SkuFacts], list[str]]:
        now = self._clock.monotonic_s()
        found, missing = {}, []
        for sku in skus:
            entry = self._facts.get(sku)
            if entry is not None and entry[0] > now:
                found[sku] = entry[1]
            else:
                missing.append(sku)
        return found, missing

    async def _read(self, skus: list[str]) -> dict[str, SkuFacts]:
        generation = self._generation
        facts = {fact.sku: fact for fact in await self._book.read(read_facts, skus)}
        if generation == self._generation:
            until = self._clock.monotonic_s() + FACTS_TTL_S
            for sku, fact in facts.items():
                self._facts.pop(sku, None)  # so that it goes to the end, as the youngest
                self._facts[sku] = (until, fact)
            while len(self._facts) > MOST_FACTS:
                del self._facts[next(iter(self._facts))]
        return facts
