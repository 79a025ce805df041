"""The book's contract: operations run whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

__all__ = ["Book"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Book(Protocol):
    """Where durable facts are written.

    An operation is a synchronous function at a module's level that takes a connection
    first. Its arguments and its result can be pickled, since the writer may be another
    process. It runs in a transaction of its own and may run more than once before it
    commits (a database may ask to repeat it), so it touches nothing but the book.

    An exception that an operation raises undoes this operation alone and reaches the
    caller.
    """

    @property
    def shares_commits(self) -> bool:
        """Whether operations that meet are carried out one after the other in one commit.

        Then one operation for many things is cheaper than many, and the database can do it; else
        they run side by side.
        """
        ...

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` and return its result once it is on disk.

        Raises:
            Outage: The database cannot be reached, is full or too busy. Nothing is half
                done; when the answer was lost on its way the whole may have happened.

        """
        ...

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op``, which only reads, on one consistent view of all that is committed.

        Raises:
            Outage: The database cannot be reached or is too busy.

        """
        ...

    async def close(self) -> None:
        """Finish what was asked, then let the database go."""
        ...
