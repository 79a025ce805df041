"""SQLite: one writer that commits in groups, one reader that never waits for it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from store.sql.connect import is_outage, outage_of, sqlite_engine
from store.sql.lane import Call, Groups, Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = ["RETURNING", "SqliteBook", "reading", "writing"]

RETURNING: Final = (3, 35)
"""The first SQLite that tells which of many rows are new."""

GROUP: Final = 200
"""Operations in one commit: a sync of the disk costs 100 of them, and the last must not
wait long for the first.
"""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SqliteBook:
    """The book in a file, written by one thread.

    Operations that meet in the queue share a commit. When one of them raises, the others are
    run again, each in a savepoint of its own: an operation must change nothing but the book.

    Args:
        path: The database file; its tables exist (:func:`store.sql.migrate.migrate`).

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = Lane("book-writer", writing(path))
        self._reader = Lane("book-reader", reading(path))

    @property
    def shares_commits(self) -> bool:
        """They do: one thread writes."""
        return sqlite3.sqlite_version_info >= RETURNING

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` in the next group and return once that is on disk."""
        return await self._writer.run(op, *args)

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` on what is committed, beside the writer."""
        return await self._reader.run(op, *args)

    async def close(self) -> None:
        """Commit what was asked, then close the file."""
        await self._writer.close()
        await self._reader.close()


def writing(path: Path) -> Groups:
    """What writes to a SQLite file; one at a time."""
    return Groups(sqlite_engine(path), _commit_group, GROUP)


def reading(path: Path) -> Groups:
    """What reads it beside that."""
    return Groups(sqlite_engine(path, read_only=True), _read_each, GROUP)


def _read_each(conn: Connection, calls: Sequence[Call]) -> None:
    """Answer calls from one view, which is younger than all of them."""
    with conn.begin():
        for call in calls:
            try:
                call.result = call.op(conn, *call.args)
            except Exception as error:
                if is_outage(error):
                    raise
                call.error = error


def _commit_group(conn: Connection, calls: Sequence[Call]) -> None:
    """Commit what the calls did; those that raised have done nothing."""
    if not _all_at_once(conn, calls):
        _each_by_itself(conn, calls)


def _all_at_once(conn: Connection, calls: Sequence[Call]) -> bool:
    """Commit without savepoints, which are a third of a small operation; False: one raised."""
    transaction = conn.begin()
    try:
        for call in calls:
            call.result = call.op(conn, *call.args)
    except Exception:  # noqa: BLE001 - whatever it is, it comes again and is told then
        transaction.rollback()
        return False
    transaction.commit()
    return True


def _each_by_itself(conn: Connection, calls: Sequence[Call]) -> None:
    transaction = conn.begin()
    for call in calls:
        _run_in_savepoint(conn, call)
    if all(call.error for call in calls):
        transaction.rollback()
    else:
        transaction.commit()


def _run_in_savepoint(conn: Connection, call: Call) -> None:
    # Straight to the driver: SQLAlchemy's savepoints cost more than a small operation.
    raw: Any = conn.connection.dbapi_connection
    raw.execute("SAVEPOINT op")
    try:
        call.result = call.op(conn, *call.args)
    except Exception as error:
        if not raw.in_transaction:
            # A full disk or a failed write: SQLite has undone the whole group already.
            raise
        raw.execute("ROLLBACK TO op")
        call.error = outage_of(error) if is_outage(error) else error
    raw.execute("RELEASE op")
