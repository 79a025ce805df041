"""What the book notes of payments that wait on our side; nothing was sent for them yet.

A checkout keeps its version while it waits, though it is kept for longer: the version tells
which try it is. It rises when the try is sent, so that nobody who looked before can undo it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkout import attempts, rows
from checkout.attempts import CONFIRM_MS
from checkout.state import State
from store.sql.rows import Connection, and_, update
from store.sql.tables import checkouts, payments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout.checkout import Address
    from checkout.record import Record

__all__ = ["Longer", "begin", "prolong", "send"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Longer:
    """Until when a waiting checkout is to be kept, in Unix ms."""

    checkout: str
    version: int
    pay_by: int
    hold_until: int


def begin(
    conn: Connection,
    checkout: str,
    viewer: str | None,
    ship_to: Address | None,
    provider: str,
    now_ms: int,
) -> Record:
    """Note that a payment waits to be sent; otherwise :func:`checkout.attempts.begin`."""
    before = rows.owned(conn, checkout, viewer)
    record = attempts.begin(conn, checkout, viewer, ship_to, provider, now_ms)
    was_sent = before is None or (before.attempt is not None and before.attempt.state != "queued")
    if was_sent or record.total == 0:
        return record
    waits = update(payments).where(payments.c.checkout == record.id)
    conn.execute(waits.values(state="queued"))
    return rows.by_id(conn, record.id) or record


def send(conn: Connection, attempt: str, version: int, now_ms: int) -> Record | None:
    """Note that the try is sent from here on; None when it no longer waits.

    Then it was cancelled, its time is over, or it was taken for lost.
    """
    record = rows.by_attempt(conn, attempt)
    if record is None or record.version != version or record.state is not State.PAY_PENDING:
        return None
    if now_ms >= record.pay_by:
        return None
    conn.execute(update(payments).where(payments.c.id == attempt).values(state="created"))
    return rows.touch(conn, record, next_at=min(now_ms + CONFIRM_MS, record.pay_by))


def prolong(conn: Connection, wishes: Sequence[Longer], now_ms: int) -> list[str]:
    """Keep waiting checkouts for longer, never for less; those that still wait, by id."""
    return [
        wish.checkout
        for wish in sorted(wishes, key=lambda wish: wish.checkout)
        if _prolong(conn, wish, now_ms)
    ]


def _prolong(conn: Connection, wish: Longer, now_ms: int) -> bool:
    waits = and_(
        checkouts.c.id == wish.checkout,
        checkouts.c.version == wish.version,
        checkouts.c.state == State.PAY_PENDING.value,
        checkouts.c.pay_by <= wish.pay_by,
    )
    # Until then the sweeper takes it that whoever waits is alive.
    next_at = min(now_ms + CONFIRM_MS, wish.pay_by)
    found = conn.execute(
        update(checkouts)
        .where(waits)
        .values(pay_by=wish.pay_by, hold_until=wish.hold_until, next_at=next_at)
    )
    return found.rowcount == 1
