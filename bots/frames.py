"""The wire as the bots read it: MessagePack in binary frames, and what a message may look like."""

from __future__ import annotations

from typing import Any, Final

import msgpack  # it ships no types

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


class BrokenFrame(Exception):
    """A frame that the protocol does not allow."""


def encode(command: Map) -> bytes:
    """One command as the payload of a binary frame."""
    return bytes(msgpack.packb(command))


class Decoder:
    """Decodes and checks each distinct frame once, however many viewers receive it.

    The maps are shared between viewers: nobody may change them.
    """

    def __init__(self) -> None:
        self._memory: dict[bytes, tuple[Map, ...]] = {}

    def decode(self, frame: bytes) -> tuple[Map, ...]:
        """The messages of a frame in order: one map, or an array of them (a batch).

        Raises:
            BrokenFrame: Not MessagePack, or a message of no known shape.

        """
        known = self._memory.get(frame)
        if known is not None:
            return known
        try:
            content = msgpack.unpackb(frame, strict_map_key=True)
        except ValueError as error:
            raise BrokenFrame(f"not MessagePack: {error}") from error
        messages = tuple(content) if isinstance(content, list) else (content,)
        for message in messages:
            _check(message)
        if len(self._memory) >= MEMORY:
            self._memory.clear()
        self._memory[frame] = messages
        return messages


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
    if name in FEED and type(event.get("seq")) is not int:
        raise BrokenFrame(f"feed event {name} without seq")
    if name in UNNUMBERED and "seq" in event:
        raise BrokenFrame(f"{name} is no feed event, yet carries seq")
    if name == "stock" and event.get("left", -1) < 0:
        raise BrokenFrame(f"{event.get('left')} left of {event.get('sku')}")
