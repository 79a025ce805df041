"""Two writers, one checkout: the later one reads again and repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

from base.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.sql.book import Book
    from store.sql.rows import Connection

__all__ = ["Crowded", "Raced", "insist"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TRIES: Final = 8
"""Nobody loses that often to others who each want something once."""


class Raced(Exception):
    """Somebody else changed the checkout between our read and our write: try again."""


class Crowded(Exception):
    """What was to be done for several together cannot be: each is to try alone."""


async def insist(book: Book, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
    """Write ``op``, again when somebody else was faster.

    Raises:
        Outage: The book does not answer, or others were faster every time.

    """
    for _ in range(TRIES):
        try:
            return await book.write(op, *args)
        except Raced:
            continue
    raise Outage
