"""Orders as the public contract shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from base.ids import Id
from cart.cart import MOST_LINES, Line, Qty
from checkout.checkout import Address
from checkout.order_state import OrderState

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CancelRequest", "Order", "SkuUnits", "SomeUnits", "for_shop"]

HIDDEN: Final = "***"


class SkuUnits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of a SKU of an order."""

    sku: Id
    qty: Qty


SomeUnits = Annotated[tuple[SkuUnits, ...], Meta(min_length=1, max_length=MOST_LINES)]
"""Some of an order's units, each SKU once."""


class CancelRequest(Struct, frozen=True, kw_only=True):
    """What the buyer asks the shop to cancel; without an answer it is granted.

    Attributes:
        answer_by: In Unix ms.
        lines: Absent: all that was not sent.

    """

    at: int
    answer_by: int
    reason: str | UnsetType = UNSET
    lines: tuple[SkuUnits, ...] | UnsetType = UNSET

    def without(self, units: Mapping[str, int]) -> CancelRequest | None:
        """What is still asked for when these units were cancelled otherwise; None: nothing."""
        if self.lines is UNSET:
            return self
        left = ((line.sku, line.qty - units.get(line.sku, 0)) for line in self.lines)
        rest = tuple(SkuUnits(sku=sku, qty=qty) for sku, qty in left if qty > 0)
        return replace(self, lines=rest) if rest else None


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
    cancel_request: CancelRequest | UnsetType = UNSET


def for_shop(order: Order) -> Order:
    """The order as its shop may see it: it learns the address when the hold is over."""
    if order.state != OrderState.ON_HOLD.value:
        return order
    country = order.ship_to.country
    return replace(order, ship_to=Address(name=HIDDEN, line1=HIDDEN, city=HIDDEN, country=country))
