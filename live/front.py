"""One port for WebSocket and HTTP: the first bytes decide who takes the connection."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import Final, cast

from base.settings import Settings
from live.close_codes import CloseCode
from live.gateway import Connection
from live.hub import Hub
from live.origin import same_host

__all__ = ["Front", "Gateway"]

logger = logging.getLogger(__name__)

FIRST_BYTES_WITHIN_S: Final = 10.0
SOCKETS: Final = (b"GET /live ", b"GET /live?")

Http = Callable[[], asyncio.Protocol]


class Gateway:
    """The WebSocket connections of a node: who may come in, who is there, how all leave."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.connections: dict[Connection, None] = {}
        self.paused: dict[Connection, None] = {}
        self.closes: Counter[int] = Counter()
        self._addresses: Counter[str] = Counter()
        self._settings: Settings = hub.settings
        self._origins = {origin.lower().rstrip("/") for origin in hub.settings.origins}

    def allows(self, origin: str, host: str) -> bool:
        """Whether a browser's page of this origin may connect."""
        return origin.lower() in self._origins or same_host(origin, host)

    def address(self, transport: asyncio.Transport, forwarded: str) -> str:
        """The client's address: the peer's, or what a trusted proxy forwards."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        trusted = self._settings.proxies
        for hop in reversed([hop.strip() for hop in forwarded.split(",") if hop.strip()]):
            if address not in trusted:
                break
            address = hop
        return address

    def admit(self, connection: Connection, address: str) -> bool:
        """Count a connection in, unless its address has too many."""
        self.connections[connection] = None
        self._addresses[address] += 1
        most = self._settings.connections_per_address
        local = address.startswith("127.") or address in {"::1", ""}
        limited = most and (self._settings.limit_loopback or not local)
        return not (limited and self._addresses[address] > most)

    def forget(self, connection: Connection, address: str) -> None:
        """Count a connection out."""
        self.paused.pop(connection, None)
        if self.connections.pop(connection, self) is None:
            self._addresses[address] -= 1
            if self._addresses[address] <= 0:
                del self._addresses[address]

    def note_full(self, connection: Connection) -> None:
        """Note a socket that takes nothing more for now."""
        self.paused[connection] = None
        self.hub.meter.passed_over()

    def count_close(self, code: int) -> None:
        """Note a close for the metrics."""
        self.closes[int(code)] += 1

    async def watch(self) -> None:
        """Close those that take nothing, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            now_s = self.hub.clock.monotonic_s()
            for connection in list(self.paused):
                connection.check_slow(now_s)

    async def drain(self, seconds: float) -> None:
        """Close everybody with 1001, spread over ``seconds``.

        Else they would all come back at once.
        """
        leaving = list(self.connections)
        random.shuffle(leaving)
        started_s = self.hub.clock.monotonic_s()
        for number, connection in enumerate(leaving):
            wait_s = started_s + seconds * number / len(leaving) - self.hub.clock.monotonic_s()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            connection.close(CloseCode.GOING_AWAY)
        for _ in range(20):
            if not self.connections:
                return
            await asyncio.sleep(0.05)
        for connection in list(self.connections):
            connection.let_go()
        # Their transports tell them in the next turn: a loop that ends does not.
        await asyncio.sleep(0)

    def adopt(self, transport: asyncio.Transport, head: bytes) -> asyncio.Future[None]:
        """Take over a connection whose request another server has read already.

        Args:
            transport: The connection.
            head: The request, as it was: request line, headers, empty line.

        Returns:
            Done when the connection is gone.

        """
        connection = Connection(self)
        connection.on_lost = asyncio.get_running_loop().create_future()
        transport.set_protocol(connection)
        connection.connection_made(transport)
        connection.data_received(head)
        return connection.on_lost


class Front(asyncio.Protocol):
    """A connection whose first bytes have not come yet."""

    __slots__ = ("_first", "_gateway", "_http", "_since_s", "_transport")

    def __init__(self, gateway: Gateway, http: Http) -> None:
        self._gateway = gateway
        self._http = http
        self._first = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first bytes, but not for ever."""
        self._transport = cast("asyncio.Transport", transport)
        self._since_s = self._gateway.hub.clock.monotonic_s()
        self._gateway.hub.wheel.add(self, self._since_s + FIRST_BYTES_WITHIN_S)

    def data_received(self, data: bytes) -> None:
        """Hand the connection over as soon as it is clear to whom."""
        transport = self._transport
        if transport is None:
            return
        self._first += data
        is_socket = self._first.startswith(SOCKETS)
        if not is_socket and any(prefix.startswith(self._first) for prefix in SOCKETS):
            return
        protocol = Connection(self._gateway) if is_socket else self._http()
        first, self._first, self._transport = self._first, b"", None
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(first)

    def connection_lost(self, exc: Exception | None) -> None:
        """It said nothing."""
        self._transport = None

    def due(self, now_s: float) -> float | None:
        """End a connection that says nothing."""
        if self._transport is not None:
            self._transport.abort()
        return None
