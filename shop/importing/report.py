"""What became of a file: counts, and a line for each product."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TextIO

from base.text import shortened
from shop.importing.intake import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SHOWN", "Report"]

SHOWN: Final = 20
"""Lines of a kind on the terminal; the file of the report has them all."""

STOPPED: Final = 130
"""The exit code of what Ctrl-C has ended, by custom."""

MOST_HANDLE: Final = 60
MOST_REASON: Final = 300

HEADS: Final = {
    Kind.REFUSED: "Refused, nothing of these was taken:",
    Kind.SKIPPED: "Skipped, not for sale in Shopify:",
}


class Report:
    """Counts outcomes, and keeps the first lines of those that somebody has to look at.

    Args:
        into: Gets a line for every product, when there is such a file.

    Attributes:
        rows: Rows that were looked at.
        uncounted: Variants that were taken and that Shopify does not count.
        exit_code: 0; 1 when something was refused; 2 when it could not go on.

    """

    def __init__(self, into: TextIO | None = None) -> None:
        self.rows = 0
        self.uncounted = 0
        self.exit_code = 0
        self._stopped = ""
        self._into = into
        self._count: Counter[Kind] = Counter()
        self._gone = 0
        self._lines: dict[Kind, list[str]] = {kind: [] for kind in HEADS}
        self._notes: list[str] = []

    def add(self, line: int, handle: str, kind: Kind, text: str = "") -> None:
        """Note what became of a product.

        Args:
            line: Where it begins, or where it is wrong.
            handle: Its name in the file.
            kind: What became of it.
            text: Why, or its id.

        """
        self._count[kind] += 1
        if kind is Kind.REFUSED:
            self.exit_code = max(self.exit_code, 1)
        if kind in HEADS and len(self._lines[kind]) < SHOWN:
            self._lines[kind].append(f"  line {line}: {_named(handle)}{_shown(text)}")
        if self._into is not None:
            self._write(f"line {line}: {kind.value}: {_named(handle)}{_shown(text)}")

    def gone(self, line: int, handle: str, title: str) -> None:
        """Note a variant that the catalog has and the file no more."""
        self._gone += 1
        text = f"variant {_shown(title)!r} is not in the file any more, and stays on sale"
        self._write(f"line {line}: note: {_named(handle)}{text}")

    def note(self, text: str) -> None:
        """Note what holds for the whole file."""
        self._notes.append(text)
        self._write(f"note: {text}")

    def stop(self, text: str) -> None:
        """Note that somebody has stopped it."""
        self._stopped, self.exit_code = text, STOPPED

    def fail(self, text: str) -> None:
        """Note that it could not go on."""
        self._stopped, self.exit_code = text, 2

    def lines(self) -> Iterable[str]:
        """What the terminal is told at the end."""
        counts = ", ".join(f"{self._count[kind]:,} {kind.value}" for kind in Kind)
        yield f"{self.rows:,} rows, {self._count.total():,} products: {counts}"
        for kind, head in HEADS.items():
            if self._lines[kind]:
                yield head
                yield from self._lines[kind]
                more = self._count[kind] - len(self._lines[kind])
                if more:
                    yield f"  … and {more:,} more{'' if self._into else ': add --report FILE'}"
        yield from self._notes
        if self.uncounted:
            yield (
                f"{self.uncounted:,} variants are not counted in Shopify. Here everything is: "
                "each has the number of the file, or 999 where there is none above zero."
            )
        if self._gone:
            yield (
                f"{self._gone:,} variants are not in the file any more. They stay on sale: to "
                "stop that, set their stock to 0."
            )
        if self._stopped:
            yield self._stopped

    def _write(self, text: str) -> None:
        if self._into is not None:
            self._into.write(text + "\n")


def _named(handle: str) -> str:
    return f"{_shown(shortened(handle, MOST_HANDLE))}: " if handle else ""


def _shown(text: str) -> str:
    """Text that does nothing to a terminal but be read: no escapes, no line breaks."""
    kept = (char if char.isprintable() else " " for char in shortened(text, MOST_REASON))
    return "".join(kept)
