"""WebSocket connections: bytes in, messages to the session; frames out, as they are.

A usual handshake is read by ``live.handshake``, an unusual one by ``live.odd_handshake``; the
open socket runs on a fresh ``Protocol`` of websockets, without I/O: nothing of the request stays.
Nothing here waits: no task, queue, future or timer belongs to a connection.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from live import backlog, handshake, odd_handshake
from live.backlog import BUFFER_MOST, BUFFER_OWN, SLOW_AFTER_S, SLOWEST_S
from live.close_codes import REASONS, CloseCode
from live.session import JOIN_WITHIN_S, Session
from live.wire import MAX_MESSAGE, Format, frame, lone_frame, unmasked

if TYPE_CHECKING:
    import socket

    from live.crowd import Cohort
    from live.front import Gateway

__all__ = ["Connection"]

HANDSHAKE_WITHIN_S: Final = 10.0

PING_EVERY_S: Final = 25.0
"""Well below the 60 s after which nginx closes an idle upstream by default."""

CLOSE_WITHIN_S: Final = 3.0
PING: Final = frame(b"", Opcode.PING)
_OPCODES: Final[dict[int | None, Format]] = {kind.opcode: kind for kind in Format}


class Connection(asyncio.Protocol):
    """One WebSocket connection, from its handshake to its end.

    Args:
        gateway: The node's connections.

    """

    __slots__ = (
        "_address",
        "_backlog",
        "_closing_s",
        "_gateway",
        "_head",
        "_heard_s",
        "_held",
        "_is_between",
        "_is_lost",
        "_kind",
        "_opened_s",
        "_parts",
        "_paused_s",
        "_pinged_s",
        "_session",
        "_socket",
        "_took_s",
        "_transport",
        "_ws",
        "cohort",
        "epoch",
        "fmt",
        "hosts",
        "is_ready",
        "missed_gauges",
        "offer",
        "on_lost",
        "seq",
        "show",
        "watches",
    )

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._head: bytes | None = b""
        self._ws: Protocol | None = None
        self._session: Session | None = None
        self._held = b""
        self._is_between = True
        self._parts: list[bytes] = []
        self._socket: socket.socket | None = None
        self._kind = Format.JSON
        self._paused_s: float | None = None
        self._closing_s: float | None = None
        self._pinged_s = 0.0
        self._is_lost = False
        self._address = ""
        self.is_ready = False
        self.on_lost: asyncio.Future[None] | None = None
        self.fmt = Format.JSON
        self.show = ""
        self.epoch = ""
        self.seq = 0
        self.cohort: Cohort | None = None
        self.missed_gauges = False
        self.hosts = False
        self.watches = True

    # asyncio.Protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport over."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_ready = True
        # Who answered this connection before may have left something in it: then it is full.
        backlog.keep_short(self._transport)
        self._opened_s = self._heard_s = self._gateway.hub.clock.monotonic_s()
        self._gateway.hub.wheel.add(self, self._opened_s + JOIN_WITHIN_S)

    def data_received(self, data: bytes) -> None:
        """Feed the handshake, then the open socket."""
        if self._head is not None:
            self._shake_hands(data)
        elif self._ws is not None:
            self._heard_s = self._gateway.hub.clock.monotonic_s()
            if not self._took_whole(data):
                self._ws.receive_data(data)
                self._pump(self._ws)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the room and forget."""
        if self._socket is not None:
            self._socket.detach()
        self._is_lost = True
        self.is_ready = False
        self._gateway.forget(self, self._address)
        if self._session is not None:
            self._session.leave()
        if self._ws is not None:
            # It holds itself by its parser: left alone, the collector finds it minutes later.
            self._ws.parser.close()
        self._ws = self._session = None
        self._head = None
        if self._closing_s is None:
            self._closing_s = self._opened_s
        if self.on_lost is not None and not self.on_lost.done():
            self.on_lost.set_result(None)

    def pause_writing(self) -> None:
        """The socket is full: tell it nothing until it drains; what it asks is still heard."""
        self._paused_s = self._took_s = self._gateway.hub.clock.monotonic_s()
        self._backlog = self._transport.get_write_buffer_size()
        self._be_quiet()
        self._gateway.note_full(self)

    def resume_writing(self) -> None:
        """The socket has drained: what was missed follows."""
        self._paused_s = None
        self._gateway.paused.pop(self, None)
        if self._closing_s is None:
            self.is_ready = True
            self._transport.resume_reading()
            if self._session is not None:
                self._session.catch_up()

    def _be_quiet(self) -> None:
        self.is_ready = False
        if self._session is not None:
            self._session.pass_over()

    # What rooms and sessions see.

    def write(self, data: bytes | memoryview) -> None:
        """Send framed bytes as they are; what the socket does not take now waits."""
        self._transport.write(data)

    def write_private(self, data: bytes) -> None:
        """Send framed bytes, or drop them when too much waits for this viewer already.

        They leave at the end of this turn of the loop, or with the answer to what the viewer
        has asked for, if that comes before: one sending for what a purchase has to say.
        """
        waiting = self._transport.get_write_buffer_size() + len(self._held)
        if self._closing_s is None and waiting < BUFFER_OWN:
            if not self._held:
                asyncio.get_running_loop().call_soon(self._let_go)
            self._held += data

    def _let_go(self) -> None:
        if self._held and not self._transport.is_closing():
            self._answer(b"")

    def send(self, message: bytes) -> None:
        """Frame and send a message of the session."""
        if self._closing_s is not None:
            return
        if self._transport.get_write_buffer_size() > BUFFER_MOST:
            self.close(CloseCode.TOO_SLOW)
            return
        self._answer(frame(message, self.fmt.opcode))

    def ban(self) -> None:
        """Close: the viewer was banned from the show."""
        self.close(CloseCode.BANNED)

    def close(self, code: CloseCode) -> None:
        """Start the closing handshake; the wheel ends it if the peer does not."""
        if self._closing_s is not None:
            return
        if self._ws is None or self._ws.state is not State.OPEN:
            self.drop()
            return
        self._ws.send_close(int(code), REASONS[code])
        self._flush()
        self._begin_closing(code)

    def drop(self) -> None:
        """End it without a word."""
        self._closing_s = self._gateway.hub.clock.monotonic_s()
        self._be_quiet()
        backlog.cut(self._transport)

    def let_go(self) -> None:
        """End it after our part of the closing handshake; who reads nothing is cut."""
        if self._transport.get_write_buffer_size():
            self.drop()
        else:
            self._transport.close()

    def _begin_closing(self, code: int) -> None:
        self._closing_s = self._gateway.hub.clock.monotonic_s()
        self.is_ready = False
        self._gateway.count_close(code)
        if self._session is not None:
            self._session.leave()
        # The peer's answer must be read even from a socket that is full.
        self._transport.resume_reading()
        self._gateway.hub.wheel.add(self, self._closing_s + CLOSE_WITHIN_S)

    # Deadlines.

    def due(self, now_s: float) -> float | None:
        """Ping, and end what takes too long."""
        if self._is_lost:
            return None
        if self._closing_s is not None:
            return self._end(now_s, self._closing_s + CLOSE_WITHIN_S)
        if self._session is None or self._ws is None:
            return self._end(now_s, self._opened_s + HANDSHAKE_WITHIN_S)
        if self._session.fan_out is None:
            return self._await_join(now_s)
        self._session.expire()
        return self._keep_alive(now_s)

    def check_slow(self, now_s: float) -> None:
        """Close when the socket takes nothing, or has been taking very little for long."""
        if self._paused_s is None:
            return
        left = self._transport.get_write_buffer_size()
        if left < self._backlog:
            self._took_s = now_s
        self._backlog = left
        if now_s - self._took_s >= SLOW_AFTER_S or now_s - self._paused_s >= SLOWEST_S:
            self._paused_s = None
            self._gateway.paused.pop(self, None)
            self.close(CloseCode.TOO_SLOW)

    def _end(self, now_s: float, deadline_s: float) -> float | None:
        if now_s < deadline_s:
            return deadline_s
        backlog.cut(self._transport)
        return None

    def _await_join(self, now_s: float) -> float | None:
        if now_s < (deadline_s := self._opened_s + JOIN_WITHIN_S):
            return deadline_s
        self.close(CloseCode.BAD_FRAME)
        return None

    def _keep_alive(self, now_s: float) -> float | None:
        """Ping who is silent; end who has not answered, for it may be we who were late to ask."""
        if self._pinged_s > self._heard_s and now_s - self._pinged_s >= PING_EVERY_S - 1:
            self.drop()
            return None
        next_s = self._heard_s + PING_EVERY_S
        if now_s >= next_s - 1:
            next_s = now_s + PING_EVERY_S
            if self.is_ready and self._pinged_s <= self._heard_s:
                self._pinged_s = now_s
                self.write(PING)
        left_s = PING_EVERY_S if self._session is None else self._session.left_s
        return min(next_s, now_s + left_s)

    # The handshake.

    def _shake_hands(self, data: bytes) -> None:
        head = (self._head or b"") + data
        if (end := head.find(b"\r\n\r\n")) < 0:
            self._head = head
            if len(head) > handshake.MAX_HEAD:
                self._transport.abort()
            return
        self._head = None
        upgrade = handshake.read(head[: end + 4])
        if upgrade is None or not self._welcome(upgrade, head[end + 4 :]):
            self._shake_hands_slowly(head, end)

    def _welcome(self, upgrade: handshake.Upgrade, rest: bytes) -> bool:
        """Open the socket; False: there is something to refuse."""
        if not all(self._gateway.allows(origin, upgrade.host) for origin in upgrade.origins):
            return False
        protocol = handshake.chosen(upgrade.protocols)
        if upgrade.protocols and protocol is None:
            return False
        self._address = self._gateway.address(self._transport, upgrade.forwarded)
        self.write(handshake.accepted(upgrade.key, protocol))
        self._open(protocol, rest)
        return True

    def _shake_hands_slowly(self, head: bytes, end: int) -> None:
        """Let the library read what is unusual, and say what is wrong with it."""
        library, forwarded = odd_handshake.answered(head[: end + 4], self._gateway.allows)
        for data in library.data_to_send():
            if data:
                self.write(data)
        if library.state is State.OPEN:
            self._address = self._gateway.address(self._transport, forwarded)
            self._open(library.subprotocol, head[end + 4 :])
        else:
            self._closing_s = self._opened_s
            self.is_ready = False
            self._transport.close()

    def _open(self, subprotocol: str | None, rest: bytes) -> None:
        self.fmt = handshake.FORMATS.get(subprotocol or "", Format.JSON)
        self._ws = Protocol(Side.SERVER, max_size=MAX_MESSAGE)
        self._session = Session(self._gateway.hub, self)
        self._socket = backlog.socket_beside(self._transport)
        send = None if self._socket is None else self._socket.send
        self.offer = send or partial(backlog.pass_on, self._transport)
        self._opened_s = self._heard_s = self._gateway.hub.clock.monotonic_s()
        if not self._gateway.admit(self, self._address):
            self.close(CloseCode.TOO_MANY)
        elif rest:
            self.data_received(rest)

    # The open socket.

    def _took_whole(self, data: bytes) -> bool:
        """Take a message that came by itself, in whole: nearly all do, so the library rests."""
        opcode = lone_frame(data) if self._is_between else None
        # Else it would lose count of where a frame ends.
        self._is_between = opcode is not None
        kind = _OPCODES.get(opcode)
        if kind is None or self._session is None or self._closing_s is not None:
            return False
        self._session.receive(unmasked(data), kind)
        return True

    def _pump(self, ws: Protocol) -> None:
        if ws.state is State.OPEN:
            self._flush()  # A pong does not wait for what the messages behind its ping ask for.
        for event in ws.events_received():
            if isinstance(event, Frame) and self._closing_s is None:
                self._take(event)
        self._flush()
        if ws.state is not State.OPEN and self._closing_s is None:
            # The peer closed, or broke the protocol: the parser has answered. What a peer
            # calls its own leaving is not counted: it may be any number.
            own = ws.close_sent if ws.close_rcvd is None else None
            self._begin_closing(CloseCode.DONE if own is None else own.code)
        if ws.close_rcvd is not None and not self._transport.is_closing():
            self._transport.close()

    def _take(self, event: Frame) -> None:
        if event.opcode in _OPCODES:
            self._kind, self._parts = _OPCODES[event.opcode], []
        elif event.opcode is not Opcode.CONT:
            return
        self._parts.append(bytes(event.data))
        if event.fin and self._session is not None:
            message, self._parts = b"".join(self._parts), []
            self._session.receive(message, self._kind)

    def _flush(self) -> None:
        for data in () if self._ws is None else self._ws.data_to_send():
            if data:
                self._answer(data)
            elif self._transport.can_write_eof():
                # Not closed: what the peer still sends would take our last words from it.
                self._transport.write_eof()
            else:
                self._transport.close()

    def _answer(self, data: bytes) -> None:
        """Write what was asked for; who takes none of it is not heard until they do."""
        if self._held:
            data, self._held = self._held + data, b""
        self.write(data)
        if self._transport.get_write_buffer_size() > BUFFER_OWN and self._closing_s is None:
            self._transport.pause_reading()
