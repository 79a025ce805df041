"""The wire as the bots read it: MessagePack in binary frames, and what a message may look like."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import msgpack  # it ships no types

from bots.heard import Heard, Latency

__all__ = ["SUBPROTOCOL", "BrokenFrame", "Decoder", "Map", "encode"]

Map = dict[str, Any]
"""One decoded message, or a map inside it."""

SUBPROTOCOL: Final = "yellowcart.v1.msgpack"

FEED: Final = frozenset(
    {
        "show.started",
        "show.ended",
        "pinned",
        "unpinned",
        "bag.changed",
        "product.changed",
        "chat",
        "chat.deleted",
        "purchase",
    }
)
"""Events that carry ``seq``. Unknown events are let pass: the protocol may grow."""

UNNUMBERED: Final = frozenset({"stock", "viewers", "likes", "sales", "cart", "checkout", "order"})
"""Gauges and private events, which carry none."""

MEMORY: Final = 256
"""Frames remembered: a broadcast is the same bytes for every viewer within a few milliseconds."""

READS: Final = 4
"""Reads remembered: of the frames that a crowd is being told just now."""


class BrokenFrame(Exception):
    """A frame that the protocol does not allow."""


def encode(command: Map) -> bytes:
    """One command as the payload of a binary frame."""
    return bytes(msgpack.packb(command))


class Decoder:
    """Understands each distinct frame once, however many viewers receive it.

    Args:
        latency: Where to count how late events were.

    """

    def __init__(self, latency: Latency) -> None:
        self.latency = latency
        self._memory: dict[bytes, Heard] = {}
        self._reads: deque[tuple[bytes, Heard]] = deque(maxlen=READS)

    def recall(self, data: bytes) -> Heard | None:
        """The one frame that was all of an earlier read of the same bytes."""
        for known, heard in self._reads:
            if data == known:
                return heard
        return None

    def remember(self, data: bytes, heard: Heard) -> None:
        """Note that a read was one whole frame, which others will get too."""
        if heard.is_common:
            self._reads.appendleft((data, heard))

    def decode(self, payload: bytes) -> Heard:
        """The messages of a frame: one map, or an array of them (a batch).

        Raises:
            BrokenFrame: Not MessagePack, or a message of no known shape.

        """
        known = self._memory.get(payload)
        if known is not None:
            return known
        try:
            content = msgpack.unpackb(payload, strict_map_key=True)
        except ValueError as error:
            raise BrokenFrame(f"not MessagePack: {error}") from error
        messages = tuple(content) if isinstance(content, list) else (content,)
        for message in messages:
            _check(message)
        heard = Heard(messages, self.latency)
        if heard.is_common:
            if len(self._memory) >= MEMORY:
                self._forget(next(iter(self._memory)))
            self._memory[payload] = heard
        return heard

    def forget(self) -> None:
        """Count how late everything remembered was, and forget it."""
        for payload in list(self._memory):
            self._forget(payload)

    def _forget(self, payload: bytes) -> None:
        # One at a time, for counting a frame that thousands have heard takes a moment.
        heard = self._memory.pop(payload)
        heard.tell(self.latency)
        for read in [read for read in self._reads if read[1] is heard]:
            self._reads.remove(read)


def _check(message: object) -> None:
    if not isinstance(message, dict):
        raise BrokenFrame(f"a message is a map, not {type(message).__name__}")
    if "re" in message:
        if ("ok" in message) == ("error" in message):
            raise BrokenFrame("a reply carries either ok or error")
        if type(message["re"]) is not int:
            raise BrokenFrame("a reply names the command by its integer id")
    elif isinstance(message.get("ev"), str):
        _check_event(message)
    else:
        raise BrokenFrame("a message is a reply or an event")


def _check_event(event: Map) -> None:
    name = event["ev"]
    if type(event.get("at")) is not int:
        raise BrokenFrame(f"event {name} without its time")
    if (name in FEED or "seq" in event) and type(event.get("seq")) is not int:
        raise BrokenFrame(f"feed event {name} without seq")
    if name in UNNUMBERED and "seq" in event:
        raise BrokenFrame(f"{name} is no feed event, yet carries seq")
    if name == "stock" and event.get("left", -1) < 0:
        raise BrokenFrame(f"{event.get('left')} left of {event.get('sku')}")
