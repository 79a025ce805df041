"""Rows of comma-separated text: a broken one costs itself, not the rest of the file."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from shop.importing.source import HEAD, MOST_ROW, Overlong

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_BROKEN", "Broken", "Lines", "Row", "Rows"]

MOST_BROKEN: Final = 10_000
"""Broken rows after which the rest is left alone: after each, lines are read a second time."""

TOO_LONG: Final = f"the row is longer than {MOST_ROW:,} characters"


class Lines(Protocol):
    """Where lines come from."""

    def line(self) -> str | None:
        """The next one with its end, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells, and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read, and how its first line begins."""

    line: int
    reason: str
    head: str


class Rows:
    """The rows of a file, in order, blank ones left out.

    Quotes are taken strictly. Where they do not fit, only the line on which the row began
    is lost: reading goes on with the line after it.
    """

    def __init__(self, source: Lines) -> None:
        self._source = source
        self._line = 0
        self._taken: list[str] = []
        self._length = 0
        self._again: deque[str] = deque()
        # The module's own limit; ours is the same, and comes first.
        csv.field_size_limit(MOST_ROW + 1)

    def __iter__(self) -> Iterator[Row | Broken]:
        """Row by row; ends after :data:`MOST_BROKEN` broken ones with one more."""
        reader = csv.reader(self._lines(), strict=True)
        broken = 0
        while True:
            self._taken.clear()
            self._length = 0
            first = self._line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                broken += 1
                if broken > MOST_BROKEN:
                    yield Broken(first, "too many rows are broken; the rest is left out", "")
                    return
                yield Broken(first, _in_words(error), self._taken[0][:HEAD])
                self._go_back()
                reader = csv.reader(self._lines(), strict=True)
            else:
                if any(cells):
                    yield Row(first, cells)

    def _lines(self) -> Iterator[str]:
        while (line := self._next()) is not None:
            self._line += 1
            self._taken.append(line)
            self._length += len(line)
            if isinstance(line, Overlong) or self._length > MOST_ROW:
                raise csv.Error(TOO_LONG)
            yield line

    def _next(self) -> str | None:
        return self._again.popleft() if self._again else self._source.line()

    def _go_back(self) -> None:
        """Read all but the first line of the row once more."""
        rest = self._taken[1:]
        self._again.extendleft(reversed(rest))
        self._line -= len(rest)


def _in_words(error: csv.Error) -> str:
    text = str(error)
    if text == TOO_LONG:
        return f"{TOO_LONG}; perhaps a quote is opened and never closed"
    if "expected after" in text:
        return "a quote is closed in the middle of a cell, or opened and never closed"
    if "unexpected end" in text:
        return "a quote is opened and never closed"
    return "the row is not CSV"
