"""Runs the book's operations for other processes of this installation, in groups."""

from __future__ import annotations

import asyncio
import logging
import pickle
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from base.errors import Outage
from store.folder import short_socket
from store.sql.frames import Frames, framed, head, unpacked
from store.sql.lane import Call

if TYPE_CHECKING:
    from pathlib import Path

    from store.sql.lane import Groups

__all__ = ["BookServer"]

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Asked(Call):
    """A call from a client, by the number that the answer must bear."""

    client: Client
    number: int


class BookServer:
    """Answers all its clients from one connection to the book.

    There is nothing else to do in its process, so the loop waits while a group runs; what is
    asked meanwhile is the next group.

    Args:
        groups: Runs them.
        path: The socket to listen on, in a private folder.

    """

    def __init__(self, groups: Groups, path: Path) -> None:
        self._groups = groups
        self._path = short_socket(path)
        self._server: asyncio.Server | None = None
        self._clients: set[Client] = set()
        self._asked: deque[Asked] = deque()

    async def start(self) -> None:
        """Listen; a socket that a dead server left is replaced."""
        self._path.unlink(missing_ok=True)
        place = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place.bind(str(self._path))
        # Before it listens: nobody else connects in between.
        self._path.chmod(0o600)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Client(self), sock=place)

    def stop(self) -> None:
        """Carry out what was asked, and answer nobody any more."""
        if self._server is not None:
            self._server.close()
        while self._asked:
            self._serve()
        for client in list(self._clients):
            client.close()
        self._groups.close()
        self._path.unlink(missing_ok=True)

    def add(self, client: Client) -> None:
        """Somebody has connected."""
        self._clients.add(client)

    def remove(self, client: Client) -> None:
        """Somebody has left; what they have asked is carried out all the same."""
        self._clients.discard(client)

    def ask(self, call: Asked) -> None:
        """Put a call into the next group."""
        self._asked.append(call)
        if len(self._asked) == 1:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._serve()
        if self._asked:
            # Not at once: what others have asked meanwhile is heard first.
            asyncio.get_running_loop().call_soon(self._go_on)

    def _serve(self) -> None:
        count = min(len(self._asked), self._groups.most)
        calls = [self._asked.popleft() for _ in range(count)]
        self._groups.serve(calls)
        for call in calls:
            call.client.answer(_answer(call))


class Client(asyncio.Protocol):
    """One process that asks."""

    def __init__(self, server: BookServer) -> None:
        self._server = server
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be known."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.add(self)

    def data_received(self, data: bytes) -> None:
        """Take calls in; who speaks another language is let go."""
        try:
            for body in self._frames.feed(data):
                number, _ = head(body)
                self._take(number, body)
        except ValueError:
            logger.exception("somebody speaks another language")
            self._transport.abort()

    def _take(self, number: int, body: bytearray) -> None:
        try:
            op, args = unpacked(body)
        except Exception:
            # Reading a pickle may fail in any way.
            logger.exception("a process asked the book for what it does not know")
            self.answer(framed(number, Outage(), is_result=False))
        else:
            self._server.ask(Asked(op, args, client=self, number=number))

    def connection_lost(self, exc: Exception | None) -> None:
        """Be forgotten."""
        self._server.remove(self)

    def answer(self, data: bytes) -> None:
        """Answer, if they are still there."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Hang up when all is said."""
        self._transport.close()


def _answer(call: Asked) -> bytes:
    if call.error is None:
        try:
            return framed(call.number, call.result)
        except Exception:
            logger.exception("an answer of the book cannot travel")
            return framed(call.number, Outage(), is_result=False)
    return framed(call.number, _portable(call.error), is_result=False)


def _portable(error: BaseException) -> BaseException:
    """The error, unless it cannot travel: with a driver's object inside, say."""
    # Its frames hold what the operation held.
    error.__traceback__ = None
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what we packed ourselves
    except Exception:
        # Pickling runs anybody's code, so it may fail in any way.
        logger.exception("an error of the book cannot travel: %r", error)
        return Outage()
    return error
