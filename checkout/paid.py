"""Barrier B3: the one place where orders are made, in one transaction with the ledger.

Only :mod:`checkout.reconcile` calls this, after the provider itself said that it captured
the right amount. Nobody is told "paid" before it is committed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from base.errors import NotFound, SoldOut
from checkout import ledger, rows
from checkout.change import Change
from checkout.order import OrderState
from checkout.pricing import by_shop
from checkout.state import State
from store.sql import outbox
from store.sql.rows import Connection, insert, insert_or_ignore, select, update
from store.sql.tables import claims, order_numbers, orders, payments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cart.cart import Line
    from checkout.record import Record

__all__ = [
    "LATE",
    "Late",
    "late_hold",
    "masked",
    "record_late",
    "record_paid",
    "record_refunded",
    "record_refunding",
]

LATE: Final = "-late"
"""Marks the second hold of a checkout whose first one was given back."""


class Late(Exception):
    """Money for a checkout that has ended: its stock was given back."""


def late_hold(checkout: str) -> str:
    """The id under which an ended checkout holds stock again."""
    return checkout + LATE


def record_paid(conn: Connection, attempt: str, now_ms: int) -> Change:
    """Make an open checkout paid, with its orders, ledger entries and outbox; once.

    Raises:
        Late: It has ended.

    """
    record = _of(conn, attempt)
    if record.state is State.PAID:
        return Change(record, changed=False)
    if not record.is_open:
        raise Late
    rows.end_claims(conn, record, "sold")
    return _book(conn, record, record.id, now_ms)


def record_late(conn: Connection, attempt: str, now_ms: int) -> Change:
    """Claim the stock of an ended checkout again and make it paid; once.

    Raises:
        SoldOut: The stock is gone.

    """
    record = _of(conn, attempt)
    if record.state in {State.PAID, State.REFUNDING, State.REFUNDED}:
        return Change(record, changed=False)
    missing = rows.claim(conn, record.lines)
    if missing is not None:
        raise SoldOut(missing)
    conn.execute(update(claims).where(claims.c.checkout == record.id).values(state="sold"))
    return _book(conn, record, late_hold(record.id), now_ms)


def record_refunding(conn: Connection, attempt: str, now_ms: int) -> Change:
    """Note that late money is there and must go back."""
    record = _of(conn, attempt)
    if record.state in {State.PAID, State.REFUNDING, State.REFUNDED}:
        return Change(record, changed=False)
    _captured(conn, record)
    amounts = {ledger.CLEARING: record.total, ledger.UNCLAIMED: -record.total}
    ledger.post(conn, "capture", record, amounts, now_ms)
    after = rows.move(conn, record, State.REFUNDING, action=None, next_at=now_ms)
    return Change(after, changed=True)


def record_refunded(conn: Connection, attempt: str, now_ms: int) -> Change:
    """Note that the provider gave the late money back."""
    record = _of(conn, attempt)
    if record.state is not State.REFUNDING:
        return Change(record, changed=False)
    conn.execute(update(payments).where(payments.c.id == attempt).values(state="refunded"))
    amounts = {ledger.UNCLAIMED: record.total, ledger.CLEARING: -record.total}
    ledger.post(conn, "refund", record, amounts, now_ms)
    after = rows.move(conn, record, State.REFUNDED, next_at=None)
    return Change(after, changed=True)


def masked(name: str) -> str:
    """A name that others may see: its first character and ``***``."""
    text = name.strip()
    end = 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return text[:end] + "***"


def _book(conn: Connection, record: Record, hold: str, now_ms: int) -> Change:
    _captured(conn, record)
    shops = by_shop(record.lines)
    for shop, lines in shops.items():
        _make_order(conn, record, shop, lines, now_ms)
    totals = {ledger.payable(shop): -_total(lines) for shop, lines in shops.items()}
    ledger.post(conn, "capture", record, {ledger.CLEARING: record.total, **totals}, now_ms)
    changes = {"action": None, "failure": None, "next_at": None}
    after = rows.move(conn, record, State.PAID, **changes)
    _tell(conn, after, hold, now_ms)
    return Change(after, changed=True)


def _captured(conn: Connection, record: Record) -> None:
    conn.execute(
        update(payments)
        .where(payments.c.id == record.paying.id)
        .values(state="captured", captured=record.total)
    )


def _make_order(
    conn: Connection, record: Record, shop: str, lines: Sequence[Line], now_ms: int
) -> None:
    ident = hashlib.sha256(f"{record.id}|{shop}".encode()).hexdigest()[:32]
    conn.execute(
        insert(orders).values(
            id=f"or_{ident}",
            number=_next_number(conn, shop),
            checkout=record.id,
            shop=shop,
            viewer=record.viewer,
            state=OrderState.AWAITING_SHIPMENT.value,
            currency=record.currency,
            lines=msgspec.to_builtins(lines),
            subtotal=_total(lines),
            shipping=0,
            discount=0,
            tax=0,
            total=_total(lines),
            refunded_total=0,
            paid_at=now_ms,
            ship_to=msgspec.to_builtins(record.ship_to),
        )
    )


def _next_number(conn: Connection, shop: str) -> str:
    """Numbers are given at payment only, so that a shop's have no gaps."""
    insert_or_ignore(conn, order_numbers, shop=shop, last=0)
    mine = order_numbers.c.shop == shop
    conn.execute(update(order_numbers).where(mine).values(last=order_numbers.c.last + 1))
    last: int = conn.execute(select(order_numbers.c.last).where(mine)).scalar_one()
    return f"{last:06d}"


def _tell(conn: Connection, record: Record, hold: str, now_ms: int) -> None:
    """Leave word for the gate, the cart and the show; the outbox carries it."""
    settle = {"checkout": hold, "shops": list(record.shops), "target": "sold"}
    outbox.add(conn, "settle", settle, now_ms)
    if record.whole_cart:
        lines = [[line.sku, line.qty] for line in record.lines]
        bought = {"viewer": record.viewer, "checkout": record.id, "lines": lines}
        outbox.add(conn, "bought", bought, now_ms)
    if record.show is not None:
        outbox.add(conn, "purchase", _purchase(record), now_ms)


def _purchase(record: Record) -> dict[str, object]:
    units: dict[str, int] = {}
    for line in record.lines:
        units[line.product] = units.get(line.product, 0) + line.qty
    return {
        "show": record.show,
        "event": f"purchase-{record.id}",
        "name": masked(record.viewer_name),
        "items": [{"product": product, "units": count} for product, count in units.items()],
        "orders": len({line.shop for line in record.lines}),
        "units": sum(units.values()),
        "revenue": record.total,
        "currency": record.currency,
    }


def _total(lines: Sequence[Line]) -> int:
    return sum(line.line_total for line in lines)


def _of(conn: Connection, attempt: str) -> Record:
    record = rows.by_attempt(conn, attempt)
    if record is None:
        raise NotFound("There is no such payment.")
    return record
