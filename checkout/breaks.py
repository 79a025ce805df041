"""Breaks: differences between the books that somebody has to know of, noted once each.

A break is open from when it was first seen until it is seen no more. Those of the audit's checks
are looked for by ``checkout/break_watch.py``; what a payment reveals is noted where it happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from checkout.state import State
from store.sql.rows import Connection, func, insert_or_ignore, select, update
from store.sql.tables import checkouts, payments
from store.sql.upkeep_tables import breaks

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST", "OF_PAYMENTS", "Break", "count_open", "note", "read_open", "settle", "take"]

MOST: Final = 200
"""Breaks of a kind that are noted in one go: beyond it they have one cause."""

OF_PAYMENTS: Final = ("mismatch", "late_money", "stuck_refund")
"""Kinds that are about a payment, whose key is its id."""

SETTLED: Final = (State.PAID.value, State.REFUNDED.value)
"""Money and goods are where they belong."""


class Break(Struct, frozen=True, kw_only=True):
    """A difference.

    Attributes:
        kind: The audit's check, or one of :data:`OF_PAYMENTS`.
        key: What differs.

    """

    kind: str
    key: str
    expected: str
    actual: str


def note(conn: Connection, seen: Break, at: int) -> bool:
    """Note a break that was seen; whether it is new."""
    is_new = insert_or_ignore(
        conn,
        breaks,
        kind=seen.kind,
        key=seen.key,
        expected=seen.expected,
        actual=seen.actual,
        first_seen=at,
        last_seen=at,
    )
    if not is_new:
        same = (breaks.c.kind == seen.kind) & (breaks.c.key == seen.key)
        facts = {"expected": seen.expected, "actual": seen.actual, "last_seen": at}
        conn.execute(update(breaks).where(same, breaks.c.resolved_at.is_(None)).values(**facts))
    return is_new


def take(conn: Connection, kind: str, seen: Sequence[Break], at: int) -> list[Break]:
    """Note all breaks of a kind that there are now; others of it are resolved.

    Returns:
        Those that are new.

    """
    gone = update(breaks).where(breaks.c.kind == kind, breaks.c.resolved_at.is_(None))
    there = [one.key for one in seen]
    conn.execute(gone.where(breaks.c.key.not_in(there)).values(resolved_at=at))
    return [one for one in seen if note(conn, one, at)]


def settle(conn: Connection, at: int) -> int:
    """Resolve breaks about payments that are paid, or given back, after all; how many."""
    # Of each break its payment, for there are few; not all payments that were ever settled.
    ended = (
        select(payments.c.id)
        .join(checkouts, checkouts.c.id == payments.c.checkout)
        .where(payments.c.id == breaks.c.key, checkouts.c.state.in_(SETTLED))
        .correlate(breaks)
    )
    query = (
        update(breaks)
        .where(breaks.c.resolved_at.is_(None), breaks.c.kind.in_(OF_PAYMENTS))
        .where(ended.exists())
    )
    return conn.execute(query.values(resolved_at=at)).rowcount


def count_open(conn: Connection) -> int:
    """How many there are."""
    query = select(func.count()).select_from(breaks).where(breaks.c.resolved_at.is_(None))
    return int(conn.execute(query).scalar_one())


def read_open(conn: Connection, limit: int) -> list[Break]:
    """Some that there are, the oldest first."""
    query = select(breaks).where(breaks.c.resolved_at.is_(None)).order_by(breaks.c.id)
    return [
        Break(kind=row.kind, key=row.key, expected=row.expected, actual=row.actual)
        for row in conn.execute(query.limit(limit))
    ]
