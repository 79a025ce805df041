"""Rows gathered to products: those with one handle that stand next to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shop.importing.rows import Broken
from shop.importing.source import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shop.importing.columns import Columns, Entry
    from shop.importing.rows import Row

__all__ = ["Fault", "Group", "groups", "header"]

MOST_ROWS: Final = 2500
"""Shopify takes 2,048 variants and 250 pictures a product."""

MOST_TEXT: Final = 1 << 22
"""Characters of a product's rows that are kept while it is gathered."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong on a line, in words for who made the file."""

    line: int
    reason: str


@dataclass(slots=True)
class Group:
    """The rows of a product, or what was found wrong with them.

    Attributes:
        last: The line on which its last row begins.

    """

    handle: str
    line: int
    entries: list[Entry] = field(default_factory=list)
    fault: Fault | None = None
    last: int = 0
    rows: int = 0
    text: int = 0

    def add(self, entry: Entry, reason: str) -> None:
        """Take one more row; the first thing that is wrong is what counts."""
        self.last = entry.line
        self.rows += 1
        self.text += sum(map(len, (entry.body, entry.title, entry.image, *entry.options)))
        if not reason and self.rows > MOST_ROWS:
            reason = f"the product has more than {MOST_ROWS:,} rows"
        if not reason and self.text > MOST_TEXT:
            reason = f"the product's texts are longer than {MOST_TEXT:,} characters"
        if reason:
            self.spoil(entry.line, reason)
        elif self.fault is None:
            self.entries.append(entry)

    def spoil(self, line: int, reason: str) -> None:
        """Note what is wrong, unless something was before; no row is needed any more."""
        if self.fault is None:
            self.fault = Fault(line, reason)
            self.entries.clear()


def groups(rows: Iterable[Row | Broken], columns: Columns) -> Iterator[Group]:
    """Product by product; a row that belongs to none is a group of its own, with a fault."""
    group: Group | None = None
    for row in rows:
        if isinstance(row, Broken):
            handle = columns.handle_of(row.head)
            if group is None or (handle is not None and handle != group.handle):
                yield from _ended(group)
                group = Group(handle or "", row.line)
            # Of a handle that cannot be known the product before may have lost a variant.
            group.last, group.rows = row.line, group.rows + 1
            group.spoil(row.line, row.reason)
            continue
        entry = columns.entry(row)
        if group is None or entry.handle != group.handle:
            yield from _ended(group)
            group = Group(entry.handle, entry.line)
        group.add(entry, columns.fault(row))
    yield from _ended(group)


def _ended(group: Group | None) -> Iterator[Group]:
    if group is not None:
        yield group


def header(rows: Iterator[Row | Broken]) -> Row:
    """The first row.

    Raises:
        Unreadable: There is none that can be read.

    """
    first = next(rows, None)
    if first is None:
        raise Unreadable("The file is empty.")
    if isinstance(first, Broken):
        raise Unreadable(f"The first line is not the header of a CSV file: {first.reason}.")
    return first
