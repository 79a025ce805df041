"""The handles of a file, in little memory however many: whose rows do not stand together."""

from __future__ import annotations

import hashlib
import sqlite3
from enum import Enum
from typing import TYPE_CHECKING, Final

from shop.importing.rows import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shop.importing.columns import Columns
    from shop.importing.rows import Row

__all__ = ["Handles", "Place"]

CACHE_KIB: Final = 8192


class Place(Enum):
    """How the rows of a product stand in the file."""

    TOGETHER = "together"
    AGAIN = "again"
    APART = "apart"


class Handles:
    """A table on disk: SQLite's temporary database, which vanishes with the process.

    The file is read once for it, before anything is taken: a product whose rows go on
    further below must not be taken by halves.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.execute(
            "CREATE TABLE handles (id BLOB PRIMARY KEY, apart INT, met INT) WITHOUT ROWID"
        )
        self._last = ""

    def note(self, rows: Iterable[Row | Broken], columns: Columns) -> int:
        """Look at the next rows of the file; returns how many there were."""
        count = 0
        for row in rows:
            count += 1
            if isinstance(row, Broken):
                handle, title = columns.handle_of(row.head), ""
            else:
                handle, title = columns.handle_and_title(row)
            if handle and handle != self._last:
                self._begin(handle, apart=not title)
                self._last = handle
        return count

    def place(self, handle: str) -> Place:
        """How the rows of this handle stand; asked once for each group of them, in order."""
        ident = _ident(handle)
        found = self._db.execute("SELECT apart, met FROM handles WHERE id = ?", (ident,))
        apart, met = found.fetchone() or (0, 0)
        if apart:
            return Place.APART
        if met:
            return Place.AGAIN
        self._db.execute("UPDATE handles SET met = 1 WHERE id = ?", (ident,))
        return Place.TOGETHER

    def close(self) -> None:
        """Forget them."""
        self._db.close()

    def _begin(self, handle: str, *, apart: bool) -> None:
        ident = _ident(handle)
        done = self._db.execute("INSERT OR IGNORE INTO handles VALUES (?, 0, 0)", (ident,))
        # With a title of its own it is a product again; without, the rest of the one above.
        if done.rowcount == 0 and apart:
            self._db.execute("UPDATE handles SET apart = 1 WHERE id = ?", (ident,))


def _ident(handle: str) -> bytes:
    return hashlib.sha256(handle.encode("utf-8", "surrogatepass")).digest()[:16]
