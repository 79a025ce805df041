"""The provider's memory: one SQLite file, written by one thread in groups.

The provider may share an event loop with the shop's sockets. A commit with ``synchronous=FULL``
waits for the disk, so it must not happen on the loop; and callers that arrive during one commit
share the next, which makes one wait for the disk out of many.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from sandbox.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["Store"]

T = TypeVar("T")

MAX_GROUP: Final = 256
"""Pieces of work per commit: keeps the first of a group from waiting for a long tail."""

MAX_WAITING: Final = 10_000
"""Beyond this the provider says that it is unavailable instead of growing."""

SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    captured INTEGER NOT NULL DEFAULT 0 CHECK (captured IN (0, amount)),
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND captured),
    metadata TEXT NOT NULL,
    return_url TEXT,
    error_code TEXT,
    error_message TEXT,
    page_token TEXT,
    created INTEGER NOT NULL,
    CHECK ((captured > 0) = (status = 'succeeded'))
) STRICT;
CREATE INDEX IF NOT EXISTS payments_processing ON payments (id) WHERE status = 'processing';
CREATE TABLE IF NOT EXISTS tries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    payment TEXT NOT NULL REFERENCES payments,
    key TEXT NOT NULL,
    method TEXT NOT NULL,
    error_code TEXT,
    error_message TEXT,
    UNIQUE (payment, key)
) STRICT;
CREATE TABLE IF NOT EXISTS charges (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    payment TEXT NOT NULL UNIQUE REFERENCES payments
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    payment TEXT NOT NULL REFERENCES payments,
    key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    PRIMARY KEY (payment, key)
) STRICT;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS events_waiting ON events (number) WHERE delivered = 0;
COMMIT;
"""


class _Job(Generic[T]):
    """One piece of work, run in a transaction of its own inside the group's."""

    def __init__(self, work: Callable[[sqlite3.Connection], T], answer: asyncio.Future[T]) -> None:
        self._work = work
        self._answer = answer
        self._result: T | None = None
        self._error: Exception | None = None

    def run(self, db: sqlite3.Connection) -> None:
        db.execute("SAVEPOINT job")
        try:
            self._result = self._work(db)
        except Exception as error:  # noqa: BLE001  carried to the caller, which raises it
            self._error = error
            db.execute("ROLLBACK TO job")
        db.execute("RELEASE job")

    def fail(self, error: Exception) -> None:
        self._error = error

    def answer(self) -> None:
        if self._answer.done():
            return  # The caller hung up; the work is done all the same.
        if self._error is not None:
            self._answer.set_exception(self._error)
        else:
            self._answer.set_result(self._result)  # type: ignore[arg-type]


class Store:
    """Runs pieces of work on the database, in the order asked for, each all or nothing.

    Args:
        path: The database file; made, private to its owner, when missing.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox-store")
        self._waiting: deque[_Job[object]] = deque()
        self._committing: asyncio.Task[None] | None = None
        self._db: sqlite3.Connection | None = None
        self._closed = False

    async def open(self) -> None:
        """Open the file and make the tables.

        Raises:
            sqlite3.Error: The file cannot be opened or is no database.

        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connect)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` returns, once it is on the disk. ``work`` runs in the store's thread.

        Raises:
            ProviderError: ``unavailable``, closed or too much is waiting; or what ``work`` raised.
            sqlite3.Error: The file cannot be read or written; the outcome is unknown.

        """
        if self._closed or len(self._waiting) >= MAX_WAITING:
            raise ProviderError("unavailable")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(work, answer))  # type: ignore[arg-type]
        if self._committing is None:
            self._committing = asyncio.create_task(self._drain())
        return await answer

    async def close(self) -> None:
        """Finish what is waiting and close the file."""
        self._closed = True
        if self._committing is not None:
            await self._committing
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            size = min(MAX_GROUP, len(self._waiting))
            jobs = [self._waiting.popleft() for _ in range(size)]
            await loop.run_in_executor(self._thread, self._commit, jobs)
            for job in jobs:
                job.answer()
        self._committing = None

    def _commit(self, jobs: Sequence[_Job[object]]) -> None:
        db = self._db
        try:
            if db is None:
                raise sqlite3.OperationalError("the store is closed")
            db.execute("BEGIN IMMEDIATE")
            for job in jobs:
                job.run(db)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            for job in jobs:
                job.fail(error)
            if db is not None and db.in_transaction:
                db.execute("ROLLBACK")

    def _connect(self) -> None:
        self._path.touch(mode=0o600)
        db = sqlite3.connect(self._path, isolation_level=None, timeout=5.0)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.executescript(SCHEMA)
        self._db = db

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
