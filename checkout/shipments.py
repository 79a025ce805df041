"""Operations of the book on what the shop says about sending an order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from base.errors import Conflict, Invalid
from base.moments import spoken
from checkout.events import note_order
from checkout.order import SkuUnits
from checkout.order_rows import Changed, OrderRecord, change, locked, required
from checkout.order_state import SENDABLE, OrderState, may
from shop.happened import Kind
from store.sql.rows import Connection, insert_or_ignore, select, update
from store.sql.tables import order_lines, orders, shipments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from base.identity import Actor
    from checkout.order_terms import OrderTerms

__all__ = ["ShipmentWish", "advance", "due", "ship"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentWish:
    """What the shop says.

    Attributes:
        status: awaiting_collection, in_transit or delivered.
        lines: The units of this parcel, each SKU once; None for all that was not sent.
        fresh: A new name for the parcel, for one without a tracking number.

    """

    status: OrderState = OrderState.IN_TRANSIT
    lines: tuple[SkuUnits, ...] | None = None
    tracking: str | None = None
    carrier: str | None = None
    fresh: str

    @property
    def parcel(self) -> str:
        """Names the parcel: by tracking number and units, so that a repeat finds it."""
        if self.tracking is None:
            return self.fresh
        lines = self.lines and sorted((line.sku, line.qty) for line in self.lines)
        told = msgspec.json.encode([self.tracking, self.carrier, lines])
        return hashlib.sha256(told).hexdigest()[:40]


def ship(
    conn: Connection,
    actor: Actor,
    order: str,
    wish: ShipmentWish,
    terms: OrderTerms,
    now_ms: int,
) -> Changed:
    """Note that units were sent, or how far they are.

    Args:
        conn: The operation's connection.
        actor: The shop's seller or an admin.
        order: Which order.
        wish: What is said of it.
        terms: When a delivered order is complete.
        now_ms: When, in Unix ms.

    Raises:
        NotFound, Forbidden: Not theirs to send.
        Invalid: Not of its form.
        Conflict: Its state does not allow it, or fewer units are left.

    """
    before = required(conn, actor, order)
    before.require_shop(actor)
    _require_sendable(before)
    if wish.status is OrderState.AWAITING_COLLECTION:
        return _arrange(conn, before, wish)
    units = _units(conn, before, wish)
    if units:
        _send(conn, before, wish, units, now_ms)
    after = locked(conn, order)
    to = OrderState.PARTIALLY_SHIPPING if after.open_units else wish.status
    if to is not before.state and not may(before.state, to):
        raise Conflict(f"This order is {before.state.value} already: say what is later than that.")
    changes: dict[str, Any] = _tracked(before, wish)
    if to is not before.state or units:
        delivered = to is OrderState.DELIVERED
        changes["next_at"] = now_ms + terms.complete_ms if delivered else None
        changes["cancel_request"] = None
    record = change(conn, after, to, **changes)
    if units:
        note_order(conn, Kind.ORDER_SHIPPED, record.order, now_ms, wish.parcel)
    if to is OrderState.DELIVERED and before.state is not to:
        note_order(conn, Kind.ORDER_DELIVERED, record.order, now_ms)
    return Changed(record, changed=bool(changes))


def advance(conn: Connection, order: str, now_ms: int) -> Changed:
    """Do what time does by itself: end the hold, complete what was delivered."""
    record = locked(conn, order)
    then = {
        OrderState.ON_HOLD: OrderState.AWAITING_SHIPMENT,
        OrderState.DELIVERED: OrderState.COMPLETED,
    }
    to = then.get(record.state)
    if to is None or record.next_at is None or record.next_at > now_ms:
        return Changed(record, changed=False)
    after = change(conn, record, to, next_at=None)
    if to is OrderState.AWAITING_SHIPMENT:
        # A shop that sends what it is told of has not read the address yet.
        note_order(conn, Kind.ORDER_PAID, after.order, now_ms, to.value)
    if to is OrderState.COMPLETED:
        note_order(conn, Kind.ORDER_COMPLETED, after.order, now_ms)
    return Changed(after, changed=True)


def due(conn: Connection, now_ms: int, limit: int) -> list[str]:
    """Orders that time changes by now, the longest due first."""
    query = (
        select(orders.c.id)
        .where(orders.c.next_at <= now_ms)
        .order_by(orders.c.next_at, orders.c.id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def _require_sendable(record: OrderRecord) -> None:
    if record.state is OrderState.ON_HOLD:
        until = record.next_at or 0
        raise Conflict(
            f"The buyer may still cancel freely. Send it after {spoken(until)}.", until=until
        )
    if record.state is OrderState.CANCELLED:
        raise Conflict("This order was cancelled: do not send it.")
    if record.state is OrderState.COMPLETED:
        raise Conflict("This order is complete: there is nothing to send any more.")


def _arrange(conn: Connection, record: OrderRecord, wish: ShipmentWish) -> Changed:
    """The carrier will come for all of it; nothing is sent before that."""
    if wish.lines is not None:
        raise Invalid("awaiting_collection is said of the whole order: leave lines out.")
    to = OrderState.AWAITING_COLLECTION
    if record.state is not to and not may(record.state, to):
        raise Conflict(f"This order is {record.state.value} already: say what is later than that.")
    changes = _tracked(record, wish)
    if record.state is not to:
        changes |= {"next_at": None, "cancel_request": None}
    return Changed(change(conn, record, to, **changes), changed=bool(changes))


def _units(conn: Connection, record: OrderRecord, wish: ShipmentWish) -> dict[str, int]:
    """The units that this parcel sends; none when it is known already."""
    if wish.lines is None:
        return record.open_units if record.state in SENDABLE else {}
    units = record.wanted(wish.lines)
    mine = (shipments.c.order == record.id) & (shipments.c.key == wish.parcel)
    if conn.execute(select(shipments.c.key).where(mine)).one_or_none() is not None:
        return {}
    record.require_open(units, "sent")
    return units


def _send(
    conn: Connection,
    record: OrderRecord,
    wish: ShipmentWish,
    units: Mapping[str, int],
    now_ms: int,
) -> None:
    parcel = {"lines": dict(units), "tracking": wish.tracking, "carrier": wish.carrier}
    insert_or_ignore(conn, shipments, order=record.id, key=wish.parcel, at=now_ms, **parcel)
    for sku, qty in sorted(units.items()):
        mine = (order_lines.c.order == record.id) & (order_lines.c.sku == sku)
        shipped = order_lines.c.shipped + qty
        conn.execute(update(order_lines).where(mine).values(shipped=shipped))


def _tracked(record: OrderRecord, wish: ShipmentWish) -> dict[str, Any]:
    is_new = wish.tracking is not None and wish.tracking != record.order.tracking
    return {"tracking": wish.tracking} if is_new else {}
