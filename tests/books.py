"""Each kind of book, opened for a test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest

from store.sql.postgres import PostgresBook
from store.sql.remote import BookServer, RemoteBook
from store.sql.writer import SqliteBook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from store.sql.book import Book

POSTGRES: Final = pytest.param("postgres", marks=pytest.mark.postgres)
"""The kind whose tests need PostgreSQL's server programs."""


@asynccontextmanager
async def opened_book(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> AsyncIterator[Book]:
    """An empty book: ``sqlite``, ``remote`` (the same, in another process) or ``postgres``."""
    if kind == "postgres":
        postgres = PostgresBook(request.getfixturevalue("postgres_book_url"))
        yield postgres
        await postgres.close()
        return
    path = folder / "book.db"
    path.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
    local = SqliteBook(path)
    if kind == "sqlite":
        yield local
    else:
        server = BookServer(local, folder / "book.sock")
        await server.start()
        remote = RemoteBook(folder / "book.sock", path)
        yield remote
        await remote.close()
        await server.stop()
    await local.close()
