"""The columns of Shopify's product CSV that we read; all others are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shop.importing.source import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop.importing.rows import Row

__all__ = ["Columns", "Entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a row says of a product, each cell without the blanks around it.

    Attributes:
        tracker, units: None when the file has no such column, which is not an empty cell.

    """

    line: int
    handle: str = ""
    title: str = ""
    body: str = ""
    published: str = ""
    status: str = ""
    gift_card: str = ""
    option1: str = ""
    option2: str = ""
    option3: str = ""
    sku: str = ""
    tracker: str | None = None
    units: str | None = None
    policy: str = ""
    price: str = ""
    compare_at: str = ""
    image: str = ""
    position: str = ""

    @property
    def options(self) -> tuple[str, str, str]:
        """The values that tell a variant from the others of its product."""
        return self.option1, self.option2, self.option3


NAMES: Final = {
    "handle": ("Handle", "URL handle"),
    "title": ("Title",),
    "body": ("Body (HTML)", "Description"),
    "published": ("Published", "Published on online store"),
    "status": ("Status",),
    "gift_card": ("Gift Card",),
    "option1": ("Option1 Value",),
    "option2": ("Option2 Value",),
    "option3": ("Option3 Value",),
    "sku": ("Variant SKU", "SKU"),
    "tracker": ("Variant Inventory Tracker", "Inventory tracker"),
    "units": ("Variant Inventory Qty", "Inventory quantity"),
    "policy": ("Variant Inventory Policy", "Continue selling when out of stock"),
    "price": ("Variant Price", "Price"),
    "compare_at": ("Variant Compare At Price", "Compare-at price"),
    "image": ("Image Src", "Product image URL"),
    "position": ("Image Position",),
}
"""Field by field its column: as exports name it, then as the newer template does."""

NEEDED: Final = ("handle", "title", "price")

OTHERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


class Columns:
    """Where each field stands in a row."""

    def __init__(self, places: dict[str, int], width: int) -> None:
        self._places = places
        self._width = width

    @classmethod
    def of(cls, header: Sequence[str]) -> Columns:
        """What the first row names, in any order and in capitals or not.

        Raises:
            Unreadable: A column is missing, or is there twice.

        """
        for mark, name in OTHERS.items():
            if len(header) == 1 and header[0].count(mark) >= len(NEEDED) - 1:
                raise Unreadable(
                    f"The columns are separated by {name}. Save the file with commas."
                )
        found: dict[str, int] = {}
        for place, text in enumerate(header):
            name = text.strip().lower()
            if name in found and name in _KNOWN:
                raise Unreadable(f"The column {text.strip()} is there twice. Remove one.")
            found[name] = place
        places = {
            field: found[name.lower()]
            for field, names in NAMES.items()
            for name in reversed(names)
            if name.lower() in found
        }
        missing = [NAMES[field][0] for field in NEEDED if field not in places]
        if missing:
            columns = "column" if len(missing) == 1 else "columns"
            raise Unreadable(
                f"The first line does not name the {columns} {', '.join(missing)}. It must be "
                "the header of Shopify's product CSV: export the products there once more."
            )
        return cls(places, len(header))

    def has(self, field: str) -> bool:
        """Whether the file has a column for it."""
        return field in self._places

    def entry(self, row: Row) -> Entry:
        """What a row says, however many cells it has; what is missing is empty."""
        cells = row.cells
        return Entry(
            line=row.line,
            **{
                field: cells[place].strip() if place < len(cells) else ""
                for field, place in self._places.items()
            },
        )

    def handle_and_title(self, row: Row) -> tuple[str, str]:
        """What tells whose row it is, and whether a product begins with it."""
        handle, title = (
            row.cells[place].strip() if place < len(row.cells) else ""
            for place in (self._places["handle"], self._places["title"])
        )
        return handle, title

    def fault(self, row: Row) -> str:
        """Why the row's cells do not stand under their columns; empty if they do."""
        there = len(row.cells)
        if there == self._width or (there > self._width and not any(row.cells[self._width :])):
            return ""
        return (
            f"the row has {there} cells, the first line {self._width}: a comma or a quote is "
            f"{'missing' if there < self._width else 'too many'}"
        )

    def handle_of(self, head: str) -> str | None:
        """The handle on a line that cannot be read as a row; None: it cannot be known."""
        if self._places["handle"] != 0:
            return None
        return head.split(",", 1)[0].strip().strip('"')


_KNOWN: Final = frozenset(name.lower() for names in NAMES.values() for name in names)
