"""Private events: what only one viewer may see, on all of that viewer's sockets.

They travel by pub/sub on the viewer's shard, unless one process has all viewers; a node listens
to the shards of the viewers it has. They may be missed while away: ``cart.get`` and
``checkout.get`` tell the truth.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec
from msgspec import Raw, Struct

from base.clock import Clock
from checkout.checkout import Checkout
from live.meter import Meter, Unmetered
from live.wire import Format, encode, frame
from store.redis import keys

__all__ = ["Channels", "Private", "Recipient"]

logger = logging.getLogger(__name__)


class Channels(Protocol):
    """Pub/sub, as this file needs it."""

    def listen(self, channel: str, on_message: Callable[[bytes], None]) -> None:
        """Call back with each message of a channel."""
        ...

    def unlisten(self, channel: str) -> None:
        """Stop listening."""
        ...

    def publish(self, channel: str, data: bytes) -> None:
        """Send without waiting; may be lost."""
        ...


class Recipient(Protocol):
    """A connection of a viewer."""

    fmt: Format
    show: str

    def write_private(self, data: bytes) -> None:
        """Send framed bytes, or drop them when the socket is full."""
        ...

    def ban(self) -> None:
        """Close: the viewer was banned from the show."""
        ...


class _Mail(Struct, omit_defaults=True):
    """A message on a private channel: an event, or the news of a ban."""

    viewer: str
    event: Raw = Raw(b"null")
    banned_from: str = ""


_mail = msgspec.json.Decoder(_Mail)


class Private:
    """Sends private events, and hands those that arrive to the viewers' sockets.

    Attributes:
        on_ban: Told of each ban that is heard of: viewer and show.

    Args:
        channels: The node's pub/sub connection.
        clock: Dates the events.
        is_alone: Whether no other process has sockets of these viewers: then nothing has to
            travel.

    """

    def __init__(
        self,
        channels: Channels,
        clock: Clock,
        meter: Meter | None = None,
        *,
        is_alone: bool = False,
    ) -> None:
        self._is_alone = is_alone
        self._meter = meter or Unmetered()
        self._channels = channels
        self._clock = clock
        self.on_ban: Callable[[str, str], None] = lambda _viewer, _show: None
        self._sockets: dict[str, dict[Recipient, None]] = {}
        self._shards: dict[str, int] = {}

    def tell(
        self,
        viewer: str,
        name: Literal["cart", "checkout", "order"],
        thing: Struct,
        *,
        again: bool = False,
    ) -> None:
        """Send ``thing`` to a viewer, wherever they are; best effort."""
        if isinstance(thing, Checkout) and not again:
            self._meter.checkout(thing.state)
        event = {"ev": name, "at": self._clock.now_ms(), name: thing}
        if self._is_alone:
            self._write(viewer, lambda fmt: encode(event, fmt))
            return
        self._send(_Mail(viewer=viewer, event=Raw(msgspec.json.encode(event))))

    def tell_ban(self, viewer: str, show: str) -> None:
        """Have every node close the viewer's sockets in a show, this one at once."""
        self.ban(viewer, show)
        self._send(_Mail(viewer=viewer, banned_from=show))

    def ban(self, viewer: str, show: str) -> None:
        """Close the viewer's sockets of this node in a show."""
        self.on_ban(viewer, show)
        for socket in list(self._sockets.get(viewer, ())):
            if socket.show == show:
                socket.ban()

    def enter(self, viewer: str, socket: Recipient) -> list[Recipient]:
        """Add a socket of a viewer; returns all of them here, oldest first."""
        sockets = self._sockets.setdefault(viewer, {})
        if not sockets:
            channel = keys.private_channel(viewer)
            self._shards[channel] = self._shards.get(channel, 0) + 1
            if self._shards[channel] == 1:
                self._channels.listen(channel, self._arrive)
        sockets[socket] = None
        return list(sockets)

    def leave(self, viewer: str, socket: Recipient) -> None:
        """Take a socket away; once is enough."""
        sockets = self._sockets.get(viewer)
        if sockets is None or sockets.pop(socket, self) is not None:
            return
        if not sockets:
            del self._sockets[viewer]
            channel = keys.private_channel(viewer)
            self._shards[channel] -= 1
            if not self._shards[channel]:
                del self._shards[channel]
                self._channels.unlisten(channel)

    def _send(self, mail: _Mail) -> None:
        self._channels.publish(keys.private_channel(mail.viewer), msgspec.json.encode(mail))

    def _arrive(self, data: bytes) -> None:
        try:
            mail = _mail.decode(data)
        except msgspec.MsgspecError:
            logger.warning("a message on a private channel is not ours")
            return
        if mail.banned_from:
            self.ban(mail.viewer, mail.banned_from)
            return
        event = bytes(mail.event)
        self._write(
            mail.viewer,
            lambda fmt: event if fmt is Format.JSON else encode(msgspec.json.decode(event), fmt),
        )

    def _write(self, viewer: str, encoded: Callable[[Format], bytes]) -> None:
        """Send an event to the viewer's sockets here, made once for each format."""
        frames: dict[Format, bytes] = {}
        for socket in list(self._sockets.get(viewer, ())):
            if socket.fmt not in frames:
                frames[socket.fmt] = frame(encoded(socket.fmt), socket.fmt.opcode)
            socket.write_private(frames[socket.fmt])
