"""Statements that every purchase runs: made into text once, then run as that text.

Building a statement of SQLAlchemy anew, finding it in its cache and wrapping its result costs
ten times what SQLite needs to carry it out. On SQLite a prepared statement goes straight to
the driver; elsewhere SQLAlchemy runs it, and the network costs more than all of that.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Boolean, Select, and_, bindparam, insert, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Insert, Table, Update
    from sqlalchemy.types import TypeEngine

__all__ = [
    "Prepared",
    "add",
    "add_all",
    "change",
    "change_all",
    "in_sizes",
    "insert_all_new",
    "insert_new",
    "insert_or_ignore",
]

T = TypeVar("T")

_OLD: Final = "old_"
"""Marks what a row must be, apart from what it becomes."""

SIZES: Final = (64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as SQLite's driver takes it.

    Attributes:
        pick: Takes the values of its parameters, in their order, from those by name.
        to_db: How the values of some are written, by their place.
        given: Values of those that the statement itself gives.
        from_db: How the values of some columns are read.

    """

    sql: str
    pick: Callable[[Mapping[str, Any]], Sequence[Any]]
    to_db: tuple[tuple[int, Callable[[Any], Any]], ...]
    given: Mapping[str, Any]
    from_db: tuple[tuple[int, Callable[[Any], Any]], ...]


class Prepared:
    """A statement whose parameters are all :func:`sqlalchemy.bindparam`.

    Attributes:
        columns: The names of what it selects.

    """

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self._statement = statement
        self._text: _Text | None = None
        self.columns: tuple[str, ...] = ()
        if isinstance(statement, Select):
            self.columns = tuple(column.name for column in statement.selected_columns)

    def run(self, conn: Connection, **values: Any) -> int:
        """Carry it out; returns how many rows it has changed."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self._statement, values).rowcount
        text = self._text or self._made(conn.dialect)
        count: int = _executed(conn, text.sql, _bound(text, values)).rowcount
        return count

    def run_all(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Carry an insertion of one row out for many."""
        if conn.dialect.name != "sqlite":
            for row in rows:
                conn.execute(self._statement, row)
            return
        for _ in self._executed_for_all(conn, rows):
            pass

    def rows_of_all(
        self, conn: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> Sequence[Sequence[Any]]:
        """The same; what it returns of those that were inserted."""
        if conn.dialect.name != "sqlite":
            return [one for row in rows for one in conn.execute(self._statement, row).all()]
        return [one for some in self._executed_for_all(conn, rows) for one in some.fetchall()]

    def _executed_for_all(
        self, conn: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> Iterator[Any]:
        text = self._text or self._made(conn.dialect)
        for some in in_sizes(rows):
            values = [value for row in some for value in _bound(text, row)]
            yield _executed(conn, _of_many(text.sql, len(some)), values)

    def rows(self, conn: Connection, **values: Any) -> Sequence[Sequence[Any]]:
        """What it finds, in the order of ``columns``."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self._statement, values).all()
        text = self._text or self._made(conn.dialect)
        found: list[tuple[Any, ...]] = _executed(conn, text.sql, _bound(text, values)).fetchall()
        return [_read(row, text.from_db) for row in found] if text.from_db else found

    def _made(self, dialect: Dialect) -> _Text:
        compiled = self._statement.compile(dialect=dialect)
        names = tuple(compiled.positiontup or ())
        kinds = [compiled.binds[name].type for name in names]
        from_db = []
        if isinstance(self._statement, Select):
            for at, column in enumerate(self._statement.selected_columns):
                convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
                if convert is not None:
                    from_db.append((at, convert))
        required = {name for name, parameter in compiled.binds.items() if parameter.required}
        self._text = _Text(
            sql=str(compiled),
            pick=_picker(names),
            to_db=_converters(kinds, dialect),
            given={k: value for k, value in compiled.params.items() if k not in required},
            from_db=tuple(from_db),
        )
        return self._text


def add(conn: Connection, table: Table, **values: Any) -> None:
    """Insert a row."""
    _insert(table, frozenset(values)).run(conn, **values)


def add_all(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that name the same columns, or none."""
    if not rows:
        return
    _insert(table, frozenset(rows[0])).run_all(conn, rows)


def insert_new(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Insert rows, but none whose unique keys are taken; as :func:`add_all`.

    Returns:
        The ids of those that are new.

    """
    new = _gentle_insert(table, frozenset(rows[0]), conn.dialect.name, returns="id")
    return {ident for (ident,) in new.rows_of_all(conn, rows)}


def insert_all_new(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """As :func:`add_all`, but none whose unique keys are taken."""
    if not rows:
        return
    _gentle_insert(table, frozenset(rows[0]), conn.dialect.name, returns="").run_all(conn, rows)


def insert_or_ignore(conn: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken.

    Returns:
        Whether the row is new.

    """
    prepared = _gentle_insert(table, frozenset(values), conn.dialect.name, returns="")
    return prepared.run(conn, **values) == 1


def change(conn: Connection, table: Table, was: Mapping[str, Any], **values: Any) -> int:
    """Change the rows that are still as they were.

    Args:
        conn: The operation's connection.
        table: Where.
        was: What the rows must be, by column.
        values: What they become.

    Returns:
        How many there were.

    """
    prepared = _update(table, frozenset(was), frozenset(values))
    return prepared.run(conn, **{_OLD + name: value for name, value in was.items()}, **values)


@cache
def _insert(table: Table, names: frozenset[str]) -> Prepared:
    return Prepared(insert(table).values({name: bindparam(name) for name in names}))


@cache
def _gentle_insert(table: Table, names: frozenset[str], dialect: str, returns: str) -> Prepared:
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    made: Any
    if dialect == "sqlite":
        made = sqlite_insert(table)
    else:
        # Not at the top: importing it takes longer than opening the book.
        from sqlalchemy.dialects.postgresql import insert as postgres_insert  # noqa: PLC0415

        made = postgres_insert(table)
    gentle = made.values(values).on_conflict_do_nothing()
    return Prepared(gentle.returning(table.c[returns]) if returns else gentle)


@cache
def _update(table: Table, was: frozenset[str], names: frozenset[str]) -> Prepared:
    same = [table.c[name] == bindparam(_OLD + name) for name in was]
    return Prepared(
        update(table).where(and_(*same)).values({name: bindparam(name) for name in names})
    )


def change_all(
    conn: Connection, table: Table, was: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Change rows that are each still as they were, each to what is its own; SQLite alone.

    Args:
        conn: The operation's connection.
        table: Where.
        was: Columns that tell which row it is and how it was, named ``old_…`` in ``rows``.
        rows: Of each what it was and what it becomes; all name the same columns.

    Returns:
        How many there were.

    """
    names = tuple(name for name in rows[0] if not name.startswith(_OLD))
    count = 0
    for some in in_sizes(rows):
        text = _update_of_many(table, tuple(was), names, len(some), conn.dialect)
        values = [value for row in some for value in _bound(text, row)]
        count += _executed(conn, text.sql, values).rowcount
    return count


@cache
def _update_of_many(
    table: Table, was: tuple[str, ...], names: tuple[str, ...], count: int, dialect: Dialect
) -> _Text:
    given = [_OLD + name for name in was] + list(names)
    kinds = [table.c[name].type for name in (*was, *names)]
    row = "(" + ", ".join("?" * len(given)) + ")"
    # SQLite calls the columns of a list of values so.
    places = {name: f"v.column{number}" for number, name in enumerate(given, 1)}
    changes = ", ".join(f'"{name}" = {places[name]}' for name in names)
    same = " AND ".join(f'"{table.name}"."{name}" = {places[_OLD + name]}' for name in was)
    return _Text(
        sql=f'UPDATE "{table.name}" SET {changes} '  # noqa: S608 - names of our own tables
        f"FROM (VALUES {', '.join([row] * count)}) AS v WHERE {same}",
        pick=_picker(given),
        to_db=_converters(kinds, dialect),
        given={},
        from_db=(),
    )


def in_sizes(all_of_them: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them in few statements, of few lengths: a statement of each length is kept."""
    first = 0
    while first < len(all_of_them):
        size = next(size for size in SIZES if size <= len(all_of_them) - first)
        yield all_of_them[first : first + size]
        first += size


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _converters(
    kinds: Sequence[TypeEngine[Any]], dialect: Dialect
) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    found = []
    for at, kind in enumerate(kinds):
        # The driver takes true and false as they are.
        convert = kind.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None and not isinstance(kind, Boolean):
            found.append((at, convert))
    return tuple(found)


def _bound(text: _Text, values: Mapping[str, Any]) -> Sequence[Any]:
    """A row's values as the driver takes them, in their order."""
    picked = text.pick({**text.given, **values} if text.given else values)
    if text.to_db:
        picked = list(picked)
        for at, convert in text.to_db:
            picked[at] = convert(picked[at])
    return picked


@lru_cache(1024)
def _of_many(sql: str, count: int) -> str:
    """An insertion of one row as one of many: each statement costs as much as some rows."""
    head, values, row = sql.partition("VALUES ")
    row, end, rest = row.partition(")")
    return head + values + ", ".join([row + end] * count) + rest


def _executed(conn: Connection, sql: str, values: Sequence[Any]) -> Any:
    driver: Any = conn.connection.dbapi_connection
    try:
        return driver.execute(sql, values)
    except sqlite3.IntegrityError as error:
        raise IntegrityError(sql, None, error, hide_parameters=True) from error
    except sqlite3.Error as error:
        raise DBAPIError(sql, None, error, hide_parameters=True) from error


def _read(
    row: tuple[Any, ...], from_db: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Sequence[Any]:
    read = list(row)
    for at, convert in from_db:
        read[at] = convert(read[at])
    return read
