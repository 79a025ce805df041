"""Each kind of book, opened for a test."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
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
    async with AsyncExitStack() as stack:
        if kind == "postgres":
            postgres = PostgresBook(request.getfixturevalue("postgres_book_url"))
            stack.push_async_callback(postgres.close)
            yield postgres
            return
        path = folder / "book.db"
        path.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
        local = SqliteBook(path)
        stack.push_async_callback(local.close)
        if kind == "sqlite":
            yield local
            return
        server = BookServer(local, folder / "book.sock")
        await server.start()
        stack.push_async_callback(server.stop)
        remote = RemoteBook(folder / "book.sock", path)
        stack.push_async_callback(remote.close)
        yield remote
