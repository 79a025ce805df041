"""Bytes that nobody would send: valid ones, mutated as the dice fall."""

from __future__ import annotations

from random import Random
from typing import Final

__all__ = ["Mutator"]

INTERESTING: Final = (
    b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\x7f\xff\xff\xff", b"\xff" * 8,
    b"\r\n", b"\r\n\r\n", b"\n", b":", b" ", b"\t", b"{", b"}", b"[" * 40, b'"', b"\\u0000",
    b"\\ud800", b"-0", b"1e999", b"NaN", b"null", b"9007199254740993", b"\xc0\x80",
    b"\xf0\x9f\x98\x8d", b"\xe2\x80\xae", b"\xdc\xff\xff", b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff", b"\x81\xfe", b"\x88\x80", b"\x09\x00", b"\xc1",
)  # fmt: skip
"""Bounds of lengths, line ends, brackets, numbers that overflow, text that is none."""

MOST_EDITS: Final = 6


class Mutator:
    """Makes inputs from samples.

    Args:
        seed: The same seed makes the same inputs.
        samples: Valid inputs.

    """

    def __init__(self, seed: int, samples: list[bytes]) -> None:
        self.dice = Random(seed)
        self._samples = samples
        self._edits = (
            self._flip, self._put, self._drop, self._repeat, self._swap, self._cut, self._splice
        )  # fmt: skip

    def next(self) -> bytes:
        """An input; one in ten is a sample as it is."""
        data = bytearray(self.dice.choice(self._samples))
        if self.dice.random() < 0.1:
            return bytes(data)
        for _ in range(self.dice.randint(1, MOST_EDITS)):
            self.dice.choice(self._edits)(data)
        return bytes(data)

    def pieces(self, data: bytes) -> list[bytes]:
        """The input as a network may bring it."""
        found, start = [], 0
        while start < len(data):
            size = self.dice.choice((1, 2, 7, 64, len(data)))
            found.append(data[start : start + size])
            start += size
        return found

    def _place(self, data: bytearray) -> int:
        return self.dice.randrange(len(data) + 1)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self.dice.randrange(len(data))] ^= 1 << self.dice.randrange(8)

    def _put(self, data: bytearray) -> None:
        at = self._place(data)
        data[at:at] = self.dice.choice(INTERESTING)

    def _drop(self, data: bytearray) -> None:
        at = self._place(data)
        del data[at : at + self.dice.choice((1, 2, 8, 64))]

    def _repeat(self, data: bytearray) -> None:
        at = self._place(data)
        part = data[at : at + self.dice.choice((1, 4, 32))]
        data[at:at] = part * self.dice.choice((1, 2, 30))

    def _swap(self, data: bytearray) -> None:
        if data:
            data[self.dice.randrange(len(data))] = self.dice.randrange(256)

    def _cut(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def _splice(self, data: bytearray) -> None:
        other = self.dice.choice(self._samples)
        data[self._place(data) :] = other[self.dice.randrange(len(other) + 1) :]
