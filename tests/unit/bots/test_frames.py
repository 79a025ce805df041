"""Which messages the bots accept."""

from __future__ import annotations

from typing import Any

import msgpack  # it ships no types
import pytest

from bots.frames import BrokenFrame, Decoder, encode

PINNED = {"ev": "pinned", "seq": 42, "at": 1_760_000_000_000, "product": "mug"}


def decode(content: Any) -> tuple[dict[str, Any], ...]:
    return Decoder().decode(msgpack.packb(content))


def test_a_frame_is_one_message() -> None:
    assert decode(PINNED) == (PINNED,)


def test_an_array_is_a_batch_in_order() -> None:
    reply = {"re": 7, "ok": {}}

    assert decode([reply, PINNED]) == (reply, PINNED)


def test_the_same_bytes_are_decoded_once() -> None:
    decoder, frame = Decoder(), encode(PINNED)

    assert decoder.decode(frame) is decoder.decode(bytes(bytearray(frame)))


@pytest.mark.parametrize(
    "content",
    [
        7,
        [PINNED, "mug"],
        {},
        {"re": 7},
        {"re": 7, "ok": {}, "error": {}},
        {"re": "7", "ok": {}},
        {"ev": "pinned", "seq": 42, "product": "mug"},
        {"ev": "pinned", "at": 1, "product": "mug"},
        {"ev": "likes", "at": 1, "seq": 42, "n": 3},
        {"ev": "stock", "at": 1, "sku": "mug-blue", "left": -1},
    ],
)
def test_what_the_protocol_does_not_allow_is_broken(content: Any) -> None:
    with pytest.raises(BrokenFrame):
        decode(content)


def test_trailing_bytes_are_broken() -> None:
    with pytest.raises(BrokenFrame):
        Decoder().decode(encode(PINNED) + b"\x00")


def test_an_event_of_a_later_version_is_let_pass() -> None:
    assert decode({"ev": "raffle", "at": 1})
