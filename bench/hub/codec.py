"""What writing and reading messages costs, each beside what it could cost."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgpack  # it ships no types

from bench.hub.stage import chats, fan_out, per_call_us
from live.encoded import EncodedEvents
from live.wire import Format, decode, encode, framed

__all__ = ["Codec", "codec"]

TICK = 20
"""Events of a frame: 200 messages a second and ten ticks."""

WRITES = 2000
COMMAND = {"id": 7, "op": "cart.set", "sku": "product-3-large", "qty": 2}


@dataclass(frozen=True, slots=True)
class Codec:
    """What was measured; times in microseconds.

    Attributes:
        events: In the frame of a tick.
        encode_us, size: Of such a frame from nothing, and its bytes, by format.
        again_us: To make the frame when its events are encoded already.
        write_us: To write the frame in JSON to one socket.
        command_us: To read a command as strictly as we do, by format.
        strictness: How much longer that takes than the plain library.

    """

    events: int
    encode_us: dict[str, float]
    size: dict[str, int]
    again_us: dict[str, float]
    write_us: float
    command_us: dict[str, float]
    strictness: dict[str, float]

    def __str__(self) -> str:
        """What it costs in words."""
        json_us, msgpack_us = self.encode_us["json"], self.encode_us["msgpack"]
        return (
            f"a tick of {self.events} chats: {json_us:.1f} µs and {self.size['json']:,} bytes of "
            f"JSON; MessagePack {msgpack_us / json_us:.2f} of the time, "
            f"{self.size['msgpack'] / self.size['json']:.2f} of the bytes\n"
            f"  to one socket it is written in {self.write_us:.1f} µs: made for each viewer anew, "
            f"telling would take {1 + json_us / self.write_us:.1f} times as long\n"
            f"  of events encoded already a frame is made in {self.again_us['json']:.1f} µs\n"
            f"  a command is read in {self.command_us['json']:.1f} µs of JSON, "
            f"{self.strictness['json']:.1f} times the plain library's; in "
            f"{self.command_us['msgpack']:.1f} µs of MessagePack, {self.strictness['msgpack']:.1f}"
        )


def codec() -> Codec:
    """Write a tick and read a command, in both formats."""
    stage = fan_out()
    events, kept = chats(stage, TICK), EncodedEvents()
    encode_us, again_us, size, command_us, strictness = {}, {}, {}, {}, {}
    for fmt in Format:

        def anew(fmt: Format = fmt) -> bytes:
            return framed([encode(event, fmt) for event in events], fmt)

        def again(fmt: Format = fmt) -> bytes:
            return framed([kept.get(stage.room, event, fmt) for event in events], fmt)

        raw = encode(COMMAND, fmt)
        plain: Callable[[bytes], object] = json.loads if fmt is Format.JSON else msgpack.unpackb
        assert anew() == again()
        assert decode(raw, fmt) == plain(raw) == COMMAND
        name = fmt.label
        encode_us[name], again_us[name] = per_call_us(anew), per_call_us(again)
        size[name] = len(anew())
        command_us[name] = per_call_us(partial(decode, raw, fmt))
        strictness[name] = command_us[name] / per_call_us(partial(plain, raw))
    return Codec(
        events=TICK,
        encode_us=encode_us,
        size=size,
        again_us=again_us,
        write_us=_write_us(size["json"]),
        command_us=command_us,
        strictness=strictness,
    )


def _write_us(size: int) -> float:
    """The best of many writes; reading them again is not counted."""
    data, best = b"x" * size, float("inf")
    mouth, ear = socket.socketpair()
    with mouth, ear:
        for _ in range(WRITES):
            begin = time.perf_counter()
            mouth.send(data)
            best = min(best, time.perf_counter() - begin)
            ear.recv(size, socket.MSG_WAITALL)
    return best * 1e6
