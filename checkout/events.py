"""What the log of events says of checkouts and orders; see :mod:`shop.happened`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET, Struct, UnsetType

from cart.cart import Line
from checkout.checkout import Failure
from checkout.order import for_shop
from checkout.pricing import by_shop
from checkout.state import State
from shop.happened import Kind, note, note_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout.order import Order
    from checkout.record import Record
    from store.sql.rows import Connection

__all__ = ["EndedCheckout", "note_end", "note_order", "note_orders"]

_ENDS: Final = {
    State.EXPIRED: Kind.CHECKOUT_EXPIRED,
    State.CANCELLED: Kind.CHECKOUT_CANCELLED,
    State.FAILED: Kind.CHECKOUT_FAILED,
}


class EndedCheckout(Struct, frozen=True, kw_only=True):
    """A checkout that was not paid, as far as it concerns one shop: its lines and their total."""

    id: str
    state: str
    currency: str
    lines: tuple[Line, ...]
    total: int
    failure: Failure | UnsetType = UNSET


def note_order(conn: Connection, kind: Kind, order: Order, at: int, change: str = "") -> None:
    """Note, within an operation, what happened to an order.

    Args:
        conn: The operation's connection.
        kind: One of the kinds of orders.
        order: As it is now.
        at: When, in Unix ms.
        change: The id of the refund or parcel where there may be several, or the state that
            the order is in by now; without it a kind is noted once an order.

    """
    about = f"{order.id}|{change}" if change else order.id
    data: dict[str, Any] = {"order": for_shop(order)}
    note(conn, kind, about, shop=order.shop, at=at, data=data)


def note_orders(conn: Connection, kind: Kind, made: Sequence[Order], at: int) -> None:
    """The same of several, of a kind that is noted once an order."""
    note_all(conn, kind, at, [(one.id, one.shop, {"order": for_shop(one)}) for one in made])


def note_end(conn: Connection, record: Record, at: int) -> None:
    """Note, within an operation, that a checkout has ended unpaid: to each shop its part."""
    for shop, lines in by_shop(record.lines).items():
        ended = EndedCheckout(
            id=record.id,
            state=record.state.value,
            currency=record.currency,
            lines=lines,
            total=sum(line.line_total for line in lines),
            failure=UNSET if record.failure is None else record.failure,
        )
        data: dict[str, Any] = {"checkout": ended}
        note(conn, _ENDS[record.state], f"{record.id}|{shop}", shop=shop, at=at, data=data)
