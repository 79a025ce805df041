"""The life of an order: one table says which state may follow which.

1. Everything that decides whether a change of state is allowed stands here.
2. Units are *open* while they are neither sent nor cancelled; a state is *sendable* while an
   order may have open units.
3. What was sent is not cancelled any more: money goes back by a refund.

``docs/orders.md`` is drawn from this table; a test compares them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CANCELLABLE", "MEANING", "SENDABLE", "TRANSITIONS", "OrderState", "may"]


class OrderState(StrEnum):
    """Where an order is, from paid to the doorstep."""

    ON_HOLD = "on_hold"
    AWAITING_SHIPMENT = "awaiting_shipment"
    PARTIALLY_SHIPPING = "partially_shipping"
    AWAITING_COLLECTION = "awaiting_collection"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


MEANING: Final[Mapping[OrderState, str]] = {
    OrderState.ON_HOLD: "paid; the buyer may still cancel freely, the shop sees no address",
    OrderState.AWAITING_SHIPMENT: "paid; the shop has to send it",
    OrderState.PARTIALLY_SHIPPING: "some units were sent, others have to be",
    OrderState.AWAITING_COLLECTION: "the shipment is arranged; the carrier has not come yet",
    OrderState.IN_TRANSIT: "everything that was not cancelled is on its way",
    OrderState.DELIVERED: "it has arrived",
    OrderState.COMPLETED: "the time for refunds is over",
    OrderState.CANCELLED: "all of it was cancelled before it was sent; the stock is back",
}
"""What each state means, for people."""

TRANSITIONS: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    OrderState.ON_HOLD: frozenset({OrderState.AWAITING_SHIPMENT, OrderState.CANCELLED}),
    OrderState.AWAITING_SHIPMENT: frozenset(
        {
            OrderState.PARTIALLY_SHIPPING,
            OrderState.AWAITING_COLLECTION,
            OrderState.IN_TRANSIT,
            OrderState.DELIVERED,
            OrderState.CANCELLED,
        }
    ),
    # IN_TRANSIT also when the units that were still here are cancelled.
    OrderState.PARTIALLY_SHIPPING: frozenset({OrderState.IN_TRANSIT, OrderState.DELIVERED}),
    OrderState.AWAITING_COLLECTION: frozenset(
        {
            OrderState.PARTIALLY_SHIPPING,
            OrderState.IN_TRANSIT,
            OrderState.DELIVERED,
            OrderState.CANCELLED,
        }
    ),
    OrderState.IN_TRANSIT: frozenset({OrderState.DELIVERED}),
    OrderState.DELIVERED: frozenset({OrderState.COMPLETED}),
    OrderState.COMPLETED: frozenset(),
    OrderState.CANCELLED: frozenset(),
}
"""Every change there is; what is not here does not happen."""

SENDABLE: Final = frozenset(
    {
        OrderState.AWAITING_SHIPMENT,
        OrderState.PARTIALLY_SHIPPING,
        OrderState.AWAITING_COLLECTION,
    }
)
"""The shop may send units."""

CANCELLABLE: Final = SENDABLE | {OrderState.ON_HOLD}
"""There are units that can still be cancelled."""


def may(state: OrderState, to: OrderState) -> bool:
    """Whether ``to`` may follow ``state``."""
    return to in TRANSITIONS[state]
