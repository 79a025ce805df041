"""The tables of the book that tell shops what happened: the log, and who hears of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from store.sql.tables import Counter, Ident, Json, Millis, metadata

__all__ = [
    "counters",
    "events",
    "metadata",
    "webhook_attempts",
    "webhook_endpoints",
    "webhook_retries",
]

events = Table(
    "events",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("id", Ident, nullable=False, unique=True),
    Column("position", BigInteger, unique=True, doc="Its place; null until it is given one."),
    Column("kind", String(32), nullable=False),
    Column("shop", Ident, nullable=False),
    Column("at", Millis, nullable=False),
    Column("data", Json, nullable=False),
    Index("events_by_shop", "shop", "position"),
    Index("events_by_age", "at"),
    sqlite_autoincrement=True,
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("shop", Ident, doc="Null: events of every shop."),
    Column("url", Text, nullable=False),
    Column("kinds", Json, doc="Null: every kind."),
    Column("secret", Text, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("position", BigInteger, nullable=False, doc="Every event up to here was tried."),
    Column("failures", Integer, nullable=False, doc="In a row, over all events."),
    Column("next_at", Millis, nullable=False, doc="It is left alone until then."),
    Column("failing_since", Millis),
    Column("off_at", Millis),
    Index("webhook_endpoints_by_shop", "shop", "created_at"),
)

webhook_retries = Table(
    "webhook_retries",
    metadata,
    Column("endpoint", Ident, ForeignKey("webhook_endpoints.id"), primary_key=True),
    Column("event", Ident, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Millis, doc="Null: given up."),
    Index("webhook_retries_due", "endpoint", "next_at"),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("endpoint", Ident, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("event", Ident, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", Millis, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer),
    Column("duration_ms", Integer, nullable=False),
    Column("error", Text),
    Column("next_at", Millis),
    Index("webhook_attempts_by_endpoint", "endpoint", "id"),
    Index("webhook_attempts_by_age", "at"),
    sqlite_autoincrement=True,
)
