"""Events told to the shop: signed, at least once, in no promised order.

An event is written with the change that it tells of (``sandbox.till``). It stays in the store
until the shop answers 2xx; one that is given up after the last try is sent again at next start.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import sqlite3
from typing import TYPE_CHECKING, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from msgspec import Struct

from sandbox.errors import ProviderError

if TYPE_CHECKING:
    from sqlite3 import Connection

    from base.clock import Clock
    from sandbox.faults import Faults
    from sandbox.store import Store

__all__ = ["Webhooks", "signature"]

logger = logging.getLogger(__name__)

RETRIES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 30.0)
"""Waits between tries: a shop that restarts hears soon; one that is down costs ten requests."""

MAX_SENDING: Final = 256
"""Events being told at a time; the others wait in the store."""

TIMEOUT: Final = ClientTimeout(total=10.0)
"""A shop only has to write the event down before it answers."""

TAKEN: Final = 2
"""The class of status (2xx) by which a shop says that it has an event."""

STORE_PAUSE_S: Final = 1.0
"""Between looks at a store that cannot be read, as when the disk is full."""


class Event(Struct, frozen=True):
    """An event that the shop has not acknowledged; ``body`` is sent as it is."""

    number: int
    id: str
    body: bytes


def signature(secret: str, now_s: int, body: bytes) -> str:
    """The ``Sandbox-Signature`` header of ``body``, signed at ``now_s`` (Unix seconds)."""
    signed = hmac.new(secret.encode(), b"%d.%s" % (now_s, body), hashlib.sha256)
    return f"t={now_s},v1={signed.hexdigest()}"


class Webhooks:
    """Sends events until the shop has taken them.

    Args:
        store: Where events wait.
        secret: Signs them.
        url: Where to send; None keeps them waiting until one is set.
        clock: Dates the signatures.
        faults: How to misbehave.

    """

    def __init__(
        self, store: Store, *, secret: str, url: str | None, clock: Clock, faults: Faults
    ) -> None:
        self._store = store
        self._secret = secret
        self._url = url
        self._clock = clock
        self._faults = faults
        self._wake = asyncio.Event()
        self._session: ClientSession | None = None
        self._pump: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._seen = 0

    @property
    def url(self) -> str | None:
        """Where events are sent."""
        return self._url

    @url.setter
    def url(self, url: str | None) -> None:
        self._url = url
        self._wake.set()

    def wake(self) -> None:
        """Look for new events."""
        self._wake.set()

    async def start(self) -> None:
        """Begin with what was left undelivered."""
        self._session = ClientSession(timeout=TIMEOUT)
        self._seen = 0
        self._wake.set()
        self._pump = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop sending; what is not acknowledged stays in the store."""
        tasks = [*self._sending, *([self._pump] if self._pump is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self._url is not None and await self._send_some():
                    pass
            except (sqlite3.Error, ProviderError):
                logger.exception("events cannot be read")
                await asyncio.sleep(STORE_PAUSE_S)
                self._wake.set()

    async def _send_some(self) -> bool:
        """Begin to send what there is room for; whether there may be more."""
        room = MAX_SENDING - len(self._sending)
        if room <= 0:
            return False  # The next one that ends wakes the pump.
        seen = self._seen
        events = await self._store.run(lambda db: _undelivered(db, seen, room))
        for event in events:
            self._seen = event.number
            task = asyncio.create_task(self._deliver(event))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return len(events) == room

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a webhook broke", exc_info=error)

    async def _deliver(self, event: Event) -> None:
        taken = await asyncio.gather(
            *(self._send(event, after_s) for after_s in self._faults.sends())
        )
        if not all(taken):
            logger.warning("webhook %s was not taken; kept for the next start", event.id)
            return
        try:
            await self._store.run(lambda db: _mark(db, event.number))
        except (sqlite3.Error, ProviderError):
            logger.exception("webhook %s is not marked and will be sent again", event.id)

    async def _send(self, event: Event, after_s: float) -> bool:
        """Whether the shop took the event in the end."""
        for wait_s in (after_s, *RETRIES_S):
            await asyncio.sleep(wait_s)
            if await self._post(event):
                return True
        return False

    async def _post(self, event: Event) -> bool:
        if self._session is None or self._url is None:
            return False
        now_s = self._clock.now_ms() // 1000
        headers = {
            "Content-Type": "application/json",
            "Sandbox-Signature": signature(self._secret, now_s, event.body),
        }
        try:
            async with self._session.post(
                self._url, data=event.body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status // 100 == TAKEN
        except (ClientError, TimeoutError, OSError) as error:
            logger.debug("webhook %s did not arrive: %s", event.id, type(error).__name__)
            return False


def _undelivered(db: Connection, after: int, limit: int) -> list[Event]:
    rows = db.execute(
        "SELECT number, id, body FROM events WHERE delivered = 0 AND number > ?"
        " ORDER BY number LIMIT ?",
        (after, limit),
    )
    return [Event(row["number"], row["id"], row["body"]) for row in rows]


def _mark(db: Connection, number: int) -> None:
    db.execute("UPDATE events SET delivered = 1 WHERE number = ?", (number,))
