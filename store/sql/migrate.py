"""Brings a database's tables to what this version needs."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from store.sql.connect import postgres_engine, sqlite_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["head", "migrate", "sqlite_path"]

MIGRATIONS: Final = Path(__file__).parent / "migrations"

LOCK: Final = 0x79656C6C
"""PostgreSQL's advisory lock while nodes that start together migrate: "yell"."""


def head() -> str:
    """The newest revision: the number of the last file, so that Alembic need not be asked."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def migrate(url: str) -> None:
    """Create or upgrade the tables; quick when there is nothing to do.

    Blocks; call it before serving, or in a thread.

    Args:
        url: ``sqlite:///<path>`` or ``postgresql://…``.

    """
    if not url.startswith("sqlite"):
        # A thread of its own: the caller may be inside a running loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _migrate_postgres(url)).result()
        return
    path = sqlite_path(url)
    # Alembic takes 0.2 s to import, and nearly always there is nothing to do.
    if _sqlite_revision(path) == head():
        return
    engine = sqlite_engine(path)
    with engine.begin() as connection:
        _upgrade(connection)
    engine.dispose()


def sqlite_path(url: str) -> Path:
    """The file that a ``sqlite:///`` address names."""
    return Path(url.removeprefix("sqlite:///"))


def _sqlite_revision(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return None if row is None else str(row[0])


async def _migrate_postgres(url: str) -> None:
    # An index on a long table takes minutes, and who starts meanwhile waits for the lock: given
    # up, all would be undone, at each start anew.
    engine = postgres_engine(url, is_patient=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade_alone)
    finally:
        await engine.dispose()


def _upgrade_alone(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    found = connection.exec_driver_sql("SELECT to_regclass('alembic_version') IS NOT NULL")
    if found.scalar():
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if revision == head():
            return
    _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow, and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
