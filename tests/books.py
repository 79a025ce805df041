"""Each kind of book, opened for a test."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest

from store.sql.postgres import PostgresBook
from store.sql.remote import RemoteBook
from store.sql.serving import BookServer
from store.sql.writer import SqliteBook, reading, writing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from store.sql.book import Book
    from store.sql.lane import Groups

POSTGRES: Final = pytest.param("postgres", marks=pytest.mark.postgres)
"""The kind whose tests need PostgreSQL's server programs."""


@asynccontextmanager
async def opened_book(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> AsyncIterator[Book]:
    """An empty book: ``sqlite``, ``remote`` (the same, behind sockets) or ``postgres``."""
    async with AsyncExitStack() as stack:
        if kind == "postgres":
            postgres = PostgresBook(request.getfixturevalue("postgres_book_url"))
            stack.push_async_callback(postgres.close)
            yield postgres
            return
        path = folder / "book.db"
        path.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
        if kind == "sqlite":
            local = SqliteBook(path)
            stack.push_async_callback(local.close)
            yield local
            return
        sockets = folder / "writer.sock", folder / "reader.sock"
        for groups, socket in zip((writing(path), reading(path)), sockets, strict=True):
            await stack.enter_async_context(served(groups, socket))
        remote = RemoteBook(*sockets)
        stack.push_async_callback(remote.close)
        yield remote


@asynccontextmanager
async def served(groups: Groups, socket: Path) -> AsyncIterator[None]:
    """Have groups served behind a socket, from a thread in place of a process."""
    loop, stop, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        server = BookServer(groups, socket)
        await server.start()
        started.set()
        await stop.wait()
        server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    await asyncio.to_thread(started.wait, 5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        await asyncio.to_thread(thread.join)
        loop.close()
