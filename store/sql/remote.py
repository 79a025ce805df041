"""The book as a process sees it whose operations other processes run."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple, cast

from base.errors import Outage
from store.folder import short_socket
from store.sql.frames import Frames, framed, head, unpacked
from store.sql.writer import RETURNING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = ["RemoteBook"]

logger = logging.getLogger(__name__)

IN_FLIGHT: Final = 10_000
"""Operations that were not answered, before new ones are refused."""

WRITE_S: Final = 15.0
"""For an answer: the writer itself gives up on a locked file after five seconds."""

READ_S: Final = 60.0
"""The same for what is read, which may be much."""

LOOK_S: Final = 1.0
"""How often is looked for answers that have not come."""

CONNECT_S: Final = 5.0
"""For a process that is being started again; at the start of all see ``patience_s``."""

AGAIN_S: Final = 0.05
"""Between tries to connect: who runs operations may be starting."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class RemoteBook:
    """Has two processes: one that writes and one that reads, and never waits for the first.

    What it was told is written, it can read.

    Args:
        writer: The socket of the process that writes.
        reader: Of the one that reads.
        patience_s: How long either is waited for where nobody listens.

    """

    def __init__(self, writer: Path, reader: Path, *, patience_s: float = CONNECT_S) -> None:
        self._writer = Line(short_socket(writer), WRITE_S, patience_s)
        self._reader = Line(short_socket(reader), READ_S, patience_s)

    @property
    def shares_commits(self) -> bool:
        """They do: one process writes."""
        return sqlite3.sqlite_version_info >= RETURNING

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Have the one that writes run ``op``."""
        result: T = await self._writer.ask(op, args)
        return result

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Have the one that reads run ``op``."""
        result: T = await self._reader.ask(op, args)
        return result

    async def close(self) -> None:
        """Leave; operations that were not answered fail."""
        self._writer.close()
        self._reader.close()


class Line:
    """Asks one process, and connects to it when it is first asked or has gone."""

    def __init__(self, socket: Path, answer_s: float, patience_s: float) -> None:
        self._socket = str(socket)
        self._answer_s = answer_s
        self._patience_s = patience_s
        self._connection: Connected | None = None
        self._connecting = asyncio.Lock()
        self._under_way = 0
        self._is_closed = False

    async def ask(self, op: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """What ``op`` returns or raises there.

        Raises:
            Outage: Too much is under way, or the other side does not answer.

        """
        if self._under_way >= IN_FLIGHT:
            raise Outage
        self._under_way += 1
        try:
            connection = self._connection or await self._connected()
            return await connection.ask(op, args)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Ask nothing any more."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()

    async def _connected(self) -> Connected:
        try:
            async with asyncio.timeout(self._patience_s), self._connecting:
                if self._connection is None:
                    if self._is_closed:
                        raise Outage
                    self._connection = await self._connect()
                return self._connection
        except OSError as error:  # TimeoutError is one
            raise Outage from error

    async def _connect(self) -> Connected:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(ConnectionRefusedError, FileNotFoundError):
                _, connected = await loop.create_unix_connection(
                    lambda: Connected(self._forget, self._answer_s), self._socket
                )
                return connected
            await asyncio.sleep(AGAIN_S)

    def _forget(self) -> None:
        self._connection = None


class Connected(asyncio.Protocol):
    """Calls under way on one connection.

    One whose caller has gone away or given up counts until it is answered: it waits over there.
    """

    def __init__(self, on_end: Callable[[], None], answer_s: float) -> None:
        self._on_end = on_end
        self._answer_s = answer_s
        self._frames = Frames()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loop = asyncio.get_running_loop()
        self._asked_at_s: deque[tuple[float, int]] = deque()
        self._looking: asyncio.TimerHandle | None = None

    async def ask(self, op: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Have an operation run."""
        if self._transport.is_closing() or len(self._waiting) >= IN_FLIGHT:
            raise Outage
        number = next(self._numbers)
        data = framed(number, (op, args))
        future = self._waiting[number] = self._loop.create_future()
        self._transport.write(data)
        self._asked_at_s.append((self._loop.time(), number))
        if self._looking is None:
            self._looking = self._loop.call_later(LOOK_S, self._look)
        try:
            return await future
        finally:
            # An error holds this frame, and the future holds the error.
            del future

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand out answers."""
        for body in self._frames.feed(data):
            number, is_result = head(body)
            future = self._waiting.pop(number, None)
            if future is None or future.done():
                continue
            try:
                outcome = unpacked(body)
            except Exception:
                # Reading a pickle may fail in any way.
                logger.exception("an answer of the book cannot be read")
                _fail(future)
                continue
            if is_result:
                future.set_result(outcome)
            else:
                future.set_exception(outcome)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody answers any more: what was asked may have happened."""
        self._on_end()
        if self._looking is not None:
            self._looking.cancel()
        if self._waiting:
            logger.warning("a process of the book is gone, with %d calls", len(self._waiting))
        for future in self._waiting.values():
            _fail(future)

    def _look(self) -> None:
        """Give up on what was asked too long ago."""
        latest_s = self._loop.time() - self._answer_s
        while self._asked_at_s and self._asked_at_s[0][0] <= latest_s:
            _fail(self._waiting.get(self._asked_at_s.popleft()[1]))
        while self._asked_at_s and self._asked_at_s[0][1] not in self._waiting:
            self._asked_at_s.popleft()
        self._looking = self._loop.call_later(LOOK_S, self._look) if self._asked_at_s else None


def _fail(future: asyncio.Future[Any] | None) -> None:
    if future is not None and not future.done():
        future.set_exception(Outage())
