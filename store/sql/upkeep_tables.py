"""The tables of the book that no sale needs: what watches over the others is kept here.

``metadata`` knows all tables, once this module is loaded.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, text

from store.sql.event_tables import metadata
from store.sql.tables import Counter, Ident, Millis

__all__ = ["breaks", "gates", "metadata"]

gates = Table(
    "gates",
    metadata,
    Column("name", Ident, primary_key=True),
    Column("incarnation", Text, nullable=False, doc="Of the Redis whose counters are trusted."),
    Column("at", Millis, nullable=False),
)

breaks = Table(
    "breaks",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("actual", Text, nullable=False),
    Column("first_seen", Millis, nullable=False),
    Column("last_seen", Millis, nullable=False),
    Column("resolved_at", Millis, doc="Null: it is there."),
    Index(
        "one_open_break",
        "kind",
        "key",
        unique=True,
        sqlite_where=text("resolved_at IS NULL"),
        postgresql_where=text("resolved_at IS NULL"),
    ),
)
