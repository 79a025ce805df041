"""One WebSocket of a bot: an asyncio protocol around the sans-I/O client of websockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol

from bots.frames import SUBPROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.uri import WebSocketURI

__all__ = ["Connection", "HandshakeFailed"]

MAX_MESSAGE: Final = 2**20
"""The contract: server messages stay under 1 MiB."""


class HandshakeFailed(Exception):
    """The server did not open a WebSocket with our subprotocol."""


class Connection(asyncio.Protocol):
    """A connection without compression, tasks or queues: a thousand fit on a part of one core.

    Args:
        uri: Where to connect to.
        receive: Called with each whole message, in order, from within the loop.
        lost: Called once when an opened connection is gone, with the close code, 1006 if the
            server sent none.

    """

    def __init__(
        self, uri: WebSocketURI, receive: Callable[[bytes], None], lost: Callable[[int], None]
    ) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._receive = receive
        self._lost = lost
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._ws = ClientProtocol(
            uri, subprotocols=[Subprotocol(SUBPROTOCOL)], max_size=MAX_MESSAGE
        )

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._ws.state is State.OPEN

    def send(self, payload: bytes) -> None:
        """Send one command. The connection must be open."""
        self._ws.send_binary(payload)
        self._flush()

    def close(self) -> None:
        """Leave politely; the server ends the connection."""
        if self.is_open:
            self._ws.send_close(1000)
            self._flush()
        elif self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._ws.send_request(self._ws.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Parse what came, answer pings, hand on messages."""
        self._ws.receive_data(data)
        for event in self._ws.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif self._ws.handshake_exc is None and not self.opened.done():
                self.opened.set_result(None)
        self._flush()

    def eof_received(self) -> None:
        """Note the end; the transport closes itself."""
        self._ws.receive_eof()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the owner, or whoever waits for the handshake."""
        self._ws.receive_eof()
        if self.opened.done():
            received = self._ws.close_rcvd
            self._lost(received.code if received is not None else 1006)
        else:
            reason = self._ws.handshake_exc or error or "the server hung up"
            self.opened.set_exception(HandshakeFailed(str(reason)))

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in {Opcode.BINARY, Opcode.TEXT, Opcode.CONT}:
            return
        if frame.fin and not self._parts:
            self._receive(bytes(frame.data))
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole = b"".join(self._parts)
            self._parts.clear()
            self._receive(whole)

    def _flush(self) -> None:
        transport = self._transport
        if transport is None:
            return
        for data in self._ws.data_to_send():
            if data:
                transport.write(data)
            else:
                transport.close()
