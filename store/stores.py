"""The stores of one process, opened and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
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
from store.sql.process import BookProcess
from store.sql.remote import RemoteBook
from store.sql.rows import Connection, literal, select
from store.sql.writer import SqliteBook

__all__ = ["Addresses", "Stores", "open_book", "open_redis", "prepare", "select_one", "serve_book"]


WRITER: Final = "writer.sock"
READER: Final = "reader.sock"

START_S: Final = 30.0
"""For the book's processes, which load much, and for one that a dead server has left behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where this process finds its stores.

    Attributes:
        redis: Address of Redis.
        database: ``postgresql://…``, or ``sqlite:///…`` of the file in the data folder.
        book_sockets: The folder of the sockets behind which other processes write and read the
            SQLite book; None: this one does.

    """

    redis: str
    database: str
    book_sockets: Path | None = None

    @classmethod
    def of(cls, settings: Settings, *, shared: bool = False) -> Addresses:
        """What the settings say; ``shared``: the SQLite book is served by other processes."""
        folder = settings.data_dir.absolute()
        embedded = not settings.redis_url
        sqlite = not settings.database_url
        return cls(
            redis=EmbeddedRedis(folder).url if embedded else settings.redis_url,
            database=f"sqlite:///{folder / 'book.db'}" if sqlite else settings.database_url,
            book_sockets=folder if shared and sqlite else None,
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
async def serve_book(settings: Settings) -> AsyncIterator[None]:
    """Have processes of their own write and read the SQLite book.

    One interpreter runs one thing at a time: beside a loop that is busy, a thread waits
    milliseconds for each turn of its own, and the loop for it. Nobody may use the book before
    :func:`prepare` has returned.
    """
    at = Addresses.of(settings, shared=True)
    if at.book_sockets is None:
        # PostgreSQL has processes enough.
        yield
        return
    book = _file(at)
    async with AsyncExitStack() as stack:
        for name, read_only in ((WRITER, False), (READER, True)):
            process = BookProcess(
                book=book,
                socket=at.book_sockets / name,
                read_only=read_only,
                log_level=settings.log_level,
            )
            await stack.enter_async_context(process)
        yield


async def prepare(at: Addresses) -> None:
    """Wait for the book's processes, then bring the tables to what this version needs.

    The writer answers when one that a dead server has left behind has carried out all that it
    was asked: nothing of that comes after what is done from here on.

    Raises:
        Outage: The database cannot be reached.

    """
    if at.book_sockets is not None:
        book = RemoteBook(at.book_sockets / WRITER, at.book_sockets / READER, patience_s=START_S)
        try:
            await book.write(select_one)
            await book.read(select_one)
        except Outage as outage:
            raise Outage("The book's processes do not answer. The log says why.") from outage
        finally:
            await book.close()
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
    if at.book_sockets is not None:
        return RemoteBook(at.book_sockets / WRITER, at.book_sockets / READER)
    return SqliteBook(_file(at))


def select_one(conn: Connection) -> None:
    """See whether the book answers: an operation that needs no table."""
    conn.execute(select(literal(1)))


def _file(at: Addresses) -> Path:
    return Path(at.database.removeprefix("sqlite:///"))
