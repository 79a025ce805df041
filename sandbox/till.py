"""What can be done with payments; each function is one transaction, safe to repeat."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from sandbox.errors import ProviderError
from sandbox.payments import (
    METHODS,
    TRANSITIONS,
    WEBHOOKS,
    Amount,
    Charge,
    Decline,
    Method,
    Payment,
    Status,
    Step,
)
from sandbox.rows import charge_of, columns, payment_of, payment_row, text, try_row

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = [
    "Order",
    "Page",
    "Tried",
    "advance",
    "cancel",
    "charges",
    "confirm",
    "create",
    "find",
    "page",
    "processing",
    "refund",
]


class Order(Struct, frozen=True, kw_only=True):
    """What a payment is to be made for."""

    amount: Amount
    currency: str
    metadata: dict[str, str]
    return_url: str | None = None


class Tried(Struct, frozen=True):
    """What became of a try: the payment, why it was declined, and whether it was a replay."""

    payment: Payment
    decline: Decline | None
    replayed: bool


class Page(Struct, frozen=True):
    """What the confirmation page of a payment needs."""

    payment: Payment
    token: str
    return_url: str | None


def find(db: Connection, payment: str) -> Payment:
    """The payment as it stands.

    Raises:
        ProviderError: ``not_found``.

    """
    row = payment_row(db, payment)
    if row is None:
        raise ProviderError("not_found")
    return payment_of(row)


def create(db: Connection, payment: str, order: Order, now: int) -> tuple[Payment, bool]:
    """The payment of that name, and whether it was made just now.

    A tombstone (canceled before it was created) takes the order on and stays canceled.

    Raises:
        ProviderError: ``idempotency_mismatch``, it was made for other money.

    """
    row = payment_row(db, payment)
    if row is None:
        _insert(db, payment, order, Status.REQUIRES_METHOD, now)
        return find(db, payment), True
    if row["amount"] == 0:
        db.execute(
            "UPDATE payments SET amount = ?, currency = ?, metadata = ?"
            " WHERE id = ? AND amount = 0",
            (order.amount, order.currency, text(order.metadata), payment),
        )
        return find(db, payment), False
    if (row["amount"], row["currency"]) != (order.amount, order.currency):
        raise ProviderError("idempotency_mismatch", payment_of(row))
    return payment_of(row), False


def confirm(db: Connection, payment: str, method: str, key: str, now: int) -> Tried:
    """Try to pay with ``method``, once per ``key``.

    Raises:
        ProviderError: ``not_found``, ``idempotency_mismatch``, ``payment_canceled``, or
            ``unavailable``; nothing was changed.

    """
    before = find(db, payment)
    earlier = try_row(db, payment, key)
    if earlier is not None and earlier["method"] != method:
        raise ProviderError("idempotency_mismatch", before)
    if earlier is not None and earlier["error_code"] is not None:
        return Tried(before, Decline(earlier["error_code"], earlier["error_message"]), True)
    if before.status is Status.CANCELED:
        raise ProviderError("payment_canceled", before)
    if earlier is not None or before.status in {Status.SUCCEEDED, Status.PROCESSING}:
        return Tried(before, None, True)
    return _first_try(db, before, method, key, now)


def _first_try(db: Connection, before: Payment, method: str, key: str, now: int) -> Tried:
    known: Method = METHODS[method]
    if known.step is None:
        raise ProviderError("unavailable", before)
    decline = known.decline
    db.execute(
        "INSERT INTO tries (payment, key, method, error_code, error_message)"
        " VALUES (?, ?, ?, ?, ?)",
        (before.id, key, method, *columns(decline)),
    )
    return Tried(_moved(advance(db, before.id, known.step, now, decline)), decline, False)


def advance(
    db: Connection, payment: str, step: Step, now: int, decline: Decline | None = None
) -> Payment | None:
    """The payment after ``step`` and its event, or None when its state does not allow it.

    Raises:
        ProviderError: ``not_found``.

    """
    before = find(db, payment)
    status = TRANSITIONS.get((before.status, step))
    if status is None:
        return None
    token = secrets.token_urlsafe(24) if step is Step.CHALLENGE else None
    changed = db.execute(
        "UPDATE payments SET status = ?1, captured = iif(?1 = 'succeeded', amount, 0),"
        " error_code = ?2, error_message = ?3, page_token = ifnull(?4, page_token)"
        # Guarded here too, not by the read above alone: a payment is captured at most once.
        " WHERE id = ?5 AND status = ?6 AND captured = 0",
        (status, *columns(decline), token, payment, before.status),
    ).rowcount
    if changed != 1:
        return None
    if status is Status.SUCCEEDED:
        db.execute("INSERT INTO charges (payment) VALUES (?)", (payment,))
    if step is Step.REFUSE:
        _settle_last_try(db, payment, decline)
    after = find(db, payment)
    _tell(db, after, step, now)
    return after


def cancel(db: Connection, payment: str, now: int) -> Payment:
    """The payment, canceled; an unknown one becomes a tombstone that nothing can charge.

    Raises:
        ProviderError: ``already_succeeded``.

    """
    row = payment_row(db, payment)
    if row is None:
        order = Order(amount=0, currency="", metadata={})
        _insert(db, payment, order, Status.CANCELED, now)
        tombstone = find(db, payment)
        _tell(db, tombstone, Step.CANCEL, now)
        return tombstone
    before = payment_of(row)
    if before.status is Status.SUCCEEDED:
        raise ProviderError("already_succeeded", before)
    return advance(db, payment, Step.CANCEL, now) or before


def refund(db: Connection, payment: str, amount: int, key: str) -> Payment:
    """The payment after giving ``amount`` minor units back, once per ``key``.

    Raises:
        ProviderError: ``not_found``, ``idempotency_mismatch`` or ``refund_exceeds_captured``.

    """
    before = find(db, payment)
    earlier = db.execute(
        "SELECT amount FROM refunds WHERE payment = ? AND key = ?", (payment, key)
    ).fetchone()
    if earlier is not None:
        if earlier["amount"] != amount:
            raise ProviderError("idempotency_mismatch", before)
        return before
    changed = db.execute(
        "UPDATE payments SET refunded = refunded + ?1 WHERE id = ?2 AND refunded + ?1 <= captured",
        (amount, payment),
    ).rowcount
    if changed != 1:
        raise ProviderError("refund_exceeds_captured", before)
    db.execute("INSERT INTO refunds VALUES (?, ?, ?)", (payment, key, amount))
    return find(db, payment)


def charges(db: Connection, after: int, limit: int) -> tuple[list[Charge], int | None]:
    """Captured payments in the order of capture, and the number to go on after."""
    rows = db.execute(
        "SELECT charges.number, payments.* FROM charges JOIN payments ON payments.id = payment"
        " WHERE charges.number > ? ORDER BY charges.number LIMIT ?",
        (after, limit + 1),
    ).fetchall()
    more = len(rows) > limit
    return [charge_of(row) for row in rows[:limit]], rows[limit - 1]["number"] if more else None


def processing(db: Connection) -> list[str]:
    """Payments that were under way when the provider stopped."""
    rows = db.execute("SELECT id FROM payments WHERE status = 'processing'").fetchall()
    return [row["id"] for row in rows]


def page(db: Connection, payment: str, token: str) -> Page:
    """The confirmation page that ``token`` opens.

    Raises:
        ProviderError: ``not_found``: no such payment, or the link is not its own.

    """
    row = payment_row(db, payment)
    if row is None or row["page_token"] is None or not _same(row["page_token"], token):
        raise ProviderError("not_found")
    return Page(payment_of(row), token, row["return_url"])


def _same(token: str, shown: str) -> bool:
    return secrets.compare_digest(token.encode(), shown.encode(errors="backslashreplace"))


def _insert(db: Connection, payment: str, order: Order, status: Status, now: int) -> None:
    db.execute(
        "INSERT INTO payments (id, status, amount, currency, metadata, return_url, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            payment,
            status,
            order.amount,
            order.currency,
            text(order.metadata),
            order.return_url,
            now,
        ),
    )


def _tell(db: Connection, payment: Payment, step: Step, now: int) -> None:
    """Write the event in the transaction of the change, so that neither is there alone."""
    kind = WEBHOOKS.get(step)
    if kind is None:
        return
    event = f"evt_{secrets.token_hex(12)}"
    body = {"id": event, "type": kind, "created": now, "data": payment}
    db.execute("INSERT INTO events (id, body) VALUES (?, ?)", (event, msgspec.json.encode(body)))


def _settle_last_try(db: Connection, payment: str, decline: Decline | None) -> None:
    """A challenge that is refused is the outcome of the try that began it."""
    db.execute(
        "UPDATE tries SET error_code = ?, error_message = ?"
        " WHERE number = (SELECT max(number) FROM tries WHERE payment = ?)",
        (*columns(decline), payment),
    )


def _moved(payment: Payment | None) -> Payment:
    if payment is None:
        raise AssertionError("a first try is possible in every state that reaches it")
    return payment
