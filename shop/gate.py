"""The gate kept true: a Redis that has lost writes sells nothing before it is filled anew.

A Redis that lost everything lacks the key that opens a shard, and says so by itself. One that
lost only its last second does not: a replica that was promoted, a server that was killed between
two syncs of its file, a restored backup. They are told by being another server than the one
whose counters the book trusts, or by a sequence that has gone backwards. Until it is noticed
nothing can be oversold, since the book has the last word on every claim.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from shop.rebuild import rebuild
from store.redis import keys
from store.sql.rows import Connection, insert_or_ignore, select, update
from store.sql.upkeep_tables import gates

if TYPE_CHECKING:
    from base.clock import Clock
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Gate", "close_gate"]

logger = logging.getLogger(__name__)

NAME: Final = "redis"


class Gate:
    """Watches over the counters; one is enough for an installation, several are harmless.

    Args:
        book: The truth, which also knows the Redis that is trusted.
        scripts: The gate.
        clock: Dates what is noted.
        is_durable: Redis keeps whatever it acknowledged, so that a restart loses nothing.

    """

    def __init__(
        self, book: Book, scripts: Scripts, clock: Clock, *, is_durable: bool = False
    ) -> None:
        self._book = book
        self._scripts = scripts
        self._clock = clock
        self._is_durable = is_durable
        self._trusted: str | None = None
        self._highest: dict[int, int] = {}

    async def restore(self) -> None:
        """Close the gate if it has lost writes; fill and open what is closed.

        Safe to repeat and to run twice at once; quick when all is well.

        Raises:
            Outage: The book or the gate cannot be reached; what was begun goes on next time.

        """
        now = "" if self._is_durable else await self._scripts.incarnation()
        sequences = await self._sequences()
        is_trusted = self._is_durable or await self._trusts(now)
        if not is_trusted or self._has_gone_back(sequences):
            logger.error("redis has lost writes or may have: filling the gate from the book")
            await close_gate(self._scripts)
            self._highest.clear()
        else:
            self._highest = sequences
        await rebuild(self._book, self._scripts)
        if not self._is_durable and now != self._trusted:
            # Only now: whoever dies before this has it all done again.
            await self._book.write(_trust, now, self._clock.now_ms())
            self._trusted = now

    async def _trusts(self, now: str) -> bool:
        if now == self._trusted:
            return True
        known = await self._book.read(_trusted)
        # The first one ever is taken as it is.
        return known is None or known == now

    def _has_gone_back(self, sequences: dict[int, int]) -> bool:
        return any(count < self._highest.get(number, 0) for number, count in sequences.items())

    async def _sequences(self) -> dict[int, int]:
        """How often each shard's stock has changed; absent where that cannot be told."""
        numbers = range(keys.SHARDS)
        counts = await asyncio.gather(
            *(self._scripts.command("GET", keys.shard_sequence(number)) for number in numbers)
        )
        return {number: int(count or 0) for number, count in zip(numbers, counts, strict=True)}


async def close_gate(scripts: Scripts) -> None:
    """Let nobody take or return stock until it is filled from the book.

    Raises:
        Outage: The gate cannot be reached; some of it may be closed.

    """
    numbers = range(keys.SHARDS)
    await asyncio.gather(*(scripts.command("DEL", keys.shop_ready(number)) for number in numbers))


def _trusted(conn: Connection) -> str | None:
    query = select(gates.c.incarnation).where(gates.c.name == NAME)
    return conn.execute(query).scalar_one_or_none()


def _trust(conn: Connection, incarnation: str, at: int) -> None:
    if not insert_or_ignore(conn, gates, name=NAME, incarnation=incarnation, at=at):
        this = update(gates).where(gates.c.name == NAME)
        conn.execute(this.values(incarnation=incarnation, at=at))
