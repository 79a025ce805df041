"""The deliverer: sends shops what happened, at least once, in order while they answer.

Each endpoint has one delivery at a time, in the order of events. An event that is not taken
waits for its next try and lets the others pass; an endpoint that failed is left alone for a
while, longer each time. All of it stands in the book: another process, or this one after a
restart, goes on where the last one was.

One process at a time delivers, by a lease. Two at once would send some events twice.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from base.errors import Outage, YellowcartError
from base.tasks import Tasks
from shop.events import Events
from shop.webhooks import work
from shop.webhooks.backoff import OFF_MS
from shop.webhooks.endpoint import Outcome
from shop.webhooks.work import Attempt

if TYPE_CHECKING:
    from base.clock import Clock
    from shop.webhooks.backoff import Backoff
    from shop.webhooks.sender import Answer, Sender
    from shop.webhooks.work import Task, Work
    from store.redis.lease import Lease
    from store.sql.book import Book

__all__ = ["AT_ONCE", "Deliverer", "Meter"]

logger = logging.getLogger(__name__)

PERIOD_S: Final = 1.0
AT_ONCE: Final = 32
"""Endpoints that are sent something side by side."""

FAILING_AT_ONCE: Final = 16
"""Of those, such as failed last time: the others always have room, whoever hangs."""

BATCH: Final = 10
"""Events of an endpoint before others have their turn; bounds what is in memory."""

QUIET_S: Final = 10.0
"""Without any delivery, after the book could not note one."""

KEPT_MS: Final = 30 * 24 * 3600 * 1000
PRUNED: Final = 5_000
PRUNE_EVERY: Final = 3600
MEASURE_EVERY: Final = 15
"""Rounds."""

GONE: Final = 410
"""The status of an endpoint that wants no more, by the Standard Webhooks specification."""


class Meter(Protocol):
    """Who counts deliveries."""

    def webhook(self, outcome: str) -> None:
        """Count an attempt: delivered, failed or given_up."""
        ...

    def webhooks_waiting(self, seconds: float) -> None:
        """Note the age of the oldest event that an endpoint has not got yet; 0: none."""
        ...


class Deliverer:
    """Delivers events to endpoints.

    Args:
        book: Where events, endpoints and deliveries are.
        sender: Sends one.
        lease: Who delivers.
        clock: Says what is due.
        meter: Counts.
        backoff: Says when to try again.

    """

    def __init__(
        self,
        *,
        book: Book,
        sender: Sender,
        lease: Lease,
        clock: Clock,
        meter: Meter,
        backoff: Backoff,
    ) -> None:
        self._book = book
        self._events = Events(book, clock)
        self._sender = sender
        self._lease = lease
        self._clock = clock
        self._meter = meter
        self._backoff = backoff
        # Twice: a task that has ended is counted until the loop has turned once more.
        self._tasks = Tasks(2 * AT_ONCE)
        self._busy: dict[str, bool] = {}
        self._wake = asyncio.Event()
        self._quiet_until_s = 0.0

    async def run(self) -> None:
        """Deliver until cancelled."""
        rounds = 0
        try:
            while True:
                self._wake.clear()
                try:
                    if await self._lease.held():
                        await self._round(rounds)
                        rounds += 1
                    else:
                        self._meter.webhooks_waiting(0)
                except YellowcartError as error:
                    logger.warning("webhooks wait: %s", error)
                except Exception:
                    # The next second may be better; nobody else does this.
                    logger.exception("webhooks wait")
                await self._pause()
        finally:
            await self.close()

    async def close(self) -> None:
        """End what is under way: who was just being told may be told again."""
        await self._tasks.close(0)
        await self._sender.close()

    async def start_due(self) -> int:
        """Begin to deliver what is due; to how many endpoints.

        Raises:
            Outage: The book does not answer.

        """
        await self._events.settle()
        if self._clock.monotonic_s() < self._quiet_until_s:
            return 0
        # More than there is room for, since those that are busy still look due.
        found = await self._book.read(work.due, self._clock.now_ms(), 4 * AT_ONCE)
        started = 0
        for endpoint, is_failing in found:
            if endpoint in self._busy or len(self._busy) >= AT_ONCE:
                continue
            if is_failing and sum(self._busy.values()) >= FAILING_AT_ONCE:
                continue
            self._tasks.detach(self._serve(endpoint))
            self._busy[endpoint] = is_failing
            started += 1
        return started

    async def finish(self) -> None:
        """Deliver until nothing is due any more.

        Raises:
            Outage: The book does not answer.

        """
        while await self.start_due() or self._busy:
            while self._busy:
                self._wake.clear()
                await self._wake.wait()

    async def prune(self) -> None:
        """Drop what is too old: events, and what was tried.

        Raises:
            Outage: The book does not answer.

        """
        await self._events.prune()
        before = self._clock.now_ms() - KEPT_MS
        while await self._book.write(work.forget, before, PRUNED) == PRUNED:
            pass

    async def _round(self, number: int) -> None:
        await self.start_due()
        if number % MEASURE_EVERY == 0:
            oldest = await self._book.read(work.oldest_waiting)
            now = self._clock.now_ms()
            self._meter.webhooks_waiting(0 if oldest is None else max(0, now - oldest) / 1000)
        if number % PRUNE_EVERY == 0:
            await self.prune()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(PERIOD_S):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _serve(self, endpoint: str) -> None:
        """Send an endpoint what is due, until it fails or others have their turn."""
        try:
            now = self._clock.now_ms()
            found = await self._book.read(work.next_work, endpoint, now, BATCH)
            if isinstance(found, int):
                await self._book.write(work.skip, endpoint, found)
            elif found is not None:
                await self._send(found)
        except Outage as outage:
            logger.warning("webhooks to %s wait: %s", endpoint, outage)
            self._be_quiet()
        except Exception:
            logger.exception("webhooks to %s wait", endpoint)
            self._be_quiet()
        finally:
            del self._busy[endpoint]
            self._wake.set()

    def _be_quiet(self) -> None:
        """Send nothing for a while: what cannot be noted would be sent again and again."""
        self._quiet_until_s = self._clock.monotonic_s() + QUIET_S

    async def _send(self, found: Work) -> None:
        failures = found.failures
        for task in found.tasks:
            answer = await self._sender.send(found.url, found.secret, task.event)
            made = self._judged(found, task, failures, answer)
            is_there = await self._book.write(work.record, found.endpoint, made)
            self._meter.webhook(made.outcome.value)
            if made.is_off:
                logger.warning("endpoint %s is switched off: %s", found.endpoint, answer.error)
            if not is_there or made.outcome is not Outcome.DELIVERED:
                return
            if failures >= work.SILENT:
                # It is back: what was tried before is due now, and comes before what is new.
                return
            failures = 0

    def _judged(self, found: Work, task: Task, failures: int, answer: Answer) -> Attempt:
        wait = self._backoff.retry_ms(task.tries + 1)
        now, error = self._clock.now_ms(), answer.error
        made = Attempt(
            task=task,
            at=now,
            outcome=Outcome.DELIVERED,
            status=answer.status,
            duration_ms=answer.duration_ms,
            error=error,
        )
        if error is None:
            return made
        since = found.failing_since if failures else None
        is_old = since is not None and now - since >= OFF_MS
        return replace(
            made,
            outcome=Outcome.GIVEN_UP if wait is None else Outcome.FAILED,
            retry_at=None if wait is None else now + wait,
            rest_until=now + self._backoff.rest_ms(failures + 1),
            is_off=is_old or answer.status == GONE,
        )
