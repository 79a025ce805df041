"""``audit --repair``: what the book alone can put right is put right; money is never touched.

The gate's counters follow from the book, a hold without a checkout is nobody's, what was committed
may be delivered again, and the provider may be asked again. What then still differs is between the
book and the provider, or within the book: a person has to look at it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from checkout.sweeper import ORPHAN_AGE_MS
from shop.gate import close_gate
from shop.rebuild import rebuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from checkout.audit import Audit
    from checkout.sweeper import Sweeper
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from store.sql.outbox import Outbox

__all__ = ["Repair"]

logger = logging.getLogger(__name__)

OF_THE_GATE: Final = frozenset({"stock", "holds"})
"""Checks that a rebuilt gate may put right."""

DELIVER_S: Final = 20.0


class Repair:
    """Puts right what can be put right safely; every step may be repeated, beside a server too.

    Args:
        book: The truth.
        scripts: The gate.
        outbox: Delivers what was committed.
        sweeper: Asks the provider, and ends what is nobody's.
        audit: Says what is wrong.

    """

    def __init__(
        self, *, book: Book, scripts: Scripts, outbox: Outbox, sweeper: Sweeper, audit: Audit
    ) -> None:
        self._book = book
        self._scripts = scripts
        self._outbox = outbox
        self._sweeper = sweeper
        self._audit = audit

    async def say(self, say: Callable[[str], object]) -> None:
        """Do it, and say what was done.

        Raises:
            Outage: As :meth:`run`.

        """
        async for line in self.run():
            say(f"repair: {line}")

    async def run(self) -> AsyncIterator[str]:
        """Do it, saying what was done line by line.

        Raises:
            Outage: Book, gate or provider do not answer; what was done is done.

        """
        asked = await self._sweeper.ask_provider()
        yield f"payments and refunds under way: the provider was asked about {asked}"
        ended = await self._sweeper.end_orphans(ORPHAN_AGE_MS)
        yield f"holds of nobody's checkout: {ended} ended"
        before = await self._outbox.waiting()
        await self._outbox.flush(DELIVER_S)
        after = await self._outbox.waiting()
        yield f"outbox: {before - after} of {before} rows delivered"
        found = await self._audit.differences()
        wrong = sorted(check for check in OF_THE_GATE if found[check])
        if not wrong:
            yield "gate: as the book says, left open"
            return
        logger.warning("the gate is closed and filled from the book: %s", ", ".join(wrong))
        await close_gate(self._scripts)
        shards = await rebuild(self._book, self._scripts)
        yield f"gate: {' and '.join(wrong)} differed; closed, {shards} shards filled from the book"
