"""The stores of one process, opened and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from base.errors import Outage
from base.settings import PREFIX, Settings
from store.redis.channels import Channels
from store.redis.connect import Client, check, close, connect
from store.redis.embedded import EmbeddedRedis
from store.redis.feed import Feed
from store.redis.scripts import Scripts
from store.sql.book import Book
from store.sql.migrate import migrate
from store.sql.remote import BookServer, RemoteBook
from store.sql.writer import SqliteBook

__all__ = ["Addresses", "Stores", "open_book", "open_redis", "prepare", "serve_book"]


BOOK_SOCKET: Final = "book.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where this process finds its stores.

    Attributes:
        redis: Address of Redis.
        database: ``postgresql://…``, or ``sqlite:///…`` of the file in the data folder.
        book_socket: Where another process writes the SQLite book; None: this one does.

    """

    redis: str
    database: str
    book_socket: Path | None = None

    @classmethod
    def of(cls, settings: Settings, *, shared: bool = False) -> Addresses:
        """What the settings say; ``shared``: the book is written by another process."""
        folder = settings.data_dir.absolute()
        embedded = not settings.redis_url
        sqlite = not settings.database_url
        return cls(
            redis=EmbeddedRedis(folder).url if embedded else settings.redis_url,
            database=f"sqlite:///{folder / 'book.db'}" if sqlite else settings.database_url,
            book_socket=folder / BOOK_SOCKET if shared and sqlite else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Redis and the book, connected."""

    scripts: Scripts
    feed: Feed
    channels: Channels
    book: Book

    @classmethod
    @asynccontextmanager
    async def connected(cls, at: Addresses) -> AsyncIterator[Stores]:
        """Connect to both, check that Redis is fit, and close them at the end.

        Raises:
            UnfitRedisError: Redis would lose or evict what it must keep.
            Outage: A store cannot be reached.

        """
        client = connect(at.redis)
        try:
            await _checked(client)
            scripts = Scripts(client)
            await scripts.load()
            channels = Channels(client)
            book = open_book(at)
            try:
                yield cls(scripts=scripts, feed=Feed(client), channels=channels, book=book)
            finally:
                await book.close()
                await channels.close()
                await scripts.close()
        finally:
            await close(client)


async def _checked(client: Client) -> None:
    try:
        await check(client)
    except Outage as outage:
        raise Outage(f"Redis does not answer. Check {PREFIX}REDIS_URL.") from outage


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[EmbeddedRedis | None]:
    """Run the embedded Redis, unless the settings name another one."""
    if settings.redis_url:
        yield None
        return
    embedded = EmbeddedRedis(settings.data_dir)
    await embedded.start()
    try:
        yield embedded
    finally:
        await embedded.stop()


@asynccontextmanager
async def serve_book(at: Addresses, folder: Path) -> AsyncIterator[None]:
    """Write the SQLite book for other processes; PostgreSQL needs nobody for that."""
    if not at.database.startswith("sqlite"):
        yield
        return
    book = open_book(at)
    server = BookServer(book, folder / BOOK_SOCKET)
    await server.start()
    try:
        yield
    finally:
        await server.stop()
        await book.close()


async def prepare(at: Addresses) -> None:
    """Bring the tables to what this version needs.

    Raises:
        Outage: The database cannot be reached.

    """
    try:
        await asyncio.to_thread(migrate, at.database)
    except OSError as error:
        raise Outage(f"The database does not answer. Check {PREFIX}DATABASE_URL.") from error


def open_book(at: Addresses) -> Book:
    """The book as this process uses it."""
    if not at.database.startswith("sqlite"):
        # Only here: asyncpg is an extra that SQLite's users do not install.
        from store.sql.postgres import PostgresBook  # noqa: PLC0415

        return PostgresBook(at.database)
    path = Path(at.database.removeprefix("sqlite:///"))
    if at.book_socket is not None:
        return RemoteBook(at.book_socket, path)
    return SqliteBook(path)
