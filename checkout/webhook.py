"""Webhooks: verified, written down, answered; their payments are looked at afterwards."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from base.errors import NotFound, Outage
from checkout import inbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkout.parts import Parts
    from checkout.reconcile import Reconciler

__all__ = ["Webhooks"]

logger = logging.getLogger(__name__)

WORKERS: Final = 8
"""Payments looked at side by side; a flood of webhooks must not starve the buyers."""

WAITING: Final = 1000
"""Beyond this the inbox keeps them for the sweeper."""

PAGE: Final = 500
RETRY_MS: Final = 2_000
"""A webhook that has waited longer was lost by its worker, or met an outage."""

KEPT_MS: Final = 30 * 24 * 3600 * 1000
PRUNED: Final = 500
"""Webhooks dropped in one transaction, which all other writers wait for."""


class Webhooks:
    """Takes webhooks in and has their payments reconciled."""

    def __init__(self, parts: Parts, reconciler: Reconciler) -> None:
        self._parts = parts
        self._reconciler = reconciler
        self._waiting: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._known: set[str] = set()

    async def receive(self, provider: str, headers: Mapping[str, str], raw: bytes) -> None:
        """Take a webhook in; return as soon as it is in the book.

        Args:
            provider: From the path.
            headers: Looked up without regard to case, as HTTP libraries do.
            raw: The body, byte by byte as it came.

        Raises:
            NotFound: Not our provider.
            Invalid: Not signed by it; nothing was read.
            Outage: It was not kept: the provider will send it again.

        """
        ours = self._parts.provider
        if provider != ours.name:
            raise NotFound("There is no such payment provider here. Check the webhook's address.")
        event = ours.verify_webhook(headers, raw)
        if event is None:
            # Providers send many kinds; what is answered with an error is sent for days.
            return
        now = self._parts.clock.now_ms()
        is_news = await self._parts.book.write(
            inbox.take_in, provider, event.id, event.attempt, raw, now
        )
        if is_news:
            self._enqueue(event.attempt)

    async def run(self) -> None:
        """Look at payments until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work())

    async def sweep(self) -> None:
        """Look again at what was left over; called now and then.

        Raises:
            Outage: The book does not answer.

        """
        now = self._parts.clock.now_ms()
        name = self._parts.provider.name
        left = await self._parts.book.read(inbox.left_over, name, now - RETRY_MS, PAGE)
        for attempt in left:
            self._enqueue(attempt)

    async def prune(self) -> None:
        """Drop what was done long ago."""
        before, book = self._parts.clock.now_ms() - KEPT_MS, self._parts.book
        while await book.write(inbox.forget_before, before, PRUNED) == PRUNED:
            pass

    def _enqueue(self, attempt: str) -> None:
        if attempt in self._known or self._waiting.full():
            return
        self._known.add(attempt)
        self._waiting.put_nowait(attempt)

    async def _work(self) -> None:
        while True:
            attempt = await self._waiting.get()
            # From here on a new webhook of it asks for another look.
            self._known.discard(attempt)
            try:
                await self._look(attempt)
            except Outage as outage:
                logger.warning("webhooks of %s wait: %s", attempt, outage)
            except Exception:
                # A worker must outlive any payment; the inbox keeps the webhook.
                logger.exception("webhooks of %s had no effect", attempt)

    async def _look(self, attempt: str) -> None:
        seen_ms = self._parts.clock.now_ms()
        try:
            await self._reconciler.reconcile(attempt)
        except NotFound:
            logger.warning("a webhook tells of %s, which is no payment of ours", attempt)
        now, name = self._parts.clock.now_ms(), self._parts.provider.name
        await self._parts.book.write(inbox.mark_done, name, attempt, seen_ms, now)
