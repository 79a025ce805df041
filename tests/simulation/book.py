"""A real SQLite in memory behind the :class:`store.sql.book.Book` protocol."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import msgspec
from sqlalchemy import StaticPool, create_engine

from store.sql.connect import json_text
from tests.simulation.wire import named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.simulation.wire import Wire

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Shelf:
    """A copy of a migrated database, brought back to where it was after each seed."""

    def __init__(self, migrated: Path) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None)
        source = sqlite3.connect(migrated)
        source.backup(self.raw)
        source.close()
        self.raw.execute("PRAGMA foreign_keys = ON")
        self._engine = create_engine(
            "sqlite://",
            creator=lambda: self.raw,
            poolclass=StaticPool,
            json_serializer=json_text,
            json_deserializer=msgspec.json.decode,
        )
        self.conn = self._engine.connect()

    def close(self) -> None:
        self.conn.close()
        self._engine.dispose()
        self.raw.close()


class MemoryBook:
    """Each operation whole or not at all, one after the other, as the writer's thread does.

    Args:
        shelf: The database.
        wire: Every call of a node goes by it.
        after: Called after each operation that wrote, to look whether all is well.

    """

    def __init__(self, shelf: Shelf, wire: Wire, after: Callable[[str], None]) -> None:
        self._shelf = shelf
        self._wire = wire
        self._after = after
        self._read: dict[object, Any] = {}
        self._read_at = -1

    @property
    def shares_commits(self) -> bool:
        return True

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        return await self._wire.carry("book", named(op), lambda: self._run(op, *args))

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        return await self._wire.carry("book", named(op), lambda: self._look(op, *args))

    async def close(self) -> None:
        """It belongs to the run."""

    def _look(self, op: Any, *args: Any) -> Any:
        """Read; what was read before and cannot have changed is not read again."""
        changes = self._shelf.raw.total_changes
        if changes != self._read_at:
            self._read.clear()
            self._read_at = changes
        key = (op, *(tuple(arg) if isinstance(arg, list) else arg for arg in args))
        if key not in self._read:
            self._read[key] = op(self._shelf.conn, *args)
        return self._read[key]

    def _run(self, op: Any, *args: Any) -> Any:
        raw = self._shelf.raw
        changes = raw.total_changes
        raw.execute("SAVEPOINT op")
        try:
            result = op(self._shelf.conn, *args)
        except BaseException:
            raw.execute("ROLLBACK TO op")
            raw.execute("RELEASE op")
            raise
        raw.execute("RELEASE op")
        if raw.total_changes != changes:
            self._after(named(op))
        return result
