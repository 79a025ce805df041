"""What is a message, and what is none."""

from __future__ import annotations

import json
import tracemalloc

import msgpack
import pytest

from live.wire import MAX_BATCH, BrokenMessage, Format, decode, encode, frame, joined


@pytest.mark.parametrize("fmt", Format)
def test_a_map_with_id_and_op_is_a_message(fmt: Format) -> None:
    raw = encode({"id": 7, "op": "ping"}, fmt)

    assert decode(raw, fmt) == {"id": 7, "op": "ping"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"ping"',
        b'{"id": 1}',
        b'{"op": "ping"}',
        b'{"id": 0, "op": "ping"}',
        b'{"id": -1, "op": "ping"}',
        b'{"id": 1.0, "op": "ping"}',
        b'{"id": true, "op": "ping"}',
        b'{"id": "1", "op": "ping"}',
        b'{"id": 9007199254740992, "op": "ping"}',
        b'{"id": 1, "op": 5}',
        b'{"id": 1, "op": "ping"} {}',
        b'{"id": 1, "id": 2, "op": "ping"}',
        b'{"id": 1, "op": "x", "method": {"type": "a", "type": "b"}}',
        b'{"id": 1, "op": "x", "n": NaN}',
        b'{"id": 1, "op": "x", "n": Infinity}',
        b'{"id": 1, "op": "x", "t": "\\ud800"}',
        b'{"id": 1, "op": "\xff"}',
        b'{"id": 1, "op": "x", "d": ' + b"[" * 8000 + b"]" * 8000 + b"}",
        b'{"id": ' + b"9" * 5000 + b', "op": "x"}',
    ],
)
def test_a14_broken_json_is_no_message(raw: bytes) -> None:
    with pytest.raises(BrokenMessage):
        decode(raw, Format.JSON)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        msgpack.packb([1, 2]),
        msgpack.packb({"id": 1, "op": "x"}) + b"\x00",
        msgpack.packb({1: 2, "id": 1, "op": "x"}),
        msgpack.packb({b"id": 1, "op": "x"}),
        b"\x83\xa2id\x01\xa2id\x02\xa2op\xa1x",
        b"\x82\xa2id\x01\xa2op\xa1\xff",
        b"\x83\xa2id\x01\xa2op\xa1x\xa1d\xdd\x7f\xff\xff\xff",
        b"\x83\xa2id\x01\xa2op\xa1x\xa1d\xdf\x7f\xff\xff\xff",
        b"\x83\xa2id\x01\xa2op\xa1x\xa1d\xdb\x7f\xff\xff\xff",
        b"\x83\xa2id\x01\xa2op\xa1x\xa1d\xc4\x01\x00",
        b"\x83\xa2id\x01\xa2op\xa1x\xa1d\xd4\x05\x00",
        b"\x83\xa2id\x01\xa2op\xa1x\xa1d" + b"\x91" * 5000 + b"\xc0",
    ],
)
def test_a14_broken_msgpack_is_no_message(raw: bytes) -> None:
    with pytest.raises(BrokenMessage):
        decode(raw, Format.MSGPACK)


DEEP = [
    (b'{"id": 1, "op": "x", "d": ' + b"[" * 7_900 + b"]" * 7_900 + b"}", Format.JSON),
    (b'{"id": 1, "op": "x", "d": ' + b'{"d":' * 3_000 + b"0" + b"}" * 3_001, Format.JSON),
    (b"\x83\xa2id\x01\xa2op\xa1x\xa1d" + b"\x91" * 16_000 + b"\xc0", Format.MSGPACK),
    (b"\x83\xa2id\x01\xa2op\xa1x\xa1d" + b"\x81\xa1d" * 5_000 + b"\xc0", Format.MSGPACK),
]


@pytest.mark.parametrize(("raw", "fmt"), DEEP, ids=["lists", "maps", "arrays", "packed maps"])
def test_a12_what_nests_without_end_is_no_message(raw: bytes, fmt: Format) -> None:
    with pytest.raises(BrokenMessage):
        decode(raw, fmt)


@pytest.mark.parametrize("head", [b"\xdc\x3e\x00", b"\xdc\x03\xff", b"\xde\x03\xff"])
def test_a13_lengths_that_are_only_promised_cost_little_memory(head: bytes) -> None:
    """Nested heads that promise thousands of items took 33 MB elsewhere."""
    bomb = b"\x83\xa2id\x01\xa2op\xa1x\xa1d" + (head * 6_000)[:16_000]

    tracemalloc.start()
    try:
        with pytest.raises(BrokenMessage):
            decode(bomb, Format.MSGPACK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10 * 2**20


def test_what_only_nests_deep_or_is_long_is_still_a_message() -> None:
    deep = b'{"id": 1, "op": "x", "d": ' + b"[" * 20 + b"]" * 20 + b"}"
    long = msgpack.packb({"id": 1, "op": "x", "d": list(range(1000))})

    assert decode(deep, Format.JSON)["op"] == "x"
    assert decode(long, Format.MSGPACK)["op"] == "x"


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_frame_says_its_length(size: int) -> None:
    data = frame(b"x" * size, 0x1)

    head = {0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10}[size]
    assert data[0] == 0x81
    assert len(data) == head + size
    assert data[1] & 0x80 == 0


@pytest.mark.parametrize("count", [1, 2, 15, 16, 300])
@pytest.mark.parametrize("fmt", Format)
def test_a_batch_is_an_array_of_its_messages(fmt: Format, count: int) -> None:
    messages = [encode({"seq": number}, fmt) for number in range(count)]

    [batch] = joined(messages, fmt)

    whole = json.loads(batch) if fmt is Format.JSON else msgpack.unpackb(batch)
    expected = [{"seq": number} for number in range(count)]
    assert whole == (expected if count > 1 else expected[0])


def test_a_large_batch_is_cut() -> None:
    messages = [encode("x" * 100_000, Format.JSON)] * 5

    batches = joined(messages, Format.JSON)

    assert len(batches) == 3
    assert all(len(batch) <= MAX_BATCH for batch in batches)
