"""One connection on which commands leave as they come, and replies return in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import hiredis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoScriptError,
    ReadOnlyError,
    ResponseError,
)

from base.errors import Outage
from store.redis.connect import TIMEOUT_S
from store.redis.line import Line, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from store.redis.connect import Client

__all__ = ["Asked", "Exchange", "fail"]

Asked = tuple[bytes, asyncio.Future[Reply]]
"""A command as it travels, and who waits for its reply."""

_MISSING: Final = object()
"""What the parser says when the rest of a reply is still on its way."""

_ERRORS: Final[dict[str, type[Exception]]] = {
    "NOSCRIPT": NoScriptError,
    "LOADING": BusyLoadingError,
    "READONLY": ReadOnlyError,
    "NOAUTH": AuthenticationError,
}
_UNFIT: Final = (BusyLoadingError, ReadOnlyError, AuthenticationError)
"""Another server may have to be asked, or this one greeted anew."""


class Exchange(asyncio.Protocol):
    """Commands out, replies in; nothing waits for the reply before.

    It is opened once. Every failure ends it: what was not answered fails with an Outage, and
    may have happened.

    Args:
        client: Whose address, password and timeouts it uses; one server, no Cluster.
        on_end: Called when it takes no more commands; it is to be closed then.

    """

    def __init__(self, client: Client, on_end: Callable[[Exchange], None]) -> None:
        self._line = Line(client)
        self._on_end = on_end
        self._transport: asyncio.WriteTransport | None = None
        self._parser: Any = None
        self._asked: deque[tuple[asyncio.Future[Reply], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Commands that were not answered."""
        return len(self._asked)

    async def open(self) -> None:
        """Connect; the library knows how: names, sockets, TLS, passwords, Sentinel.

        Raises:
            Outage: Redis cannot be reached.

        """
        await self._line.open()
        self._parser = hiredis.Reader(replyError=_error, notEnoughData=_MISSING)
        self._transport = self._line.hand_over(self)

    async def close(self) -> None:
        """Let the connection go at once."""
        self._end()
        await self._line.close()

    def send(self, asked: Sequence[Asked]) -> None:
        """Write commands.

        Raises:
            Outage: It is not open.

        """
        if self._transport is None:
            raise Outage
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._asked.extend([(future, now_s) for _, future in asked])
        if self._timer is None:
            self._timer = loop.call_later(TIMEOUT_S, self._look)
        self._transport.write(b"".join([packed for packed, _ in asked]))

    # asyncio.Protocol.

    def data_received(self, data: bytes) -> None:
        """Hand replies to who waits for them."""
        parser, asked = self._parser, self._asked
        try:
            parser.feed(data)
            while (reply := parser.gets()) is not _MISSING:
                future, _ = asked.popleft()
                if isinstance(reply, _UNFIT):
                    fail(future, reply)
                    self._end(reply)
                    return
                if not future.done():
                    future.set_result(reply)
        except (hiredis.HiredisError, IndexError):
            # No Redis talks like this: whose answers these are cannot be known.
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was not answered."""
        self._end(exc)

    def _look(self) -> None:
        """End it when the oldest command has waited for too long."""
        self._timer = None
        if not self._asked:
            return
        loop = asyncio.get_running_loop()
        _, since_s = self._asked[0]
        if since_s + TIMEOUT_S <= loop.time():
            self._end(TimeoutError("redis does not answer"))
        else:
            self._timer = loop.call_at(since_s + TIMEOUT_S, self._look)

    def _end(self, cause: Exception | None = None) -> None:
        transport, self._transport = self._transport, None
        if transport is None:
            return
        transport.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        asked, self._asked = self._asked, deque()
        for future, _ in asked:
            fail(future, cause)
        self._on_end(self)


def fail(future: asyncio.Future[Reply], cause: BaseException | None = None) -> None:
    """Answer with an Outage; who went away does not hear it."""
    if not future.done():
        outage = Outage()
        outage.__cause__ = cause
        future.set_exception(outage)
        future.exception()  # read here: who was cancelled will not read it


def _error(text: str) -> Exception:
    code, _, _ = text.partition(" ")
    return _ERRORS.get(code, ResponseError)(text)
