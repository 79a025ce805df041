"""Reading and changing the book's checkouts: what every operation is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cart.cart import Line
from checkout.checkout import Action, Address, Failure
from checkout.race import Raced
from checkout.record import Attempt, Record
from checkout.state import OPEN, State, may
from store.sql import outbox
from store.sql.rows import Connection, Row, and_, select, update
from store.sql.tables import checkouts, claims, orders, payments, stock

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "by_attempt",
    "by_id",
    "claim",
    "end_claims",
    "move",
    "open_of",
    "owned",
    "release",
    "touch",
]

_JSON: Final = {"ship_to": Address, "action": Action, "failure": Failure}


def by_id(conn: Connection, checkout: str) -> Record | None:
    """The checkout of that id."""
    return _one(conn, checkouts.c.id == checkout)


def by_attempt(conn: Connection, attempt: str) -> Record | None:
    """The checkout that a payment is for."""
    return _one(conn, payments.c.id == attempt)


def open_of(conn: Connection, viewer: str) -> Record | None:
    """The viewer's open checkout."""
    return _one(conn, and_(checkouts.c.viewer == viewer, checkouts.c.open))


def owned(conn: Connection, checkout: str, viewer: str | None) -> Record | None:
    """The checkout, if it is the viewer's; None as viewer owns all."""
    record = by_id(conn, checkout)
    if record is None or viewer not in {None, record.viewer}:
        return None
    return record


def move(conn: Connection, record: Record, to: State, **changes: Any) -> Record:
    """Change the state and raise the version, if ``record`` is still what the book has.

    Raises:
        ValueError: ``to`` does not follow the record's state.
        Raced: It is not.

    """
    if not may(record.state, to):
        raise ValueError(f"{to} does not follow {record.state}")
    return _change(conn, record, state=to.value, open=to in OPEN, **changes)


def touch(conn: Connection, record: Record, **changes: Any) -> Record:
    """Change something but the state, and raise the version.

    Raises:
        Raced: ``record`` is not what the book has.

    """
    return _change(conn, record, **changes)


def claim(conn: Connection, lines: Sequence[Line]) -> str | None:
    """Take units of the stock, if all are there; SKUs in sorted order.

    Returns:
        None, or the first SKU of which there are too few; the caller must then raise, so
        that what was taken is undone.

    """
    for line in sorted(lines, key=lambda line: line.sku):
        taken = conn.execute(
            update(stock)
            .where(stock.c.sku == line.sku, stock.c.claimed + line.qty <= stock.c.total)
            .values(claimed=stock.c.claimed + line.qty)
        )
        if taken.rowcount != 1:
            return line.sku
    return None


def end_claims(conn: Connection, record: Record, state: str) -> None:
    """Make the open claims ``sold``, or ``released``, which gives their units back."""
    conn.execute(
        update(claims)
        .where(claims.c.checkout == record.id, claims.c.state == "open")
        .values(state=state)
    )
    if state == "sold":
        return
    for line in sorted(record.lines, key=lambda line: line.sku):
        conn.execute(
            update(stock).where(stock.c.sku == line.sku).values(claimed=stock.c.claimed - line.qty)
        )


def release(conn: Connection, record: Record, now_ms: int) -> None:
    """Give the stock of an ending checkout back: here now, at the gate by the outbox."""
    end_claims(conn, record, "released")
    payload = {"checkout": record.id, "shops": list(record.shops), "target": "released"}
    outbox.add(conn, "settle", payload, now_ms)


def _one(conn: Connection, condition: Any) -> Record | None:
    row = conn.execute(
        select(checkouts, *_PAYMENT)
        .select_from(checkouts.outerjoin(payments, payments.c.checkout == checkouts.c.id))
        .where(condition)
    ).one_or_none()
    return None if row is None else _record(conn, row)


def _change(conn: Connection, record: Record, **changes: Any) -> Record:
    for name, kind in _JSON.items():
        if isinstance(changes.get(name), kind):
            changes[name] = msgspec.to_builtins(changes[name])
    changed = conn.execute(
        update(checkouts)
        .where(checkouts.c.id == record.id, checkouts.c.version == record.version)
        .values(version=record.version + 1, **changes)
    )
    after = by_id(conn, record.id)
    if changed.rowcount != 1 or after is None:
        raise Raced
    return after


_PAYMENT: Final = tuple(
    column.label(f"payment_{column.name}") for column in payments.c if column.name != "checkout"
)


def _record(conn: Connection, found: Row[Any]) -> Record:
    row = found._mapping  # noqa: SLF001 - a public name, kept apart from the columns
    state = State(row["state"])
    ids: tuple[str, ...] = ()
    if state is State.PAID:
        mine = select(orders.c.id).where(orders.c.checkout == row["id"]).order_by(orders.c.shop)
        ids = tuple(conn.execute(mine).scalars())
    plain: dict[str, Any] = {
        name: row[name]
        for name in Record.__dataclass_fields__
        if name not in {"lines", "state", "attempt", "orders", *_JSON}
    }
    snapshots: dict[str, Any] = {
        name: None if row[name] is None else msgspec.convert(row[name], kind)
        for name, kind in _JSON.items()
    }
    return Record(
        **plain,
        **snapshots,
        state=state,
        lines=msgspec.convert(row["lines"], tuple[Line, ...]),
        attempt=_attempt(row),
        orders=ids,
    )


def _attempt(row: Any) -> Attempt | None:
    if row["payment_id"] is None:
        return None
    return Attempt(**{name: row[f"payment_{name}"] for name in Attempt.__dataclass_fields__})
