"""Barrier B1: a checkout enters the book together with its claims on stock.

Nobody hears of a payment before this is committed, so a gate that lost its memory can at
worst make a buyer try again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from base.errors import InProgress, KeyReused, SoldOut
from checkout import rows
from checkout.race import Raced
from checkout.record import Record
from checkout.state import State
from store.sql.rows import Connection, insert, insert_or_ignore
from store.sql.tables import checkouts, claims

if TYPE_CHECKING:
    from cart.cart import Line

__all__ = ["BUSY", "Found", "Opened", "enter", "look", "make_room"]

BUSY: Final = "Another purchase of yours is being paid. Wait for its outcome."


@dataclass(frozen=True, slots=True)
class Found:
    """What the book knows before a checkout is opened.

    Attributes:
        same: The checkout of the same key.
        other: The viewer's open checkout of another key.

    """

    same: Record | None
    other: Record | None


@dataclass(frozen=True, slots=True)
class Opened:
    """The checkout of the key; whether it is new; the one that made room for it."""

    record: Record
    is_new: bool
    cancelled: Record | None = None


def look(conn: Connection, checkout: str, viewer: str) -> Found:
    """Read before holding stock."""
    other = rows.open_of(conn, viewer)
    return Found(
        same=rows.by_id(conn, checkout),
        other=None if other is None or other.id == checkout else other,
    )


def enter(conn: Connection, draft: Record, now_ms: int) -> Opened:
    """Write the checkout and claim its stock, or find the one of the same key.

    Raises:
        KeyReused: The key belongs to another request.
        InProgress: The viewer's other checkout is being paid.
        SoldOut: The stock is not there, whatever the gate said.
        Raced: Try again: somebody else is opening a checkout for this viewer.

    """
    same = rows.by_id(conn, draft.id)
    if same is not None:
        if same.fingerprint != draft.fingerprint:
            raise KeyReused
        return Opened(same, is_new=False)
    cancelled = make_room(conn, draft.viewer, now_ms)
    if not insert_or_ignore(conn, checkouts, **_columns(draft)):
        raise Raced
    missing = rows.claim(conn, draft.lines)
    if missing is not None:
        raise SoldOut(missing)
    conn.execute(insert(claims), [_claim(draft.id, line) for line in draft.lines])
    return Opened(draft, is_new=True, cancelled=cancelled)


def make_room(conn: Connection, viewer: str, now_ms: int) -> Record | None:
    """Cancel the viewer's open checkout, if nothing was asked of the provider yet.

    Raises:
        InProgress: It is being paid.
        Raced: The provider has to cancel first.

    """
    other = rows.open_of(conn, viewer)
    if other is None:
        return None
    if other.state is not State.RESERVED:
        raise InProgress(BUSY, checkout=other.id)
    if other.attempt is not None and other.attempt.is_live:
        raise Raced
    cancelled = rows.move(conn, other, State.CANCELLED, next_at=None)
    rows.release(conn, other, now_ms)
    return cancelled


def _columns(draft: Record) -> dict[str, object]:
    names = set(checkouts.c.keys()) - {"open", "state", "lines", "ship_to", "action", "failure"}
    return {
        **{name: getattr(draft, name) for name in names},
        "open": True,
        "state": draft.state.value,
        "lines": msgspec.to_builtins(draft.lines),
    }


def _claim(checkout: str, line: Line) -> dict[str, object]:
    return {
        "checkout": checkout,
        "sku": line.sku,
        "shop": line.shop,
        "qty": line.qty,
        "state": "open",
    }
