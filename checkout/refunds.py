"""Operations of the book on refunds: noted and reserved first, then asked, then booked.

A refund takes its share of what was paid when it is noted, in the same transaction that looks
what is left: two at once cannot give back more than was taken. Its id is the key at the
provider, so however often that is asked, it pays once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET

from base.errors import Conflict, Invalid, KeyReused
from base.money import spoken
from checkout import ledger
from checkout.events import note_order
from checkout.order_rows import Bought, OrderRecord, change, find, locked, required, settle_units
from checkout.order_state import OrderState
from checkout.refund import Refund, RefundLine, RefundState
from checkout.restocks import give_back
from checkout.splits import spread, up_to
from shop.happened import Kind
from store.sql.rows import Connection, func, insert, select, update
from store.sql.tables import refund_lines, refunds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from base.identity import Actor
    from checkout.order_terms import OrderTerms
    from checkout.refund import RefundWish

__all__ = [
    "ASK_AGAIN_MS",
    "MOST_REFUNDS",
    "RefundRecord",
    "begin",
    "by_id",
    "by_key",
    "due",
    "enter",
    "fitted",
    "note_failed",
    "note_succeeded",
    "pending",
    "postpone",
    "priced",
    "refund_id",
    "require_movable",
]

ASK_AGAIN_MS: Final = 30_000
"""Until then a call may still be on its way to the provider; then the sweeper repeats it."""

MOST_REFUNDS: Final = 100
"""Refunds of an order, failed ones too: far more than anybody needs, and a ledger to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRecord:
    """A refund, and what is needed to carry it out.

    Attributes:
        attempt: The payment at the provider that gives the money back.
        viewer: The buyer.

    """

    refund: Refund
    attempt: str
    viewer: str

    @property
    def is_pending(self) -> bool:
        """Whether the provider has not answered yet."""
        return self.refund.state == RefundState.PENDING.value


def refund_id(order: str, key: str) -> str:
    """A refund's id follows from its key, so that a repeat finds it."""
    return "rf_" + hashlib.sha256(f"{order}|{key}".encode()).hexdigest()[:32]


def begin(
    conn: Connection,
    actor: Actor,
    order: str,
    wish: RefundWish,
    terms: OrderTerms,
    now_ms: int,
) -> RefundRecord:
    """Note a refund and reserve its amount, or find it.

    Raises:
        NotFound, Forbidden: Not theirs to refund.
        KeyReused: The key stands for another body.
        Invalid: Not of its form.
        Conflict: It is too late, less is left, or the provider cannot move such a sum.

    """
    record = required(conn, actor, order)
    record.require_shop(actor)
    known = conn.execute(
        select(refunds.c.id, refunds.c.body).where(
            refunds.c.order == order, refunds.c.key == wish.key
        )
    ).one_or_none()
    if known is not None:
        if known.body != wish.body:
            raise KeyReused
        return _required(conn, known.id)
    _require_refundable(conn, record)
    lines, amount = _asked(record, wish)
    require_movable(record, amount, terms)
    ident = enter(conn, record, wish, amount, lines, now_ms)
    return _required(conn, ident)


def require_movable(record: OrderRecord, amount: int, terms: OrderTerms) -> None:
    """Refuse a sum that the provider could never give back, before anything is noted."""
    currency = record.order.currency
    step = terms.steps.get(currency, 1)
    if amount % step:
        raise Conflict(
            f"{spoken(amount, currency)} cannot be given back by card, only multiples of"
            f" {spoken(step, currency)}. Ask for other units, or for another amount."
        )


def enter(
    conn: Connection,
    record: OrderRecord,
    wish: RefundWish,
    amount: int,
    lines: Sequence[RefundLine],
    now_ms: int,
) -> str:
    """Write a refund down, as pending; one of nothing has succeeded. Returns its id."""
    ident = refund_id(record.id, wish.key)
    state = RefundState.PENDING if amount else RefundState.SUCCEEDED
    conn.execute(
        insert(refunds).values(
            id=ident,
            order=record.id,
            key=wish.key,
            body=wish.body,
            state=state.value,
            amount=amount,
            reason=wish.reason,
            restock=wish.restock,
            created_at=now_ms,
            next_at=now_ms + ASK_AGAIN_MS if amount else None,
        )
    )
    rows = [{"refund": ident, **_columns(line)} for line in lines]
    if rows:
        conn.execute(insert(refund_lines), rows)
    return ident


def priced(record: OrderRecord, units: Mapping[str, int]) -> list[RefundLine]:
    """What units come to, of which so many were not refunded yet.

    By the total of their line: all refunds of a line add up to it, however they are cut.
    """
    paid = {line.sku: line for line in record.lines}
    return [
        RefundLine(sku=sku, qty=qty, amount=_worth(paid[sku], qty))
        for sku, qty in units.items()
        if qty
    ]


def note_succeeded(
    conn: Connection, ident: str, now_ms: int
) -> tuple[RefundRecord, OrderRecord | None]:
    """The provider has given the money back: book it, once.

    Returns:
        The refund, and the order if this changed it.

    """
    if not _end(conn, ident, RefundState.SUCCEEDED):
        return _required(conn, ident), None
    made = _required(conn, ident)
    refund = made.refund
    record = locked(conn, refund.order)
    ledger.post_refund(conn, record, refund.id, refund.amount, now_ms)
    total = record.order.refunded_total + refund.amount
    record = change(conn, record, refunded_total=total)
    if _restocks(conn, ident):
        units, before = {line.sku: line.qty for line in refund.lines}, record.open_units
        give_back(conn, record, ident, units, now_ms)
        record = _met(conn, settle_units(conn, record.id), before)
    note_order(conn, Kind.ORDER_REFUNDED, record.order, now_ms, ident)
    return made, record


def note_failed(conn: Connection, ident: str) -> RefundRecord:
    """The provider will not give it back: what was reserved is free again."""
    _end(conn, ident, RefundState.FAILED)
    return _required(conn, ident)


def postpone(conn: Connection, ident: str, due_ms: int) -> None:
    """Let the sweeper ask at ``due_ms``."""
    still = (refunds.c.id == ident) & (refunds.c.state == RefundState.PENDING.value)
    conn.execute(update(refunds).where(still).values(next_at=due_ms))


def due(conn: Connection, now_ms: int, limit: int) -> list[RefundRecord]:
    """Pending refunds that the provider has to be asked about, the longest due first."""
    query = (
        select(refunds.c.id)
        .where(refunds.c.next_at <= now_ms)
        .order_by(refunds.c.next_at, refunds.c.id)
        .limit(limit)
    )
    return [_required(conn, ident) for ident in conn.execute(query).scalars().all()]


def pending(conn: Connection, after: str, limit: int) -> list[RefundRecord]:
    """Pending refunds in the order of their ids, those after ``after``."""
    query = (
        select(refunds.c.id)
        .where(refunds.c.next_at.is_not(None), refunds.c.id > after)
        .order_by(refunds.c.id)
        .limit(limit)
    )
    return [_required(conn, ident) for ident in conn.execute(query).scalars().all()]


def by_key(conn: Connection, order: str, key: str) -> RefundRecord | None:
    """The refund of an order with that key."""
    return by_id(conn, refund_id(order, key))


def by_id(conn: Connection, ident: str) -> RefundRecord | None:
    """The refund of that id."""
    row = conn.execute(select(refunds).where(refunds.c.id == ident)).one_or_none()
    record = None if row is None else find(conn, row.order)
    if row is None or record is None:
        return None
    query = select(refund_lines).where(refund_lines.c.refund == ident)
    refund = Refund(
        id=row.id,
        order=row.order,
        amount=row.amount,
        currency=record.order.currency,
        state=row.state,
        lines=tuple(
            RefundLine(sku=line.sku, qty=line.qty, amount=line.amount)
            for line in conn.execute(query.order_by(refund_lines.c.sku))
        ),
        reason=UNSET if row.reason is None else row.reason,
        created_at=row.created_at,
    )
    return RefundRecord(refund=refund, attempt=record.attempt, viewer=record.viewer)


def _required(conn: Connection, ident: str) -> RefundRecord:
    found = by_id(conn, ident)
    if found is None:
        raise LookupError("there is no such refund")
    return found


def _require_refundable(conn: Connection, record: OrderRecord) -> None:
    if record.state is OrderState.COMPLETED:
        raise Conflict(
            "This order is complete: the time for refunds is over. Settle the rest by hand."
        )
    made = select(func.count()).select_from(refunds).where(refunds.c.order == record.id)
    if conn.execute(made).scalar_one() >= MOST_REFUNDS:
        raise Conflict(f"This order was refunded {MOST_REFUNDS} times. Settle the rest by hand.")
    if record.order.total == 0:
        raise Conflict("Nothing was paid for this order. Cancel it instead, if it was not sent.")
    if record.left == 0:
        raise Conflict("All that was paid for this order was given back, or is on its way.")


def _asked(record: OrderRecord, wish: RefundWish) -> tuple[list[RefundLine], int]:
    if wish.amount is not None and wish.lines is not None:
        raise Invalid("Give either amount or lines; neither for all that is left.")
    if wish.amount is not None:
        if wish.restock:
            raise Invalid("restock is for lines, or for all that is left: name the lines.")
        return [], _within(record, wish.amount)
    if wish.lines is not None:
        lines = _of_units(record, record.wanted(wish.lines))
        return lines, _within(record, sum(line.amount for line in lines))
    rest = {line.sku: line.qty - line.refunded for line in record.lines}
    return fitted(priced(record, rest), record.left), record.left


def _of_units(record: OrderRecord, units: Mapping[str, int]) -> list[RefundLine]:
    for line in record.lines:
        rest = line.qty - line.refunded
        if not rest and line.sku in units:
            raise Conflict(f"All of {line.sku} was refunded already. Leave it out.")
        if units.get(line.sku, 0) > rest:
            raise Conflict(f"Of {line.sku} {rest} can still be refunded. Ask for that or less.")
    return priced(record, units)


def _within(record: OrderRecord, amount: int) -> int:
    if amount > record.left:
        raise Conflict(f"Only {record.left} can still be refunded. Ask for that or less.")
    if amount == 0:
        raise Conflict("Nothing was paid for this: there is nothing to give back.")
    return amount


def fitted(lines: Sequence[RefundLine], left: int) -> list[RefundLine]:
    """The same lines, cut down in proportion when they come to more than is left."""
    amounts = [line.amount for line in lines]
    if sum(amounts) <= left:
        return list(lines)
    return [
        RefundLine(sku=line.sku, qty=line.qty, amount=amount)
        for line, amount in zip(lines, spread(left, amounts), strict=True)
    ]


def _worth(line: Bought, qty: int) -> int:
    by_then = up_to(line.line_total, line.refunded + qty, line.qty)
    return max(0, by_then - line.refunded_amount)


def _end(conn: Connection, ident: str, state: RefundState) -> bool:
    """Whether it was pending until now; whoever else ends it waits for us."""
    still = (refunds.c.id == ident) & (refunds.c.state == RefundState.PENDING.value)
    ended = conn.execute(update(refunds).where(still).values(state=state.value, next_at=None))
    return ended.rowcount == 1


def _met(conn: Connection, record: OrderRecord, before: Mapping[str, int]) -> OrderRecord:
    """Ask no more for what was cancelled just now: granted on top, it would be other units."""
    request, present = record.request, record.open_units
    if request is None:
        return record
    rest = request.without({sku: qty - present.get(sku, 0) for sku, qty in before.items()})
    if rest == request:
        return record
    if rest is None:
        return change(conn, record, cancel_request=None, next_at=None)
    return change(conn, record, cancel_request=msgspec.to_builtins(rest))


def _restocks(conn: Connection, ident: str) -> bool:
    return bool(conn.execute(select(refunds.c.restock).where(refunds.c.id == ident)).scalar_one())


def _columns(line: RefundLine) -> dict[str, Any]:
    return {"sku": line.sku, "qty": line.qty, "amount": line.amount}
