"""Reading and changing the book's orders: what every operation on them is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from base.errors import Conflict, Forbidden, Invalid, NotFound
from base.identity import Role
from cart.cart import Line
from checkout.checkout import Address
from checkout.order import CancelRequest, Order, SkuUnits, for_shop
from checkout.order_state import CANCELLABLE, OrderState, may
from checkout.refund import RefundState
from store.sql.rows import Connection, Row, func, select, update
from store.sql.tables import order_lines, orders, payments, refund_lines, refunds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from base.identity import Actor

__all__ = [
    "Bought",
    "Changed",
    "OrderRecord",
    "change",
    "find",
    "locked",
    "order_of",
    "required",
    "seen_by",
    "settle_units",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A line of an order, and what became of its units.

    Attributes:
        refunded: Units in refunds that succeeded or are under way.
        refunded_amount: Minor units that those are for.
        restocked: Units that are on sale again.

    """

    sku: str
    qty: int
    line_total: int
    shipped: int
    cancelled: int
    restocked: int
    refunded: int = 0
    refunded_amount: int = 0

    @property
    def open(self) -> int:
        """Units that are neither sent nor cancelled."""
        return self.qty - self.shipped - self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order at one moment: more than anybody is shown.

    Attributes:
        attempt: Its payment at the provider.
        reserved: Minor units of refunds that succeeded or are under way.
        next_at: When time changes it by itself, in Unix ms.

    """

    order: Order
    checkout: str
    viewer: str
    attempt: str
    lines: tuple[Bought, ...]
    reserved: int
    platform_fee: int
    commission: int
    next_at: int | None

    @property
    def id(self) -> str:
        """The order's id."""
        return self.order.id

    @property
    def state(self) -> OrderState:
        """Where it is."""
        return OrderState(self.order.state)

    @property
    def left(self) -> int:
        """Minor units that can still be refunded."""
        return self.order.total - self.reserved

    @property
    def request(self) -> CancelRequest | None:
        """What the buyer asks the shop to cancel."""
        return None if self.order.cancel_request is UNSET else self.order.cancel_request

    @property
    def open_units(self) -> dict[str, int]:
        """Units that are neither sent nor cancelled, by SKU."""
        return {line.sku: line.open for line in self.lines if line.open}

    def wanted(self, units: Sequence[SkuUnits]) -> dict[str, int]:
        """Units of a request, by SKU.

        Raises:
            Invalid: A SKU twice, or one that was not bought.

        """
        found = {line.sku: line.qty for line in units}
        if len(found) != len(units):
            raise Invalid("Name each SKU once in lines.")
        for sku in found:
            if all(line.sku != sku for line in self.lines):
                raise Invalid(f"There is no {sku} in this order. Name what was bought.")
        return found

    def require_open(self, units: Mapping[str, int], what: str) -> None:
        """Refuse more units than are neither sent nor cancelled.

        Raises:
            Conflict: ``what`` cannot be done to so many.

        """
        present = self.open_units
        for sku, qty in units.items():
            left = present.get(sku, 0)
            if not left:
                raise Conflict(f"All of {sku} was sent or cancelled already. Leave it out.")
            if qty > left:
                raise Conflict(f"Of {sku} {left} can still be {what}. Ask for that or less.")

    def is_of(self, actor: Actor) -> bool:
        """Whether ``actor`` acts for its shop, or for all."""
        is_seller = actor.role is Role.SELLER and actor.shop == self.order.shop
        return actor.is_admin or is_seller

    def is_seen_by(self, actor: Actor) -> bool:
        """Whether it is ``actor``'s to see: as its buyer, its shop or an admin."""
        is_seller = actor.role is Role.SELLER and actor.shop is not None
        return self.is_of(actor) or (not is_seller and self.viewer == actor.id)

    def require_shop(self, actor: Actor) -> None:
        """Refuse the buyer what is the shop's to do.

        Raises:
            Forbidden: It is the buyer.

        """
        if not self.is_of(actor):
            raise Forbidden("Only the shop can do this. Ask it.")


@dataclass(frozen=True, slots=True)
class Changed:
    """An order after an operation, and whether that changed it."""

    record: OrderRecord
    changed: bool


def find(conn: Connection, order: str) -> OrderRecord | None:
    """The order of that id."""
    row = conn.execute(select(orders).where(orders.c.id == order)).one_or_none()
    return None if row is None else _record(conn, row)


def locked(conn: Connection, order: str) -> OrderRecord:
    """The order of that id; whoever else wants to change it waits for us.

    Raises:
        NotFound: There is none.

    """
    query = select(orders).where(orders.c.id == order).with_for_update()
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such order of yours. Check its id.")
    return _record(conn, row)


def required(conn: Connection, actor: Actor, order: str) -> OrderRecord:
    """The order as :func:`locked`, if ``actor`` may see it.

    Raises:
        NotFound: There is none, or it is somebody else's.

    """
    record = locked(conn, order)
    if not record.is_seen_by(actor):
        raise NotFound("There is no such order of yours. Check its id.")
    return record


def change(
    conn: Connection, record: OrderRecord, to: OrderState | None = None, **values: Any
) -> OrderRecord:
    """Change columns of an order, and its state unless ``to`` is None.

    Raises:
        ValueError: ``to`` does not follow the order's state.

    """
    if to is not None and to is not record.state:
        if not may(record.state, to):
            raise ValueError(f"{to} does not follow {record.state}")
        values["state"] = to.value
    if values:
        conn.execute(update(orders).where(orders.c.id == record.id).values(**values))
    return locked(conn, record.id)


def settle_units(conn: Connection, order: str) -> OrderRecord:
    """Bring the state to what was sent and cancelled: without open units it moves on."""
    record = locked(conn, order)
    if record.open_units or record.state not in CANCELLABLE:
        return record
    is_sent = any(line.shipped for line in record.lines)
    to = OrderState.IN_TRANSIT if is_sent else OrderState.CANCELLED
    return change(conn, record, to, next_at=None, cancel_request=None)


def seen_by(actor: Actor, order: Order) -> Order:
    """The order as somebody may see it."""
    return for_shop(order) if actor.role is Role.SELLER else order


def order_of(found: Row[Any]) -> Order:
    """The order that a row holds."""
    row = found._mapping  # noqa: SLF001 - a public name, kept apart from the columns
    apart = {"lines", "ship_to", "tracking", "cancel_request"}
    plain = {name: row[name] for name in Order.__struct_fields__ if name not in apart}
    asked = row["cancel_request"]
    return Order(
        **plain,
        lines=msgspec.convert(row["lines"], tuple[Line, ...]),
        ship_to=msgspec.convert(row["ship_to"], Address),
        tracking=UNSET if row["tracking"] is None else row["tracking"],
        cancel_request=UNSET if asked is None else msgspec.convert(asked, CancelRequest),
    )


def _record(conn: Connection, row: Row[Any]) -> OrderRecord:
    given_back = refunds.c.state != RefundState.FAILED.value
    mine = refunds.c.order == row.id
    reserved = select(func.coalesce(func.sum(refunds.c.amount), 0)).where(mine, given_back)
    attempt = select(payments.c.id).where(payments.c.checkout == row.checkout)
    return OrderRecord(
        order=order_of(row),
        checkout=row.checkout,
        viewer=row.viewer,
        attempt=conn.execute(attempt).scalar_one(),
        lines=_lines(conn, row.id),
        reserved=int(conn.execute(reserved).scalar_one()),
        platform_fee=row.platform_fee,
        commission=row.commission,
        next_at=row.next_at,
    )


def _lines(conn: Connection, order: str) -> tuple[Bought, ...]:
    units, amount = func.sum(refund_lines.c.qty), func.sum(refund_lines.c.amount)
    sums = (
        select(refund_lines.c.sku, units, amount)
        .join(refunds, refunds.c.id == refund_lines.c.refund)
        .where(refunds.c.order == order, refunds.c.state != RefundState.FAILED.value)
        .group_by(refund_lines.c.sku)
    )
    back = {sku: (int(qty), int(money)) for sku, qty, money in conn.execute(sums)}
    query = select(order_lines).where(order_lines.c.order == order)
    return tuple(
        Bought(
            sku=row.sku,
            qty=row.qty,
            line_total=row.line_total,
            shipped=row.shipped,
            cancelled=row.cancelled,
            restocked=row.restocked,
            refunded=back.get(row.sku, (0, 0))[0],
            refunded_amount=back.get(row.sku, (0, 0))[1],
        )
        for row in conn.execute(query.order_by(order_lines.c.position))
    )
