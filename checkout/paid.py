"""Barrier B3: the one place where orders are made, in one transaction with the ledger.

Only :mod:`checkout.reconcile` calls this, after the provider itself said that it captured
the right amount. Nobody is told "paid" before it is committed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec.structs import replace

from base.errors import NotFound, SoldOut
from checkout import ledger, rows
from checkout.change import Change
from checkout.events import note_orders
from checkout.order import Order
from checkout.order_state import OrderState
from checkout.pricing import by_shop
from checkout.race import Crowded
from checkout.state import State, may
from shop.happened import Kind
from store.sql import outbox
from store.sql.rows import (
    Connection,
    Prepared,
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
    "record_all_paid",
    "record_late",
    "record_paid",
    "record_refunded",
    "record_refunding",
]

_SHOPS: Final = order_numbers.c.shop == bindparam("of")
_BY: Final = bindparam("by", type_=order_numbers.c.last.type)
_COUNT_ON: Final = Prepared(
    update(order_numbers).where(_SHOPS).values(last=order_numbers.c.last + _BY)
)
_LAST: Final = Prepared(select(order_numbers.c.last).where(_SHOPS))

LATE: Final = "-late"
"""Marks the second hold of a checkout whose first one was given back."""


_PAID: Final = {"action": None, "failure": None, "next_at": None}

_SHOWN: Final = tuple(
    name for name in Order.__struct_fields__ if name not in {"tracking", "cancel_request"}
)
_SHOWN_OF: Final = attrgetter(*_SHOWN)


class _Made(NamedTuple):
    record: Record
    order: Order
    parts: ledger.Parts


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


def record_all_paid(
    conn: Connection, records: Sequence[Record], terms: OrderTerms, now_ms: int
) -> list[Change]:
    """Make open checkouts paid that are as they were when their payment began; on SQLite.

    That is what nearly all are, and together they cost half of what they cost one by one.

    Raises:
        Crowded: One has changed since; nothing was made, and each is to be made paid alone.

    """
    paid = [_paid(record) for record in records]
    befores = [record.version for record in records]
    if not rows.move_all(conn, paid, befores, ("state", "open", *_PAID)):
        raise Crowded
    rows.change_payments(conn, paid)
    rows.sell_claims(conn, paid)
    return _make_orders(conn, [(record, record.id) for record in paid], terms, now_ms)


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
    paid = rows.move(conn, _captured(conn, record), State.PAID, **_PAID)
    (change,) = _make_orders(conn, [(paid, hold)], terms, now_ms)
    return change


def _captured(conn: Connection, record: Record) -> Record:
    return rows.change_payment(conn, record, state="captured", captured=record.total)


def _paid(record: Record) -> Record:
    """What an open checkout becomes; one that has ended would have to claim its stock again."""
    if not record.is_open or not may(record.state, State.PAID):
        raise Crowded
    captured = replace(record.paying, state="captured", captured=record.total)
    version = record.version + 1
    return replace(record, version=version, state=State.PAID, attempt=captured, **_PAID)


def _make_orders(
    conn: Connection, sales: Sequence[tuple[Record, str]], terms: OrderTerms, now_ms: int
) -> list[Change]:
    """Make the orders of checkouts that are paid, each with its hold, and all that follows."""
    numbers = _next_numbers(conn, Counter(shop for record, _ in sales for shop in record.shops))
    changes: list[Change] = []
    made: list[_Made] = []
    for record, _ in sales:
        first = len(made)
        for shop, lines in by_shop(record.lines).items():
            total = _total(lines)
            parts = ledger.Parts.of(
                total=total, tax=0, goods=total, fee_bps=terms.platform_fee_bps
            )
            order = _order(record, lines, parts, numbers[shop].pop(), terms, now_ms)
            made.append(_Made(record, order, parts))
        mine = tuple(one.order for one in made[first:])
        after = replace(record, orders=tuple(order.id for order in mine))
        changes.append(Change(after, changed=True, orders=mine))
    _store(conn, made, terms, now_ms)
    note_orders(conn, Kind.ORDER_PAID, [one.order for one in made], now_ms)
    ledger.post_captures(conn, [(one.record, one.order, one.parts) for one in made], now_ms)
    outbox.add_all(conn, [news for record, hold in sales for news in _news(record, hold)], now_ms)
    return changes


def _order(
    record: Record,
    lines: Sequence[Line],
    parts: ledger.Parts,
    number: int,
    terms: OrderTerms,
    now_ms: int,
) -> Order:
    shop = lines[0].shop
    state = OrderState.ON_HOLD if terms.free_cancel_ms else OrderState.AWAITING_SHIPMENT
    if record.ship_to is None:
        raise LookupError("what is paid has an address")
    return Order(
        id=_order_id(record.id, shop, now_ms),
        number=f"{number:06d}",
        shop=shop,
        state=state.value,
        currency=record.currency,
        lines=tuple(lines),
        subtotal=_total(lines),
        shipping=0,
        discount=0,
        tax=parts.tax,
        total=parts.total,
        refunded_total=0,
        paid_at=now_ms,
        ship_to=record.ship_to,
    )


def _order_id(checkout: str, shop: str, now_ms: int) -> str:
    """An id that begins with the time.

    So orders of a moment, and all that is kept by order, lie together in the book's indexes, and
    a group of operations changes few pages.
    """
    return f"or_{now_ms:011x}" + hashlib.sha256(f"{checkout}|{shop}".encode()).hexdigest()[:21]


def _store(conn: Connection, made: Sequence[_Made], terms: OrderTerms, now_ms: int) -> None:
    next_at = now_ms + terms.free_cancel_ms if terms.free_cancel_ms else None
    entered = []
    bought = []
    for record, order, parts in made:
        row = dict(zip(_SHOWN, _SHOWN_OF(order), strict=True))
        row |= {"checkout": record.id, "viewer": record.viewer, "next_at": next_at}
        row |= {"platform_fee": parts.fee, "commission": parts.commission}
        entered.append(row)
        bought += [
            {
                "order": order.id,
                "sku": line.sku,
                "position": position,
                "qty": line.qty,
                "line_total": line.line_total,
                "shipped": 0,
                "cancelled": 0,
                "restocked": 0,
            }
            for position, line in enumerate(order.lines)
        ]
    add_all(conn, orders, entered)
    add_all(conn, order_lines, bought)


def _next_numbers(conn: Connection, wanted: Mapping[str, int]) -> dict[str, list[int]]:
    """Of each shop so many numbers, the first one last.

    Numbers are given at payment only, so that a shop's have no gaps.
    """
    numbers = {}
    for shop, count in sorted(wanted.items()):
        if not _COUNT_ON.run(conn, of=shop, by=count):
            insert_or_ignore(conn, order_numbers, shop=shop, last=0)
            _COUNT_ON.run(conn, of=shop, by=count)
        ((last,),) = _LAST.rows(conn, of=shop)
        numbers[shop] = list(range(last, last - count, -1))
    return numbers


def _news(record: Record, hold: str) -> list[tuple[str, dict[str, Any]]]:
    """Word for the gate, the cart and the show; the outbox carries it."""
    news: list[tuple[str, dict[str, Any]]] = [("settle", rows.settlement(record, hold, "sold"))]
    if record.whole_cart:
        lines = [[line.sku, line.qty] for line in record.lines]
        bought = {"viewer": record.viewer, "checkout": record.id, "lines": lines}
        news.append(("bought", bought))
    if record.show is not None:
        news.append(("purchase", _purchase(record)))
    return news


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
