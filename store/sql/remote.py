"""One writer for several processes: the book behind a private unix socket.

Frames are a length (4 bytes, big endian) and a pickle. Pickles run code when they are read,
so the socket lies in the data folder, which nobody else may enter.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import sqlite3
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from base.errors import Outage
from store.folder import short_socket
from store.sql.connect import sqlite_engine
from store.sql.lane import Lane
from store.sql.writer import RETURNING, read_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from store.sql.book import Book

__all__ = ["BookServer", "RemoteBook"]

logger = logging.getLogger(__name__)

HEADER: Final = 4
IN_FLIGHT: Final = 10_000
"""Operations of one process that were not answered, before new ones are refused."""

WRITE_S: Final = 15.0
"""For an answer: the writer itself gives up on a locked file after five seconds."""

CONNECT_S: Final = 5.0

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class BookServer:
    """Lets other processes of this installation write to a book.

    Args:
        book: Where their operations run.
        path: The socket to listen on, in a private folder.

    """

    def __init__(self, book: Book, path: Path) -> None:
        self._book = book
        self._path = short_socket(path)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; a socket that a dead server left is replaced."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._welcome, str(self._path))
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="book-client")
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    number, op, args = await _receive(reader)
                    group.create_task(self._answer(writer, number, op, args))
        except* (OSError, EOFError):
            logger.debug("a process has left the book")
        finally:
            writer.close()

    async def _answer(
        self, writer: asyncio.StreamWriter, number: int, op: Callable[..., Any], args: Any
    ) -> None:
        try:
            packed = _packed((number, True, await self._book.write(op, *args)))
        except Exception as error:  # noqa: BLE001 - it belongs to the caller, over there
            packed = _packed((number, False, _portable(error)))
        writer.write(packed)
        await writer.drain()


class RemoteBook:
    """The book as a process sees it that does not write itself.

    It reads the file with a reader of its own; what it was told is written, it can read.

    Args:
        socket: Where the :class:`BookServer` listens.
        path: The SQLite file.

    """

    def __init__(self, socket: Path, path: Path) -> None:
        self._socket = short_socket(socket)
        self._reader = Lane("book-reader", sqlite_engine(path, read_only=True), read_each, 1)
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._is_closed = False

    @property
    def shares_commits(self) -> bool:
        """They do: one thread writes."""
        return sqlite3.sqlite_version_info >= RETURNING

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Have the writer's process run ``op``."""
        if self._is_closed or len(self._waiting) >= IN_FLIGHT:
            raise Outage
        number = next(self._numbers)
        packed = _packed((number, op, args))
        writer = await self._connected()
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            writer.write(packed)
            async with asyncio.timeout(WRITE_S):
                await writer.drain()
                result: T = await future
        except OSError as error:  # TimeoutError is an OSError
            raise Outage from error
        else:
            return result
        finally:
            self._waiting.pop(number, None)

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` here."""
        return await self._reader.run(op, *args)

    async def close(self) -> None:
        """Leave; operations that were not answered fail."""
        self._is_closed = True
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._reader.close()

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is not None:
                return self._writer
            try:
                async with asyncio.timeout(CONNECT_S):
                    reader, writer = await asyncio.open_unix_connection(str(self._socket))
            except OSError as error:
                raise Outage from error
            self._writer = writer
            self._listening = asyncio.create_task(self._listen(reader, writer), name="book")
            return writer

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                number, is_result, outcome = await _receive(reader)
                future = self._waiting.get(number)
                if future is None or future.done():
                    continue
                if is_result:
                    future.set_result(outcome)
                else:
                    future.set_exception(outcome)
        except (OSError, EOFError) as error:
            logger.warning("the book's writer is gone: %s", error)
        finally:
            self._writer = None
            writer.close()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(Outage())


async def _receive(reader: asyncio.StreamReader) -> Any:
    size = int.from_bytes(await reader.readexactly(HEADER), "big")
    return pickle.loads(await reader.readexactly(size))  # noqa: S301 - see the module's head


def _packed(message: tuple[Any, ...]) -> bytes:
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(HEADER, "big") + body


def _portable(error: Exception) -> Exception:
    """The error, unless it cannot travel: with a driver's object inside, say."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what we packed ourselves
    except Exception:
        # Pickling runs anybody's code, so it may fail in any way.
        logger.exception("an error of the book cannot travel: %r", error)
        return Outage()
    return error
