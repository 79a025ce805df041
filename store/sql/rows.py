"""What an operation on the book is written with; domain packages import it from here."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Insert,
    Row,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

__all__ = [
    "Connection",
    "IntegrityError",
    "Row",
    "Table",
    "and_",
    "bindparam",
    "case",
    "delete",
    "exists",
    "func",
    "insert",
    "insert_or_ignore",
    "literal",
    "not_",
    "or_",
    "select",
    "tuple_",
    "update",
]


def insert_or_ignore(conn: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken.

    Returns:
        Whether the row is new.

    """
    return conn.execute(_gentle_insert(table, conn.dialect.name), values).rowcount == 1


@cache
def _gentle_insert(table: Table, dialect: str) -> Insert:
    if dialect == "sqlite":
        return sqlite_insert(table).on_conflict_do_nothing()
    # Not at the top: importing it takes longer than opening the book.
    from sqlalchemy.dialects.postgresql import insert as postgres_insert  # noqa: PLC0415

    return postgres_insert(table).on_conflict_do_nothing()
