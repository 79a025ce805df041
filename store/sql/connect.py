"""How SQL connections are made, and which of their errors are outages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from base.errors import Outage

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = [
    "BUSY_TIMEOUT_MS",
    "is_outage",
    "json_text",
    "outage_of",
    "postgres_engine",
    "sqlite_engine",
]

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_MS: Final = 5000
"""How long to wait for another program (a backup, a shell) that writes to the file."""

STATEMENTS: Final = 512
"""Statements that a connection keeps ready; those of many rows count once for each length."""

CACHE_KB: Final = 32 * 1024
"""Of the pages that the writer uses: a group changes more than SQLite's own 2 MB hold, and what
does not fit is written, read and written again.
"""

CHECKPOINT_PAGES: Final = 4000
"""Of 4 KB in the log before they are copied to the file: a page that is changed again and again is
copied once.
"""

POOL: Final = 10
"""Connections to PostgreSQL a process; more would only fight over the same rows."""

WAIT_S: Final = 5.0
"""How long to wait for a connection, and half of how long for a statement."""


def json_text(value: object) -> str:
    """A JSON column's text."""
    return msgspec.json.encode(value).decode()


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine on a SQLite file whose transactions begin when we say so."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        # None: the driver sends no BEGIN of its own; ours comes from the listener below.
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "cached_statements": STATEMENTS,
        },
        json_serializer=json_text,
        json_deserializer=msgspec.json.decode,
        # An error's text goes to the log, where no name, address or token may stand.
        hide_parameters=True,
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def prepare(dbapi: Any, _record: object) -> None:
        dbapi.execute("PRAGMA foreign_keys = ON")
        if read_only:
            dbapi.execute("PRAGMA query_only = ON")
            return
        dbapi.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on disk before anybody hears of it, also after a power cut.
        dbapi.execute("PRAGMA synchronous = FULL")
        dbapi.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        dbapi.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def is_outage(error: BaseException) -> bool:
    """Whether the database failed, rather than refused a row."""
    if isinstance(error, IntegrityError):
        return False
    # PendingRollbackError: the connection died within the operation. TimeoutError: no
    # connection came free.
    return isinstance(error, (DBAPIError, PendingRollbackError, PoolTimeoutError, OSError))


def outage_of(error: Exception) -> Outage:
    """What the caller is told of a failure of the database; the log gets the rest."""
    logger.error("the book failed: %s", error, exc_info=error)
    outage = Outage()
    outage.__cause__ = error
    return outage


def postgres_engine(url: str, *, is_patient: bool = False) -> AsyncEngine:
    """An engine on PostgreSQL by asyncpg.

    Args:
        url: ``postgresql://…`` or ``postgres://…``.
        is_patient: Whether a statement may take as long as it takes.

    """
    # Not at the top: who runs on SQLite need not have asyncpg.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    _, _, rest = url.partition("://")
    return create_async_engine(
        f"postgresql+asyncpg://{rest}",
        pool_size=POOL,
        max_overflow=0,
        pool_timeout=WAIT_S,
        connect_args={"timeout": WAIT_S, "command_timeout": None if is_patient else 2 * WAIT_S},
        json_serializer=json_text,
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,
    )
