"""Barrier B2: a webhook is in the book before its sender hears that we have it."""

from __future__ import annotations

from store.sql.rows import Connection, delete, insert_or_ignore, select, update
from store.sql.tables import webhook_inbox

__all__ = ["forget_before", "left_over", "mark_done", "take_in"]


def take_in(
    conn: Connection, provider: str, event: str, attempt: str, raw: bytes, now_ms: int
) -> bool:
    """Keep an event; whether it is the first of its id."""
    return insert_or_ignore(
        conn,
        webhook_inbox,
        provider=provider,
        event=event,
        attempt=attempt,
        raw=raw,
        received_at=now_ms,
    )


def left_over(conn: Connection, provider: str, before_ms: int, limit: int) -> list[str]:
    """Attempts whose webhooks came before ``before_ms`` and had no effect yet."""
    mine = webhook_inbox.c.provider == provider
    query = (
        select(webhook_inbox.c.attempt)
        .distinct()
        .where(mine, webhook_inbox.c.done_at.is_(None), webhook_inbox.c.received_at <= before_ms)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def mark_done(conn: Connection, provider: str, attempt: str, before_ms: int, now_ms: int) -> None:
    """The payment was looked at after these webhooks came."""
    conn.execute(
        update(webhook_inbox)
        .where(
            webhook_inbox.c.provider == provider,
            webhook_inbox.c.attempt == attempt,
            webhook_inbox.c.received_at <= before_ms,
            webhook_inbox.c.done_at.is_(None),
        )
        .values(done_at=now_ms)
    )


def forget_before(conn: Connection, before_ms: int) -> None:
    """Drop webhooks that were done long ago; their signatures are too old to be replayed."""
    conn.execute(delete(webhook_inbox).where(webhook_inbox.c.done_at < before_ms))
