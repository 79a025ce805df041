"""One bot's seat in a show: join, commands and replies, and coming back when the line drops."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bots.connection import Connection, HandshakeFailed
from bots.feed import FeedWatch
from bots.frames import BrokenFrame, Decoder, Map, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from websockets.uri import WebSocketURI

    from bots.invariants import Breaches

__all__ = ["Client", "Line", "Lost", "Refused"]

JOIN_S: Final = 15.0
"""For connect, upgrade and join together."""

REPLY_S: Final = 20.0
"""No command may take longer: pay answers after 10 s at the latest."""

RETURN_S: Final = 30.0
"""How long a command waits for its connection to come back."""

JITTER_BASE_S: Final = 0.25
JITTER_CAP_S: Final = 5.0

FOR_GOOD: Final = frozenset({4400, 4403, 4409})
"""Closes that the protocol says not to come back after."""


class Refused(Exception):
    """An error reply."""

    def __init__(self, error: Map) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: str = error["code"]
        self.data: Map = error.get("data", {})

    @property
    def retry_after_s(self) -> float:
        """How long the server asks to wait, else a second."""
        return float(self.data.get("retry_after_ms", 1000)) / 1000


class Lost(Exception):
    """The connection went away before the reply; whether the command counted is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What all clients of a run share."""

    uri: WebSocketURI
    show: str
    decoder: Decoder
    breaches: Breaches


class Client:
    """A connection that joins, counts its feed, and comes back with ``since``.

    Args:
        line: Where to, and where to note what broke.
        who: A name for the report.
        rng: Draws the jitter.
        credentials: The join's ``token`` or ``guest_token``, asked for at every join.
        on_event: Called with every event that is new to this viewer, snapshots included.

    """

    def __init__(
        self,
        line: Line,
        who: str,
        rng: Random,
        *,
        credentials: Callable[[], Map],
        on_event: Callable[[Map], None],
    ) -> None:
        self.who = who
        self.feed = FeedWatch()
        self.reconnects = 0
        self.snapshots = 0
        self._line = line
        self._rng = rng
        self._credentials = credentials
        self._on_event = on_event
        self._connection: Connection | None = None
        self._gone: asyncio.Future[int] | None = None
        self._joined = asyncio.Event()
        self._pending: dict[int, asyncio.Future[Map]] = {}
        self._last_id = 0
        self._join_id = 0
        self._keeper: asyncio.Task[None] | None = None

    @property
    def is_joined(self) -> bool:
        """Whether the viewer is in the show now."""
        return self._joined.is_set()

    async def enter(self) -> Map:
        """Join for the first time, and from then on come back whenever the line drops.

        Returns:
            The join's ok.

        Raises:
            Refused: The server said no.
            OSError: Nobody listens, or no answer came in time.
            HandshakeFailed: It is no WebSocket server of ours.
            Lost: The connection ended before the answer.

        """
        snapshot = await self._join()
        self._keeper = asyncio.create_task(self._keep())
        return snapshot

    async def leave(self) -> None:
        """Close, and do not come back."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._connection is not None:
            self._connection.close()
            if self._gone is not None:
                await asyncio.wait([self._gone], timeout=2.0)
            self._connection.abort()

    async def call(self, op: str, **fields: object) -> Map:
        """Send one command and wait for its reply, after a reconnection if need be.

        Raises:
            Refused: An error reply.
            Lost: The connection went away, or no reply came.

        """
        try:
            async with asyncio.timeout(RETURN_S):
                await self._joined.wait()
        except TimeoutError:
            raise Lost(f"{self.who} is not connected") from None
        return await self._send(op, fields)

    async def _send(self, op: str, fields: Map) -> Map:
        connection = self._connection
        if connection is None or not connection.is_open:
            raise Lost(f"{self.who} is not connected")
        self._last_id += 1
        if op == "join":
            self._join_id = self._last_id
        reply = asyncio.get_running_loop().create_future()
        self._pending[self._last_id] = reply
        connection.send(encode({"id": self._last_id, "op": op, **fields}))
        try:
            async with asyncio.timeout(REPLY_S):
                return dict(await reply)
        except TimeoutError:
            self._line.breaches.add("unanswered", f"{self.who}: {op} after {REPLY_S:.0f} s")
            raise Lost(f"no reply to {op}") from None

    async def _join(self) -> Map:
        uri, loop = self._line.uri, asyncio.get_running_loop()
        connection = Connection(uri, self._receive, lambda code: self._lose(connection, code))
        try:
            async with asyncio.timeout(JOIN_S):
                await loop.create_connection(
                    lambda: connection, uri.host, uri.port, ssl=True if uri.secure else None
                )
                await connection.opened
                self._connection, self._gone = connection, loop.create_future()
                since = self.feed.since()
                fields = {"show": self._line.show, **self._credentials()}
                return await self._send("join", fields | ({"since": since} if since else {}))
        except BaseException:
            connection.abort()
            raise

    async def _keep(self) -> None:
        while self._gone is not None:
            code = await self._gone
            if code in FOR_GOOD:
                self._line.breaches.add("shut out", f"{self.who} was closed with {code}")
                return
            self.reconnects += 1
            await self._return()

    async def _return(self) -> None:
        attempt = 0
        while True:
            # Full jitter: a thousand bots must not come back in step.
            ceiling = min(JITTER_CAP_S, JITTER_BASE_S * 2 ** min(attempt, 8))
            await asyncio.sleep(self._rng.uniform(0, ceiling))
            attempt += 1
            try:
                await self._join()
            except (OSError, HandshakeFailed, Lost, Refused):
                continue
            return

    def _lose(self, connection: Connection, code: int) -> None:
        if connection is not self._connection:
            return
        self._joined.clear()
        for reply in self._pending.values():
            if not reply.done():
                reply.set_exception(Lost(f"{self.who} was closed with {code}"))
        self._pending.clear()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(code)

    def _receive(self, frame: bytes) -> None:
        try:
            messages = self._line.decoder.decode(frame)
        except BrokenFrame as error:
            self._line.breaches.add("broken frame", f"{self.who}: {error}")
            return
        for message in messages:
            try:
                self._take(message)
            except (KeyError, TypeError) as error:
                # A message that is not of its documented form is a finding, not our crash.
                detail = f"{self.who}: {type(error).__name__} {error} in {str(message)[:200]}"
                self._line.breaches.add("malformed message", detail)

    def _take(self, message: Map) -> None:
        if "re" in message:
            self._take_reply(message)
        else:
            self._take_event(message)

    def _take_event(self, event: Map) -> None:
        if not self._joined.is_set():
            self._line.breaches.add("event before the join", f"{self.who}: {event['ev']}")
            return
        seq = event.get("seq")
        if event["ev"] == "snapshot":
            self.snapshots += 1
            self.feed.enter(event)
        elif seq is not None and not self.feed.see(seq):
            return
        self._on_event(event)

    def _take_reply(self, message: Map) -> None:
        reply = self._pending.pop(message["re"], None)
        if reply is None:
            detail = f"{self.who}: {message['re']} was answered twice, or never asked"
            self._line.breaches.add("stray reply", detail)
            return
        if message["re"] == self._join_id and "ok" in message:
            # At once: events that follow in the same read count from here.
            self.feed.enter(message["ok"], recovering=bool(self.feed.epoch))
            self._joined.set()
        if reply.done():
            return
        if "ok" in message:
            reply.set_result(message["ok"])
        else:
            reply.set_exception(Refused(message["error"]))
