"""Rows of the outbox for its tests, and a handler that remembers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from base.errors import Conflict
from store.sql.outbox import add
from store.sql.rows import Connection, func, select
from store.sql.tables import outbox as table
from tests.waiting import until_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.sql.writer import SqliteBook

Payload = dict[str, Any]


class Recorder:
    """A handler that remembers, and fails when told to."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Payload]] = []
        self.error: Exception | None = None
        self.failing: Callable[[Payload], bool] = lambda _payload: True

    async def __call__(self, ident: int, payload: Payload) -> None:
        if self.error is not None and self.failing(payload):
            raise self.error
        self.rows.append((ident, payload))

    @property
    def payloads(self) -> list[Payload]:
        return [payload for _, payload in self.rows]


def note(conn: Connection, kind: str, *numbers: int) -> None:
    for n in numbers:
        add(conn, kind, {"n": n}, 1)


def note_then_refuse(conn: Connection) -> None:
    add(conn, "settle", {"n": 1}, 1)
    raise Conflict("no")


def counts(conn: Connection) -> tuple[int, int]:
    """How many rows are to do and done."""
    row = conn.execute(select(func.count(), func.count(table.c.done_at))).one()
    return row[0] - row[1], row[1]


async def noted(book: SqliteBook, expected: tuple[int, int]) -> None:
    """Who waits for a delivery does not wait until it is noted: that follows."""

    async def is_so() -> bool:
        return await book.read(counts) == expected

    await until_told(is_so)


async def is_empty(book: SqliteBook) -> bool:
    return await book.read(counts) == (0, 0)
