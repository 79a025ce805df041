"""One bot's seat in a show: join, commands and replies, and coming back when the line drops."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bots.connection import Connection, HandshakeFailed
from bots.feed import FeedWatch
from bots.frames import Decoder, Map, encode
from bots.heard import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from bots.heard import Heard
    from bots.invariants import Breaches
    from bots.wire import Target

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
    """What all clients of a process share.

    ``rng`` draws the jitter of coming back; ``address`` is what they call from, None: any.
    """

    target: Target
    show: str
    decoder: Decoder
    breaches: Breaches
    rng: Random
    address: str | None = None


class Client:
    """A connection that joins, counts its feed, and comes back with ``since``.

    Args:
        line: Where to, and where to note what broke.
        who: A name for the report.
        credentials: The join's ``token`` or ``guest_token``, asked for at every join.
        on_event: Called with every event that is new to this viewer and that a bot may act on,
            private ones and snapshots included.
        is_steady: Whether how late its events are tells something of the server.

    """

    __slots__ = (
        "_back",
        "_connection",
        "_credentials",
        "_gone",
        "_is_staying",
        "_join_id",
        "_last_id",
        "_line",
        "_on_event",
        "_pending",
        "_returning",
        "feed",
        "is_joined",
        "is_steady",
        "reconnects",
        "snapshots",
        "who",
    )

    def __init__(
        self,
        line: Line,
        who: str,
        *,
        credentials: Callable[[], Map],
        on_event: Callable[[Map], None],
        is_steady: bool = False,
    ) -> None:
        self.who = who
        self.feed = FeedWatch()
        self.reconnects = 0
        self.snapshots = 0
        self.is_joined = False
        self.is_steady = is_steady
        self._line = line
        self._credentials = credentials
        self._on_event = on_event
        self._connection: Connection | None = None
        self._pending: dict[int, asyncio.Future[Map] | Counter[str]] = {}
        self._last_id = 0
        self._join_id = 0
        # Whether it comes back, the task that does so, and who waits for it.
        self._is_staying = False
        self._returning: asyncio.Task[None] | None = None
        self._back: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] | None = None

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
        self._is_staying = True
        if not self.is_joined:
            self._come_back()
        return snapshot

    async def leave(self) -> None:
        """Close, and do not come back."""
        self._is_staying = False
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.wait([self._returning])
        if self._connection is not None:
            if self._connection.is_open:
                self._gone = asyncio.get_running_loop().create_future()
                self._connection.close()
                await asyncio.wait([self._gone], timeout=2.0)
            self._connection.abort()

    async def call(self, op: str, **fields: object) -> Map:
        """Send one command and wait for its reply, after a reconnection if need be.

        Raises:
            Refused: An error reply.
            Lost: The connection went away, or no reply came.

        """
        if not self.is_joined:
            if self._back is None:
                self._back = asyncio.get_running_loop().create_future()
            # Others may wait for it too.
            await asyncio.wait([self._back], timeout=RETURN_S)
        if not self.is_joined:
            raise Lost(f"{self.who} is not connected")
        return await self._send(op, fields)

    def post(self, outcomes: Counter[str], op: str, **fields: object) -> bool:
        """Send one command whose reply is only counted: ok, or its error's code.

        Returns:
            Whether it was sent: the viewer may be away.

        """
        connection = self._connection
        if connection is None or not (connection.is_open and self.is_joined):
            return False
        self._last_id += 1
        self._pending[self._last_id] = outcomes
        connection.send(encode({"id": self._last_id, "op": op, **fields}))
        return True

    @property
    def unanswered(self) -> list[Counter[str]]:
        """The outcomes of each post that has no reply yet."""
        return [reply for reply in self._pending.values() if isinstance(reply, Counter)]

    def hang_up(self) -> None:
        """Drop the line, as a tunnel does; it comes back."""
        if self._connection is not None:
            self._connection.abort()

    def listen(self, *, on: bool) -> None:
        """Stop reading, as a phone that sleeps, or go on."""
        if self._connection is not None:
            self._connection.read(on=on)

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
        line, loop = self._line, asyncio.get_running_loop()
        target = line.target
        connection = Connection(
            target,
            line.decoder,
            receive=self._receive,
            broken=lambda why: line.breaches.add("broken frame", f"{self.who}: {why}"),
            lost=lambda code: self._lose(connection, code),
        )
        opened = connection.opened
        try:
            async with asyncio.timeout(JOIN_S):
                await loop.create_connection(
                    lambda: connection,
                    target.host,
                    target.port,
                    ssl=True if target.is_secure else None,
                    local_addr=(line.address, 0) if line.address else None,
                )
                if opened is not None:
                    await opened
                self._connection = connection
                since = self.feed.since()
                fields = {"show": line.show, **self._credentials()}
                return await self._send("join", fields | ({"since": since} if since else {}))
        except BaseException:
            connection.abort()
            raise

    def _come_back(self) -> None:
        self.reconnects += 1
        self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        attempt = 0
        while not self.is_joined:
            # Full jitter: a thousand bots must not come back in step.
            ceiling = min(JITTER_CAP_S, JITTER_BASE_S * 2 ** min(attempt, 8))
            await asyncio.sleep(self._line.rng.uniform(0, ceiling))
            attempt += 1
            try:
                await self._join()
            except (OSError, HandshakeFailed, Lost, Refused):
                continue
        self._returning = None

    def _lose(self, connection: Connection, code: int) -> None:
        if connection is not self._connection:
            return
        self.is_joined = False
        pending, self._pending = self._pending, {}
        for reply in pending.values():
            if isinstance(reply, Counter):
                reply["connection lost"] += 1
            elif not reply.done():
                reply.set_exception(Lost(f"{self.who} was closed with {code}"))
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        if not self._is_staying or self._returning is not None:
            return
        if code in FOR_GOOD:
            self._line.breaches.add("shut out", f"{self.who} was closed with {code}")
        else:
            self._come_back()

    def _receive(self, heard: Heard) -> None:
        if not (heard.is_common and self.is_joined and self._follow(heard)):
            for message in heard.messages:
                self._safely(self._take, message)
            return
        if self.is_steady and heard.count:
            heard.arrive()
        for event in heard.notable:
            self._safely(self._on_event, event)

    def _follow(self, heard: Heard) -> bool:
        return not heard.count or self.feed.follow(heard.first, heard.last)

    def _safely(self, take: Callable[[Map], None], message: Map) -> None:
        try:
            take(message)
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
        if not self.is_joined:
            self._line.breaches.add("event before the join", f"{self.who}: {event['ev']}")
            return
        seq = event.get("seq")
        if event["ev"] == "snapshot":
            self.snapshots += 1
            self.feed.enter(event)
        elif seq is not None:
            if not self.feed.see(seq):
                return
            if self.is_steady:
                latency = self._line.decoder.latency
                sent = latency.sent_ms(event)
                latency.note([event["at"]], [] if sent is None else [sent], now_ms())
        self._on_event(event)

    def _take_reply(self, message: Map) -> None:
        reply = self._pending.pop(message["re"], None)
        if reply is None:
            detail = f"{self.who}: {message['re']} was answered twice, or never asked"
            self._line.breaches.add("stray reply", detail)
            return
        if isinstance(reply, Counter):
            reply["ok" if "ok" in message else message["error"]["code"]] += 1
            return
        if message["re"] == self._join_id and "ok" in message:
            # At once: events that follow in the same read count from here.
            self.feed.enter(message["ok"], recovering=bool(self.feed.epoch))
            self.is_joined = True
            if self._back is not None:
                self._back.set_result(None)
                self._back = None
        if reply.done():
            return
        if "ok" in message:
            reply.set_result(message["ok"])
        else:
            reply.set_exception(Refused(message["error"]))
