"""The audit in the background: what differs is noted, told to the log once, and counted.

One process at a time looks, by a lease; two at once would be harmless. A look reads all books, so
it comes seldom, never takes longer than :data:`LOOK_S`, and the longer it takes the longer it
rests: under a fiftieth of the time.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from base.errors import YellowcartError
from checkout import breaks
from checkout.breaks import Break

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from base.clock import Clock
    from checkout.audit import Audit
    from store.redis.lease import Lease
    from store.sql.book import Book

__all__ = ["LOOKER_MS", "BreakWatch", "Meter"]

logger = logging.getLogger(__name__)

PERIOD_S: Final = 300.0
LOOK_S: Final = 1800.0
"""Millions of purchases, of which a provider far away lists some hundred thousand in that time;
it reads them bit by bit, so that nobody waits for long meanwhile."""

REST: Final = 50
"""Times as long as a look took."""

LOOKER_MS: Final = 60_000
"""How long the one who looks stays so, in silence; renewed at every count, and while it looks."""

COUNT_S: Final = 15.0
"""Every process shows the number of open breaks, which is read from the book."""


class Meter(Protocol):
    """What is counted."""

    def open_breaks(self, count: int) -> None:
        """Note how many breaks are open."""
        ...


class BreakWatch:
    """Looks for breaks and keeps their number.

    Args:
        book: Where they are kept.
        audit: Finds them.
        lease: Says who looks.
        clock: Dates them.
        meter: Told their number.

    """

    def __init__(
        self, *, book: Book, audit: Audit, lease: Lease, clock: Clock, meter: Meter
    ) -> None:
        self._book = book
        self._audit = audit
        self._lease = lease
        self._clock = clock
        self._meter = meter
        # When a start has settled.
        self._look_at = clock.monotonic_s() + COUNT_S

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(COUNT_S)
            try:
                await self.look_if_due()
                await self.count()
            except YellowcartError as error:
                logger.warning("breaks were not looked for: %s", error)
            except Exception:
                # The next look may be better; nobody else does this.
                logger.exception("breaks were not looked for")

    async def look_if_due(self) -> None:
        """Compare all books if it is time, and this process is the one that does it.

        Raises:
            Outage: Book, gate or provider cannot be asked.

        """
        began = self._clock.monotonic_s()
        if not await self._lease.held():
            # Somebody else looks, and may be at it for longer than the lease lasts.
            self._look_at = began + PERIOD_S
        elif began >= self._look_at:
            self._look_at = began + PERIOD_S
            try:
                async with asyncio.timeout(LOOK_S), self._leading():
                    await self.look()
            except TimeoutError:
                logger.warning("the books could not be compared within %.0f s", LOOK_S)
            took = self._clock.monotonic_s() - began
            self._look_at = began + max(PERIOD_S, REST * took)

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        """Stay the one who looks, or another process would begin a look of its own beside this."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(COUNT_S)
            try:
                await self._lease.held()
            except YellowcartError as error:
                logger.warning("the lease of who looks was not renewed: %s", error)

    async def look(self) -> int:
        """Compare all books now; how many breaks are open afterwards.

        Raises:
            Outage: Book, gate or provider cannot be asked.

        """
        found = await self._audit.differences()
        now = self._clock.now_ms()
        for check, differing in found.items():
            seen = [
                Break(kind=check, key=one.key, expected=one.expected, actual=one.actual)
                for one in sorted(differing)[: breaks.MOST]
            ]
            for one in await self._book.write(breaks.take, check, seen, now):
                logger.error(
                    "break: %s, %s: expected %s, is %s",
                    one.kind,
                    one.key,
                    one.expected,
                    one.actual,
                )
        await self._book.write(breaks.settle, now)
        return await self.count()

    async def count(self) -> int:
        """How many breaks are open; the meter is told.

        Raises:
            Outage: The book does not answer.

        """
        count = await self._book.read(breaks.count_open)
        self._meter.open_breaks(count)
        return count
