"""What must be told elsewhere once a transaction stands, kept in the same transaction."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from base.errors import Outage
from store.redis import keys
from store.sql import rows
from store.sql.rows import Connection, Prepared, bindparam, delete, func, select, update
from store.sql.tables import outbox

if TYPE_CHECKING:
    from base.clock import Clock
    from store.sql.book import Book

__all__ = ["Handler", "Outbox", "add", "add_all"]

logger = logging.getLogger(__name__)

Handler = Callable[[int, dict[str, Any]], Awaitable[None]]
"""Gets a row's id, the same at each repeat, and its payload; may be called again."""

Together = Callable[[Sequence[tuple[int, dict[str, Any]]]], Awaitable[Sequence[bool]]]
"""Gets rows of one kind; tells of each whether it is done, else its handler gets it."""

PERIOD_S: Final = 2.0
"""How long a row waits that another process wrote and left."""

PAGE: Final = 500
HANDLER_S: Final = 10.0

PATIENCE: Final = 5
"""Failures in a row, of a kind at the same shards, after which its other rows for these wait for
the next round: a shard that is closed keeps no other shop's units. Of a kind of which nothing
failed last time ``AT_ONCE`` rows may fail together before that is noticed."""

MOST_FAILURES: Final = PATIENCE * keys.SHARDS
"""Of a kind in a round, while all are away."""

AT_ONCE: Final = 64
"""Rows of a kind under way together; one by one, each would wait for a turn of the loop."""

KEPT_MS: Final = 24 * 3600 * 1000
PRUNE_S: Final = 3600.0
PRUNED: Final = 1000
"""Rows dropped in one transaction, which all other writers wait for."""

_UNDELIVERED: Final = Prepared(
    select(outbox.c.id, outbox.c.kind, outbox.c.payload)
    .where(outbox.c.done_at.is_(None), outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)


def add(conn: Connection, kind: str, payload: dict[str, Any], at: int) -> None:
    """Note, within an operation, what is to be delivered once it is committed.

    Args:
        conn: The operation's connection.
        kind: Names the handler.
        payload: JSON values.
        at: When it happened, in Unix ms.

    """
    rows.add(conn, outbox, kind=kind, payload=payload, at=at)


def add_all(conn: Connection, news: Sequence[tuple[str, dict[str, Any]]], at: int) -> None:
    """The same for several, each a kind and its payload; they come in this order."""
    rows.add_all(conn, outbox, [{"kind": k, "payload": p, "at": at} for k, p in news])


class Row(Struct, frozen=True):
    """An entry that was not delivered yet."""

    id: int
    kind: str
    payload: dict[str, Any]

    @property
    def place(self) -> tuple[str, ...]:
        """The shards that it is for; none where it names no shop."""
        shops = self.payload.get("shops") or [self.payload.get("shop")]
        return tuple(sorted({keys.shard(shop) for shop in shops if shop}))


class Outbox:
    """Delivers what operations noted: at least once, each kind in the order of its ids.

    A row whose handler fails waits for the next round and holds nobody up.

    Attributes:
        handlers: By kind.
        together: Quick ways for many rows of a kind, where there is one.

    """

    def __init__(self, book: Book, clock: Clock) -> None:
        self.handlers: dict[str, Handler] = {}
        self.together: dict[str, Together] = {}
        self._book = book
        self._clock = clock
        self._nudged = asyncio.Event()
        self._one_drain = asyncio.Lock()
        self._is_running = False
        self._asked = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._complained: set[str | int] = set()
        # Kinds of which nothing failed in their last round: the next goes out together.
        self._calm: set[str] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._is_running = True
        prune_at = self._clock.monotonic_s()
        try:
            while True:
                await self._drain_and_tell()
                if self._clock.monotonic_s() >= prune_at:
                    prune_at = self._clock.monotonic_s() + PRUNE_S
                    await self._prune()
                try:
                    async with asyncio.timeout(PERIOD_S):
                        await self._nudged.wait()
                except TimeoutError:
                    pass
        finally:
            self._is_running = False

    def nudge(self) -> None:
        """Say that there is something new."""
        self._asked += 1
        self._nudged.set()

    async def flush(self, timeout_s: float = 1.0) -> None:
        """Wait until what was committed before this call was delivered, or time is up.

        Never raises: what was not delivered will be.
        """
        self.nudge()
        try:
            async with asyncio.timeout(timeout_s):
                if not self._is_running:
                    await self._drain_and_tell()
                    return
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append((self._asked, waiter))
                await waiter
        except TimeoutError:
            logger.warning("the outbox was not empty after %.1f s", timeout_s)

    async def waiting(self) -> int:
        """Rows that were not delivered yet.

        Raises:
            Outage: The book does not answer.

        """
        return await self._book.read(_count_undelivered)

    async def _drain_and_tell(self) -> None:
        async with self._one_drain:
            asked = self._asked
            self._nudged.clear()
            try:
                done = await self._drain()
                # Who waits for the delivery need not wait until that is noted.
                self._tell_waiters(asked)
                await self._note(done)
            except Outage as outage:
                logger.warning("the outbox cannot be read or marked: %s", outage)
                self._tell_waiters(asked)

    def _tell_waiters(self, drained: int) -> None:
        waiters, self._waiters = self._waiters, []
        for wanted, waiter in waiters:
            if wanted > drained:
                self._waiters.append((wanted, waiter))
            elif not waiter.done():
                waiter.set_result(None)

    async def _drain(self) -> list[int]:
        """Deliver all that waits; what is still to be noted of it, by id."""
        after = 0
        failures: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        while rows := await self._book.read(_undelivered, after, PAGE):
            after = rows[-1].id
            by_kind: dict[str, list[Row]] = defaultdict(list)
            for row in rows:
                by_kind[row.kind].append(row)
            done = await asyncio.gather(
                *(self._deliver(kind, mine, failures[kind]) for kind, mine in by_kind.items())
            )
            ids = [ident for some in done for ident in some]
            if len(rows) < PAGE:
                return ids
            await self._note(ids)
        return []

    async def _note(self, delivered: list[int]) -> None:
        if delivered:
            await self._book.write(_mark, delivered, self._clock.now_ms())

    async def _deliver(
        self, kind: str, rows: Sequence[Row], failures: Counter[tuple[str, ...]]
    ) -> list[int]:
        handler = self.handlers.get(kind)
        if handler is None:
            self._complain(kind, "nobody handles the outbox's %r", kind)
            return []
        done: list[int] = []
        failed = 0
        # What no handler could do comes last: those that fail by themselves are no sign of more.
        rows = sorted(rows, key=lambda row: row.id in self._complained)
        at_once = AT_ONCE if kind in self._calm else PATIENCE
        while failures.total() < MOST_FAILURES:
            rows = [row for row in rows if failures[row.place] < PATIENCE]
            # Begun in order, so their scripts reach Redis in order, in one pipeline.
            some, rows = rows[:at_once], rows[at_once:]
            if not some:
                break
            outcomes = await self._try_together(handler, some)
            done += [row.id for row, ok in zip(some, outcomes, strict=True) if ok]
            failures.update(row.place for row, ok in zip(some, outcomes, strict=True) if not ok)
            for place in {row.place for row, ok in zip(some, outcomes, strict=True) if ok}:
                failures[place] = 0
            at_once = AT_ONCE
            failed += outcomes.count(False)
        if failed:
            self._calm.discard(kind)
        else:
            self._calm.add(kind)
        return done

    async def _try_together(self, handler: Handler, some: Sequence[Row]) -> list[bool]:
        """Deliver rows of one kind in the quick way, then those by themselves that it leaves."""
        together = self.together.get(some[0].kind)
        if together is None or len(some) == 1:
            return await self._try_all(handler, some)
        done: Sequence[bool] = ()
        try:
            async with asyncio.timeout(HANDLER_S):
                done = await together([(row.id, row.payload) for row in some])
        except Exception as error:  # noqa: BLE001 - each has its handler yet
            logger.warning("%d outbox rows (%s) go one by one: %r", len(some), some[0].kind, error)
        done = done or [False] * len(some)
        left = [row for row, is_done in zip(some, done, strict=True) if not is_done]
        alone = iter(await self._try_all(handler, left) if left else ())
        return [is_done or next(alone) for is_done in done]

    async def _try_all(self, handler: Handler, some: Sequence[Row]) -> list[bool]:
        """Deliver rows side by side; of each whether that was done in time."""
        tries = [asyncio.create_task(self._try(handler, row)) for row in some]
        try:
            async with asyncio.timeout(HANDLER_S):
                return await asyncio.gather(*tries)
        except TimeoutError:
            # The gather ends with the first that is cancelled; others may still be unwinding.
            await asyncio.gather(*tries, return_exceptions=True)
            for one, row in zip(tries, some, strict=True):
                if one.cancelled():
                    logger.warning("outbox row %d (%s) waits: it takes too long", row.id, row.kind)
            return [not one.cancelled() and one.result() for one in tries]

    async def _try(self, handler: Handler, row: Row) -> bool:
        try:
            await handler(row.id, row.payload)
        except (Outage, TimeoutError) as error:
            logger.warning("outbox row %d (%s) waits: %s", row.id, row.kind, error)
            return False
        except Exception:
            # A handler's bug: the row is kept for the version that can handle it.
            if row.id not in self._complained:
                self._complained.add(row.id)
                logger.exception("outbox row %d (%s) cannot be handled", row.id, row.kind)
            return False
        return True

    def _complain(self, about: str, text: str, *facts: object) -> None:
        if about not in self._complained:
            self._complained.add(about)
            logger.error(text, *facts)

    async def _prune(self) -> None:
        try:
            before = self._clock.now_ms() - KEPT_MS
            while await self._book.write(_forget, before, PRUNED) == PRUNED:
                pass
        except Outage as outage:
            logger.warning("the outbox was not pruned: %s", outage)


def _undelivered(conn: Connection, after: int, limit: int) -> list[Row]:
    return [Row(*row) for row in _UNDELIVERED.rows(conn, after=after, most=limit)]


def _count_undelivered(conn: Connection) -> int:
    query = select(func.count()).select_from(outbox).where(outbox.c.done_at.is_(None))
    return int(conn.execute(query).scalar_one())


def _mark(conn: Connection, ids: list[int], at: int) -> None:
    conn.execute(update(outbox).where(outbox.c.id.in_(ids)).values(done_at=at))


def _forget(conn: Connection, before: int, limit: int) -> int:
    old = select(outbox.c.id).where(outbox.c.done_at < before).limit(limit)
    return conn.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount
