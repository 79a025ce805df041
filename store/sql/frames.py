"""What the book's processes say to each other: a length (4 bytes, big endian) and a pickle.

Pickles run code when they are read, so their sockets lie in the data folder, which nobody else
may enter.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Frames", "packed", "unpacked"]

HEADER: Final = 4


def packed(message: tuple[Any, ...]) -> bytes:
    """A message as a frame.

    Raises:
        Exception: It cannot be pickled; anybody's code runs for that.

    """
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(HEADER, "big") + body


def unpacked(body: bytes) -> Any:
    """What was packed, without its length."""
    return pickle.loads(body)  # noqa: S301 - see the module's head


class Frames:
    """Puts frames together from what a socket gives."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Each frame's body that is whole by now; to be read to the end."""
        data = self._data + data if self._data else data
        at = 0
        while len(data) >= at + HEADER:
            begin = at + HEADER
            end = begin + int.from_bytes(data[at:begin], "big")
            if len(data) < end:
                break
            yield data[begin:end]
            at = end
        self._data = data[at:]
