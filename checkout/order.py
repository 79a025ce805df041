"""Orders as the public contract shows them."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from cart.cart import Line
from checkout.checkout import Address

__all__ = ["Order", "OrderState"]


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


class Order(Struct, frozen=True, kw_only=True):
    """What one shop has to send after a checkout was paid."""

    id: str
    number: str
    shop: str
    state: str
    lines: tuple[Line, ...]
    subtotal: int
    shipping: int
    discount: int
    tax: int
    total: int
    refunded_total: int
    currency: str
    paid_at: int
    ship_to: Address
    tracking: str | UnsetType = UNSET
