"""Barrier B3: the one place where orders are made, in one transaction with the ledger.

Only :mod:`checkout.reconcile` calls this, after the provider itself said that it captured
the right amount. Nobody is told "paid" before it is committed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from base.errors import NotFound, SoldOut
from checkout import ledger, rows
from checkout.change import Change
from checkout.events import note_order
from checkout.order import Order
from checkout.order_state import OrderState
from checkout.pricing import by_shop
from checkout.state import State
from shop.happened import Kind
from store.sql import outbox
from store.sql.rows import (
    Connection,
    Prepared,
    add,
    add_all,
    bindparam,
    change,
    insert_or_ignore,
    select,
    update,
)
from store.sql.tables import claims, order_lines, order_numbers, orders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cart.cart import Line
    from checkout.order_terms import OrderTerms
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

_SHOPS: Final = order_numbers.c.shop == bindparam("of")
_COUNT_ON: Final = Prepared(
    update(order_numbers).where(_SHOPS).values(last=order_numbers.c.last + 1)
)
_LAST: Final = Prepared(select(order_numbers.c.last).where(_SHOPS))

LATE: Final = "-late"
"""Marks the second hold of a checkout whose first one was given back."""


class Late(Exception):
    """Money for a checkout that has ended: its stock was given back."""


def late_hold(checkout: str) -> str:
    """The id under which an ended checkout holds stock again."""
    return checkout + LATE


def record_paid(conn: Connection, attempt: str, terms: OrderTerms, now_ms: int) -> Change:
    """Make an open checkout paid, with its orders, ledger entries and outbox; once.

    The orders keep the terms of this moment.

    Raises:
        Late: It has ended.

    """
    record = _of(conn, attempt)
    if record.state is State.PAID:
        return Change(record, changed=False)
    if not record.is_open:
        raise Late
    rows.end_claims(conn, record, "sold")
    return _book(conn, record, record.id, terms, now_ms)


def record_late(conn: Connection, attempt: str, terms: OrderTerms, now_ms: int) -> Change:
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
    change(conn, claims, {"checkout": record.id}, state="sold")
    return _book(conn, record, late_hold(record.id), terms, now_ms)


def record_refunding(conn: Connection, attempt: str, now_ms: int) -> Change:
    """Note that late money is there and must go back."""
    record = _of(conn, attempt)
    if record.state in {State.PAID, State.REFUNDING, State.REFUNDED}:
        return Change(record, changed=False)
    captured = _captured(conn, record)
    amounts = {ledger.CLEARING: record.total, ledger.UNCLAIMED: -record.total}
    ledger.post_late(conn, "capture", record, amounts, now_ms)
    after = rows.move(conn, captured, State.REFUNDING, action=None, next_at=now_ms)
    return Change(after, changed=True)


def record_refunded(conn: Connection, attempt: str, now_ms: int) -> Change:
    """Note that the provider gave the late money back."""
    record = _of(conn, attempt)
    if record.state is not State.REFUNDING:
        return Change(record, changed=False)
    refunded = rows.change_payment(conn, record, state="refunded")
    amounts = {ledger.UNCLAIMED: record.total, ledger.CLEARING: -record.total}
    ledger.post_late(conn, "refund", record, amounts, now_ms)
    after = rows.move(conn, refunded, State.REFUNDED, next_at=None)
    return Change(after, changed=True)


def masked(name: str) -> str:
    """A name that others may see: its first character and ``***``."""
    text = name.strip()
    end = 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return text[:end] + "***"


def _book(conn: Connection, record: Record, hold: str, terms: OrderTerms, now_ms: int) -> Change:
    record = _captured(conn, record)
    made = []
    for shop, lines in by_shop(record.lines).items():
        total = _total(lines)
        parts = ledger.Parts.of(total=total, tax=0, goods=total, fee_bps=terms.platform_fee_bps)
        order = _make_order(conn, record, lines, parts, _first_state(terms, now_ms), now_ms)
        ledger.post_capture(conn, record, order.id, shop, parts, now_ms)
        made.append(order)
    changes = {"action": None, "failure": None, "next_at": None}
    paid = rows.move(conn, record, State.PAID, **changes)
    after = replace(paid, orders=tuple(order.id for order in made))
    _tell(conn, after, hold, now_ms)
    return Change(after, changed=True, orders=tuple(made))


def _captured(conn: Connection, record: Record) -> Record:
    return rows.change_payment(conn, record, state="captured", captured=record.total)


def _first_state(terms: OrderTerms, now_ms: int) -> dict[str, object]:
    if terms.free_cancel_ms:
        return {"state": OrderState.ON_HOLD.value, "next_at": now_ms + terms.free_cancel_ms}
    return {"state": OrderState.AWAITING_SHIPMENT.value, "next_at": None}


def _make_order(
    conn: Connection,
    record: Record,
    lines: Sequence[Line],
    parts: ledger.Parts,
    first: Mapping[str, object],
    now_ms: int,
) -> Order:
    shop = lines[0].shop
    ident = "or_" + hashlib.sha256(f"{record.id}|{shop}".encode()).hexdigest()[:32]
    row = {
        "id": ident,
        "number": _next_number(conn, shop),
        "shop": shop,
        "currency": record.currency,
        "lines": msgspec.to_builtins(lines),
        "subtotal": _total(lines),
        "shipping": 0,
        "discount": 0,
        "tax": parts.tax,
        "total": parts.total,
        "refunded_total": 0,
        "paid_at": now_ms,
        "ship_to": msgspec.to_builtins(record.ship_to),
        **first,
    }
    private = {"checkout": record.id, "viewer": record.viewer}
    kept = {"platform_fee": parts.fee, "commission": parts.commission}
    add(conn, orders, **row, **private, **kept)
    none_yet = {"shipped": 0, "cancelled": 0, "restocked": 0}
    bought = [
        {
            "order": ident,
            "sku": line.sku,
            "position": position,
            "qty": line.qty,
            "line_total": line.line_total,
            **none_yet,
        }
        for position, line in enumerate(lines)
    ]
    add_all(conn, order_lines, bought)
    order = msgspec.convert(row, Order)
    note_order(conn, Kind.ORDER_PAID, order, now_ms)
    return order


def _next_number(conn: Connection, shop: str) -> str:
    """Numbers are given at payment only, so that a shop's have no gaps."""
    if not _COUNT_ON.run(conn, of=shop):
        insert_or_ignore(conn, order_numbers, shop=shop, last=0)
        _COUNT_ON.run(conn, of=shop)
    ((last,),) = _LAST.rows(conn, of=shop)
    return f"{last:06d}"


def _tell(conn: Connection, record: Record, hold: str, now_ms: int) -> None:
    """Leave word for the gate, the cart and the show; the outbox carries it."""
    news: list[tuple[str, dict[str, Any]]] = [("settle", rows.settlement(record, hold, "sold"))]
    if record.whole_cart:
        lines = [[line.sku, line.qty] for line in record.lines]
        bought = {"viewer": record.viewer, "checkout": record.id, "lines": lines}
        news.append(("bought", bought))
    if record.show is not None:
        news.append(("purchase", _purchase(record)))
    outbox.add_all(conn, news, now_ms)


def _purchase(record: Record) -> dict[str, Any]:
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
