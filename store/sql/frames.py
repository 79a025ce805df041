"""What the book's processes say to each other.

A frame is a length (4 bytes, big endian) and a body: a number (8 bytes), which an answer repeats,
a byte that says of an answer whether it is a result, and a pickle. Pickles run code when they are
read, so the sockets lie in the data folder, which nobody else may enter.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Frames", "framed", "head", "unpacked"]

LENGTH: Final = 4
HEAD: Final = 9


def framed(number: int, thing: object, *, is_result: bool = True) -> bytes:
    """A frame.

    Raises:
        Exception: It cannot be pickled; anybody's code runs for that.

    """
    body = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
    size = (HEAD + len(body)).to_bytes(LENGTH, "big")
    return size + number.to_bytes(HEAD - 1, "big") + bytes((is_result,)) + body


def head(body: bytearray) -> tuple[int, bool]:
    """A frame's number, and whether it is a result.

    Raises:
        ValueError: It is no frame of ours.

    """
    if len(body) <= HEAD:
        raise ValueError("a frame without a head")
    return int.from_bytes(body[: HEAD - 1], "big"), bool(body[HEAD - 1])


def unpacked(body: bytearray) -> Any:
    """What a frame carries.

    Raises:
        Exception: It cannot be read; anybody's code runs for that.

    """
    return pickle.loads(memoryview(body)[HEAD:])  # noqa: S301 - see the module's head


class Frames:
    """Puts frames together from what a socket gives."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[bytearray]:
        """The body of each frame that is whole by now; to be read to the end."""
        self._data += data
        at = 0
        while len(self._data) >= at + LENGTH:
            begin = at + LENGTH
            end = begin + int.from_bytes(self._data[at:begin], "big")
            if len(self._data) < end:
                break
            yield self._data[begin:end]
            at = end
        del self._data[:at]
