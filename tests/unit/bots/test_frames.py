"""Which messages the bots accept."""

from __future__ import annotations

from typing import Any

import msgpack  # it ships no types
import pytest

from bots.frames import MEMORY, BrokenFrame, Decoder, encode
from bots.heard import Latency, now_ms, stamp

PINNED = {"ev": "pinned", "seq": 42, "at": 1_760_000_000_000, "product": "mug"}


def decode(content: Any) -> tuple[dict[str, Any], ...]:
    return Decoder(Latency("a1")).decode(msgpack.packb(content)).messages


def test_a_frame_is_one_message() -> None:
    assert decode(PINNED) == (PINNED,)


def test_an_array_is_a_batch_in_order() -> None:
    reply = {"re": 7, "ok": {}}

    assert decode([reply, PINNED]) == (reply, PINNED)


def test_the_same_bytes_are_decoded_once() -> None:
    decoder, frame = Decoder(Latency("a1")), encode(PINNED)

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
        {"ev": "raffle", "at": 1, "seq": "42"},
    ],
)
def test_what_the_protocol_does_not_allow_is_broken(content: Any) -> None:
    with pytest.raises(BrokenFrame):
        decode(content)


def test_trailing_bytes_are_broken() -> None:
    with pytest.raises(BrokenFrame):
        Decoder(Latency("a1")).decode(encode(PINNED) + b"\x00")


def test_an_event_of_a_later_version_is_let_pass() -> None:
    assert decode({"ev": "raffle", "at": 1})


def test_a_read_that_was_one_whole_frame_is_known_again() -> None:
    decoder, read = Decoder(Latency("a1")), b"\x82" + encode(PINNED)
    heard = decoder.decode(read[1:])

    assert decoder.recall(read) is None
    decoder.remember(read, heard)

    assert decoder.recall(bytes(bytearray(read))) is heard
    assert decoder.recall(read + b"\x00") is None


def test_what_only_one_viewer_gets_is_not_remembered() -> None:
    decoder = Decoder(Latency("a1"))
    frame = encode({"re": 7, "ok": {}})

    decoder.remember(frame, decoder.decode(frame))

    assert decoder.recall(frame) is None
    assert decoder.decode(frame) is not decoder.decode(frame)


def test_what_is_forgotten_is_counted_once_and_not_known_any_more() -> None:
    decoder = Decoder(Latency("a1"))
    frame = encode(PINNED)
    heard = decoder.decode(frame)
    decoder.remember(frame, heard)
    heard.arrive()
    heard.arrive()

    for seq in range(MEMORY):
        decoder.decode(encode(PINNED | {"seq": seq}))
    decoder.forget()

    assert len(decoder.latency.events) == 2
    assert decoder.recall(frame) is None


def test_only_a_chat_of_this_run_tells_when_it_was_sent() -> None:
    latency = Latency("a1")
    said = {"ev": "chat", "text": stamp("love it", "a1")}

    assert 0 <= now_ms() - (latency.sent_ms(said) or 0) < 60_000
    assert latency.sent_ms({"ev": "chat", "text": stamp("love it", "b2")}) is None
    assert latency.sent_ms({"ev": "chat", "text": "what is a1@home?"}) is None
    assert latency.sent_ms({"ev": "purchase", "text": said["text"]}) is None
