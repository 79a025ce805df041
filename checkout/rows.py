"""Reading and changing the book's checkouts: what every operation is made of."""

from __future__ import annotations

from collections import Counter
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from msgspec.structs import replace

from cart.cart import Line
from checkout.checkout import Action, Address, Failure
from checkout.pricing import by_shop
from checkout.race import Raced
from checkout.record import Attempt, Record
from checkout.state import OPEN, State, may
from store.sql import outbox
from store.sql.rows import (
    Connection,
    Prepared,
    and_,
    bindparam,
    change,
    change_all,
    in_sizes,
    or_,
    select,
    update,
)
from store.sql.tables import checkouts, claims, orders, payments, stock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "all_by_id",
    "by_attempt",
    "by_id",
    "change_payment",
    "change_payments",
    "claim",
    "end_claims",
    "known",
    "move",
    "move_all",
    "open_of",
    "owned",
    "release",
    "sell_claims",
    "settlement",
    "touch",
]

_JSON: Final = {"ship_to": Address, "action": Action, "failure": Failure}

_PAYMENT: Final = tuple(
    column.label(f"payment_{column.name}") for column in payments.c if column.name != "checkout"
)
_FOUND: Final = select(checkouts, *_PAYMENT).select_from(
    checkouts.outerjoin(payments, payments.c.checkout == checkouts.c.id)
)
_BY_ID: Final = Prepared(_FOUND.where(checkouts.c.id == bindparam("ident")))
_BY_ATTEMPT: Final = Prepared(_FOUND.where(payments.c.id == bindparam("ident")))
_OPEN_OF: Final = Prepared(
    _FOUND.where(and_(checkouts.c.viewer == bindparam("ident"), checkouts.c.open))
)
_ORDERS: Final = Prepared(
    select(orders.c.id).where(orders.c.checkout == bindparam("ident")).order_by(orders.c.shop)
)
_QTY: Final = bindparam("qty", type_=stock.c.claimed.type)
_TAKE: Final = Prepared(
    update(stock)
    .where(stock.c.sku == bindparam("of"), stock.c.claimed + _QTY <= stock.c.total)
    .values(claimed=stock.c.claimed + _QTY)
)
_GIVE_BACK: Final = Prepared(
    update(stock).where(stock.c.sku == bindparam("of")).values(claimed=stock.c.claimed - _QTY)
)


@cache
def _by_ids(count: int) -> Prepared:
    ids: list[Any] = [bindparam(f"id{number}") for number in range(count)]
    return Prepared(_FOUND.where(checkouts.c.id.in_(ids)))


def by_id(conn: Connection, checkout: str) -> Record | None:
    """The checkout of that id."""
    return _one(conn, _BY_ID, checkout)


def all_by_id(conn: Connection, ids: Sequence[str]) -> dict[str, Record]:
    """Those of the checkouts that there are."""
    found: dict[str, Record] = {}
    for some in in_sizes(ids):
        query = _by_ids(len(some))
        names = {f"id{number}": ident for number, ident in enumerate(some)}
        for row in query.rows(conn, **names):
            record = _record(conn, dict(zip(query.columns, row, strict=True)))
            found[record.id] = record
    return found


def by_attempt(conn: Connection, attempt: str) -> Record | None:
    """The checkout that a payment is for."""
    return _one(conn, _BY_ATTEMPT, attempt)


def open_of(conn: Connection, viewer: str) -> Record | None:
    """The viewer's open checkout."""
    return _one(conn, _OPEN_OF, viewer)


def move_all(
    conn: Connection, records: Sequence[Record], befores: Sequence[int], names: Sequence[str]
) -> bool:
    """Store what checkouts have become, if each still has its version of before; on SQLite.

    Args:
        conn: The operation's connection.
        records: As they are now.
        befores: The version of each before.
        names: Columns that have changed, besides the version.

    Returns:
        Whether all had.

    """
    changed = []
    for record, before in zip(records, befores, strict=True):
        row = {"old_id": record.id, "old_version": before, "version": record.version}
        changed.append(row | {name: _COLUMN[name](record) for name in names})
    return change_all(conn, checkouts, ("id", "version"), changed) == len(changed)


_COLUMN: Final[dict[str, Callable[[Record], Any]]] = {
    "state": lambda record: record.state.value,
    "open": lambda record: record.is_open,
    **{name: attrgetter(name) for name in ("ship_to", "action", "failure", "next_at")},
}


def change_payments(conn: Connection, records: Sequence[Record]) -> None:
    """Store what the payments of checkouts have become; on SQLite."""
    attempts = [record.paying for record in records]
    changed = [
        {"old_id": attempt.id, "state": attempt.state, "captured": attempt.captured}
        for attempt in attempts
    ]
    change_all(conn, payments, ("id",), changed)


def sell_claims(conn: Connection, records: Sequence[Record]) -> None:
    """Make the open claims of checkouts ``sold``; on SQLite."""
    ended = [{"old_checkout": one.id, "old_state": "open", "state": "sold"} for one in records]
    change_all(conn, claims, ("checkout", "state"), ended)


def known(conn: Connection, asked: Sequence[tuple[str, str]]) -> list[bool]:
    """Of each pair, whether there is that checkout, or an open one of that viewer."""
    there: set[str] = set()
    busy: set[str] = set()
    for some in in_sizes(asked):
        names: dict[str, Any] = {}
        for number, (checkout, viewer) in enumerate(some):
            names[f"id{number}"], names[f"viewer{number}"] = checkout, viewer
        for checkout, viewer, is_open in _known(len(some)).rows(conn, **names):
            there.add(checkout)
            if is_open:
                busy.add(viewer)
    return [checkout in there or viewer in busy for checkout, viewer in asked]


@cache
def _known(count: int) -> Prepared:
    ids: list[Any] = [bindparam(f"id{number}") for number in range(count)]
    viewers: list[Any] = [bindparam(f"viewer{number}") for number in range(count)]
    mine = and_(checkouts.c.viewer.in_(viewers), checkouts.c.open)
    query = select(checkouts.c.id, checkouts.c.viewer, checkouts.c.open)
    return Prepared(query.where(or_(checkouts.c.id.in_(ids), mine)))


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
    return _change(conn, record, {"open": to in OPEN}, state=to, **changes)


def touch(conn: Connection, record: Record, **changes: Any) -> Record:
    """Change something but the state, and raise the version.

    Raises:
        Raced: ``record`` is not what the book has.

    """
    return _change(conn, record, {}, **changes)


def change_payment(conn: Connection, record: Record, **changes: Any) -> Record:
    """Change the checkout's payment; its version stays."""
    change(conn, payments, {"id": record.paying.id}, **changes)
    return replace(record, attempt=replace(record.paying, **changes))


def claim(conn: Connection, lines: Sequence[Line]) -> str | None:
    """Take units of the stock, if all are there; SKUs in sorted order.

    Returns:
        None, or the first SKU of which there are too few; the caller must then raise, so
        that what was taken is undone.

    """
    units: Counter[str] = Counter()
    for line in lines:
        units[line.sku] += line.qty
    for sku, qty in sorted(units.items()):
        if _TAKE.run(conn, of=sku, qty=qty) != 1:
            return sku
    return None


def end_claims(conn: Connection, record: Record, state: str) -> None:
    """Make the open claims ``sold``, or ``released``, which gives their units back."""
    change(conn, claims, {"checkout": record.id, "state": "open"}, state=state)
    if state == "sold":
        return
    for line in sorted(record.lines, key=lambda line: line.sku):
        _GIVE_BACK.run(conn, of=line.sku, qty=line.qty)


def release(conn: Connection, record: Record, now_ms: int) -> None:
    """Give the stock of an ending checkout back: here now, at the gate by the outbox."""
    end_claims(conn, record, "released")
    payload = settlement(record, record.id, "released")
    outbox.add(conn, "settle", payload, now_ms)


def settlement(record: Record, hold: str, target: Literal["sold", "released"]) -> dict[str, Any]:
    """Word for the gate, by the outbox, of how a checkout's holds end: what each has and how."""
    skus = {shop: [line.sku for line in lines] for shop, lines in by_shop(record.lines).items()}
    return {"checkout": hold, "shops": list(skus), "target": target, "skus": skus}


def _one(conn: Connection, query: Prepared, ident: str) -> Record | None:
    found = query.rows(conn, ident=ident)
    return _record(conn, dict(zip(query.columns, found[0], strict=True))) if found else None


def _change(conn: Connection, record: Record, unseen: Mapping[str, Any], **changes: Any) -> Record:
    """Change a row that is still the one that was read, and know what it is now."""
    stored = {**unseen, **changes, "version": record.version + 1}
    if "state" in stored:
        stored["state"] = stored["state"].value
    if change(conn, checkouts, {"id": record.id, "version": record.version}, **stored) != 1:
        raise Raced
    return replace(record, version=record.version + 1, **changes)


_PLAIN: Final = tuple(
    name
    for name in Record.__struct_fields__
    if name not in {"lines", "state", "attempt", "orders", *_JSON}
)
_ATTEMPT: Final = tuple((name, f"payment_{name}") for name in Attempt.__struct_fields__)


def _record(conn: Connection, row: Mapping[str, Any]) -> Record:
    state = State(row["state"])
    ids: tuple[str, ...] = ()
    if state is State.PAID:
        ids = tuple(ident for (ident,) in _ORDERS.rows(conn, ident=row["id"]))
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
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


def _attempt(row: Mapping[str, Any]) -> Attempt | None:
    if row["payment_id"] is None:
        return None
    return Attempt(**{name: row[column] for name, column in _ATTEMPT})
