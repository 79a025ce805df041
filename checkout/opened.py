"""Barrier B1: a checkout enters the book together with its claims on stock.

Nobody hears of a payment before this is committed, so a gate that lost its memory can at
worst make a buyer try again.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from base.errors import InProgress, KeyReused, SoldOut
from checkout import rows
from checkout.events import note_end
from checkout.race import Crowded, Raced
from checkout.record import Record
from checkout.state import State
from store.sql.rows import Connection, add, add_all, insert_new, insert_or_ignore
from store.sql.tables import checkouts, claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cart.cart import Line

__all__ = ["BUSY", "Found", "Opened", "enter", "enter_all", "look", "make_room"]

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
    cancelled = None
    columns = _columns(draft)
    # Nearly always there is room: the unique keys say so, and cost no look.
    if not insert_or_ignore(conn, checkouts, **columns):
        same = rows.by_id(conn, draft.id)
        if same is not None:
            if same.fingerprint != draft.fingerprint:
                raise KeyReused
            return Opened(same, is_new=False)
        cancelled = make_room(conn, draft.viewer, now_ms)
        if not insert_or_ignore(conn, checkouts, **columns):
            raise Raced
    missing = rows.claim(conn, draft.lines)
    if missing is not None:
        raise SoldOut(missing)
    for line in draft.lines:
        add(conn, claims, **_claim(draft.id, line))
    return Opened(draft, is_new=True, cancelled=cancelled)


def enter_all(conn: Connection, drafts: Sequence[Record]) -> list[bool]:
    """Write checkouts that are new, of viewers without another, and claim their stock.

    That is what nearly all are, and together they cost a third of what they cost one by one.

    Returns:
        Of each whether it was opened; the others are to be entered one by one.

    Raises:
        Crowded: Not all of their stock is there; nothing was opened.

    """
    new = insert_new(conn, checkouts, [_columns(draft) for draft in drafts])
    lines = [(draft.id, line) for draft in drafts if draft.id in new for line in draft.lines]
    if rows.claim(conn, [line for _, line in lines]) is not None:
        raise Crowded
    add_all(conn, claims, [_claim(checkout, line) for checkout, line in lines])
    return [draft.id in new for draft in drafts]


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
    note_end(conn, cancelled, now_ms)
    return cancelled


_PLAIN: Final = tuple(
    name
    for name in checkouts.c.keys()  # noqa: SIM118 - iterating gives columns
    if name not in {"open", "state", "lines", "ship_to", "action", "failure"}
)


_PLAIN_OF: Final = attrgetter(*_PLAIN)


def _columns(draft: Record) -> dict[str, object]:
    columns = dict(zip(_PLAIN, _PLAIN_OF(draft), strict=True))
    columns |= {"open": True, "state": draft.state.value, "lines": draft.lines}
    return columns


def _claim(checkout: str, line: Line) -> dict[str, object]:
    return {
        "checkout": checkout,
        "sku": line.sku,
        "shop": line.shop,
        "qty": line.qty,
        "state": "open",
    }
