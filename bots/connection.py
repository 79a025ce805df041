"""One WebSocket of a bot: an asyncio protocol that reads frames itself, and each only once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

from bots import wire
from bots.frames import SUBPROTOCOL, BrokenFrame
from bots.wire import HandshakeFailed, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.frames import Decoder
    from bots.heard import Heard
    from bots.wire import Frame, Target

__all__ = ["Connection", "HandshakeFailed"]

MAX_HEAD: Final = 16 * 1024
DONE: Final = (1000).to_bytes(2, "big")
LOST: Final = 1006
"""What an end without a close frame counts as."""


class Connection(asyncio.Protocol):
    """A connection without compression, tasks or queues: 19,000 fit in a process.

    Args:
        target: Where to connect to.
        decoder: Shared by all of the process: most reads are bytes that it knows already.
        receive: Called with each whole message, in order, from within the loop.
        broken: Called with what was wrong when the server broke the protocol.
        lost: Called once when an opened connection is gone, with the close code, 1006 if the
            server sent none.

    """

    __slots__ = (
        "_broken",
        "_code",
        "_decoder",
        "_is_closing",
        "_key",
        "_lost",
        "_parts",
        "_receive",
        "_rest",
        "_target",
        "_transport",
        "is_open",
        "opened",
    )

    def __init__(
        self,
        target: Target,
        decoder: Decoder,
        *,
        receive: Callable[[Heard], None],
        broken: Callable[[str], None],
        lost: Callable[[int], None],
    ) -> None:
        self.opened: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()
        self.is_open = False
        self._target = target
        self._decoder = decoder
        self._receive = receive
        self._broken = broken
        self._lost = lost
        self._key: bytes | None = wire.new_key()
        self._rest = b""
        self._parts: list[bytes] | None = None
        self._code = LOST
        self._is_closing = False
        self._transport: asyncio.Transport | None = None

    def send(self, payload: bytes) -> None:
        """Send one command. The connection must be open."""
        self._write(wire.BINARY, payload)

    def read(self, *, on: bool) -> None:
        """Stop reading, or go on: a viewer whose phone sleeps."""
        if self._transport is None or self._transport.is_closing():
            return
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self) -> None:
        """Leave politely; the server ends the connection."""
        if self.is_open and not self._is_closing:
            self._is_closing = True
            self._write(wire.CLOSE, DONE)
        elif self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._target.upgrade(self._key or b"", SUBPROTOCOL))

    def data_received(self, data: bytes) -> None:
        """Know it, or parse it: answer pings, hand on messages."""
        if self._key is not None:
            self._shake_hands(self._rest + data)
            return
        if not self._rest and self._parts is None and self.is_open:
            heard = self._decoder.recall(data)
            if heard is not None:
                self._receive(heard)
                return
        self._read(self._rest + data)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the owner, or whoever waits for the handshake."""
        self.is_open = False
        opened, self.opened = self.opened, None
        if opened is None:
            self._lost(self._code)
        elif not opened.done():
            reason = error or "the server hung up"
            opened.set_exception(HandshakeFailed(str(reason)))

    def _shake_hands(self, data: bytes) -> None:
        self._rest = data
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end and len(data) < MAX_HEAD:
            return
        opened, key = self.opened, self._key
        self._rest, self._key = b"", None
        if opened is None or opened.done() or key is None:
            self.abort()
            return
        try:
            wire.check_upgrade(head, key, SUBPROTOCOL)
        except HandshakeFailed as error:
            opened.set_exception(error)
            self.abort()
            return
        self.opened, self.is_open = None, True
        opened.set_result(None)
        if rest:
            self._read(rest)

    def _read(self, data: bytes) -> None:
        at = 0
        try:
            while self.is_open and (frame := wire.parse(data, at)) is not None:
                is_all = at == 0 and frame.end == len(data)
                self._take(frame, data, is_all=is_all)
                at = frame.end
        except (BrokenFrame, ProtocolError) as error:
            self._broken(str(error))
            self.abort()
            return
        self._rest = data[at:]

    def _take(self, frame: Frame, data: bytes, *, is_all: bool) -> None:
        payload = data[frame.start : frame.end]
        if frame.opcode in {wire.BINARY, wire.CONTINUATION}:
            whole = self._joined(frame, payload)
            if whole is None:
                return
            heard = self._decoder.decode(whole)
            if is_all and frame.opcode == wire.BINARY:
                self._decoder.remember(data, heard)
            self._receive(heard)
        elif frame.opcode == wire.PING:
            self._write(wire.PONG, payload)
        elif frame.opcode == wire.CLOSE:
            self._take_close(payload)
        elif frame.opcode == wire.TEXT:
            raise ProtocolError("a text frame, though MessagePack was agreed on")

    def _joined(self, frame: Frame, payload: bytes) -> bytes | None:
        """A whole message; None: more of it follows."""
        if (frame.opcode == wire.CONTINUATION) != (self._parts is not None):
            raise ProtocolError("a message begins within another, or without a beginning")
        if self._parts is None:
            if frame.is_last:
                return payload
            self._parts = []
        self._parts.append(payload)
        if sum(map(len, self._parts)) > wire.MAX_MESSAGE:
            raise ProtocolError("a message in pieces is over 1 MiB")
        if not frame.is_last:
            return None
        whole, self._parts = b"".join(self._parts), None
        return whole

    def _take_close(self, payload: bytes) -> None:
        """Note why, and answer; the server ends the connection."""
        if len(payload) > 1:
            self._code = int.from_bytes(payload[:2], "big")
        if not self._is_closing:
            self._write(wire.CLOSE, payload[:2])
        self._is_closing, self.is_open = True, False

    def _write(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(wire.framed(opcode, payload))
