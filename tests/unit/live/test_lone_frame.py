"""Frames that come by themselves: read as the library reads them, all others left to it."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from live.wire import MAX_MESSAGE, lone_frame, unmasked


def by_client(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin=fin).serialize(mask=True)


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, 4, 5, 7, 8, 63, 124, 125, 126, 127, 128, 255, 256, 4099, MAX_MESSAGE]
)
def test_a_whole_message_is_read(opcode: Opcode, size: int) -> None:
    payload = bytes(number * 7 % 251 for number in range(size))

    for _ in range(5):  # each with another mask
        frame = by_client(opcode, payload)

        assert lone_frame(frame) == opcode
        assert unmasked(frame) == payload


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.CLOSE])
def test_a_control_frame_by_itself_is_known_as_one(opcode: Opcode) -> None:
    assert lone_frame(by_client(opcode, b"\x03\xe8")) == opcode


WHOLE = by_client(Opcode.TEXT, b'{"id":1,"op":"ping"}')
LONG = by_client(Opcode.TEXT, b"x" * 300)


ODD = [
    *(WHOLE[:size] for size in range(len(WHOLE))),
    *(LONG[:size] for size in range(len(LONG))),
    WHOLE + WHOLE,
    WHOLE + b"\x81",
    by_client(Opcode.TEXT, b"first", fin=False),
    by_client(Opcode.TEXT, b"x" * (MAX_MESSAGE + 1)),
    by_client(Opcode.BINARY, b"x" * 0x10000),
    Frame(Opcode.TEXT, b"bare").serialize(mask=False),
    Frame(Opcode.TEXT, b"x" * 300).serialize(mask=False),
    bytes([WHOLE[0] | 0x40]) + WHOLE[1:],
    # Two bytes say a length that one could have said.
    b"\x81\xfe\x00\x05abcd12345",
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_anything_else_is_left_to_the_library(number: int) -> None:
    # By number, for masks differ from run to run.
    assert lone_frame(ODD[number]) is None
