"""Barrier B2: a webhook is in the book before its sender hears that we have it."""

from __future__ import annotations

from typing import Final

from checkout.state import State
from store.sql.rows import (
    Connection,
    Prepared,
    bindparam,
    delete,
    insert_or_ignore,
    select,
    tuple_,
    update,
)
from store.sql.tables import checkouts, payments, webhook_inbox

__all__ = ["forget_before", "left_over", "mark_done", "take_in"]

_DONE: Final = Prepared(
    update(webhook_inbox)
    .where(
        webhook_inbox.c.provider == bindparam("of"),
        webhook_inbox.c.attempt == bindparam("about"),
        webhook_inbox.c.received_at <= bindparam("before"),
        webhook_inbox.c.done_at.is_(None),
    )
    .values(done_at=bindparam("now"))
)
_PAID: Final = Prepared(
    select(payments.c.id)
    .join(checkouts, checkouts.c.id == payments.c.checkout)
    .where(
        payments.c.id == bindparam("ident"),
        checkouts.c.state == bindparam("paid"),
    )
)


def take_in(
    conn: Connection, provider: str, event: str, attempt: str, raw: bytes, now_ms: int
) -> bool:
    """Keep an event; whether its payment is to be looked at.

    It is not for an event that was taken in before, and of a paid checkout: nothing that the
    provider could say changes that, and most webhooks come when the buyer's own request has
    brought the news already.
    """
    is_paid = bool(_PAID.rows(conn, ident=attempt, paid=State.PAID.value))
    is_new = insert_or_ignore(
        conn,
        webhook_inbox,
        provider=provider,
        event=event,
        attempt=attempt,
        raw=raw,
        received_at=now_ms,
        done_at=now_ms if is_paid else None,
    )
    return is_new and not is_paid


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
    _DONE.run(conn, of=provider, about=attempt, before=before_ms, now=now_ms)


def forget_before(conn: Connection, before_ms: int, limit: int) -> int:
    """Drop some webhooks that were done long ago; how many.

    Their signatures are too old to be replayed.
    """
    key = (webhook_inbox.c.provider, webhook_inbox.c.event)
    old = select(*key).where(webhook_inbox.c.done_at < before_ms).limit(limit)
    return conn.execute(delete(webhook_inbox).where(tuple_(*key).in_(old))).rowcount
