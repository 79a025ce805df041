"""Bodies of requests: a command's fields without those that stand in the path."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from base.ids import Id, Key
from base.money import SAFE_INTEGER
from cart.cart import Qty, QtyOrNone
from checkout.checkout import Address, Method
from checkout.order import SomeUnits

__all__ = [
    "Cancellation",
    "LineUnits",
    "NewCheckout",
    "NewLine",
    "NewRefund",
    "NewShipment",
    "NoFields",
    "OneProduct",
    "Payment",
    "StockChange",
]

Reason = Annotated[str, Meta(max_length=2000)]
Units = Annotated[int, Meta(ge=-SAFE_INTEGER, le=SAFE_INTEGER)]


class NoFields(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said: an empty body, or ``{}``."""


class OneProduct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which product is meant."""

    product: Id


class NewLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units to add to the cart."""

    sku: Id
    qty: Qty


class LineUnits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units that the cart shall hold; none removes the line."""

    qty: QtyOrNone


class NewCheckout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sku`` and ``qty`` to buy one product at once; neither to check out the cart.

    ``expected_total`` is the cart's total that the buyer saw, in minor units. ``show`` is
    where it was bought, and not part of what a key stands for.
    """

    sku: Id | UnsetType = UNSET
    qty: Qty | UnsetType = UNSET
    expected_total: Annotated[int, Meta(ge=0, le=SAFE_INTEGER)] | UnsetType = UNSET
    show: Id | UnsetType = UNSET


class Payment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a checkout is paid; ``ship_to`` is needed once."""

    method: Method
    ship_to: Address | UnsetType = UNSET


class Cancellation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which units to cancel, all that was not sent without ``lines``.

    With ``decline`` the shop says no to a buyer who has asked.
    """

    reason: Reason | UnsetType = UNSET
    lines: SomeUnits | UnsetType = UNSET
    decline: bool = False


class NewRefund(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``amount`` in minor units, or the units of ``lines``; neither for all that is left.

    With ``restock`` the units go back on sale.
    """

    amount: Annotated[int, Meta(ge=1, le=SAFE_INTEGER)] | UnsetType = UNSET
    lines: SomeUnits | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    restock: bool = False


class NewShipment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far units are: those of ``lines``, all that was not sent without."""

    tracking: Annotated[str, Meta(max_length=400)] | UnsetType = UNSET
    carrier: Annotated[str, Meta(max_length=400)] | UnsetType = UNSET
    lines: SomeUnits | UnsetType = UNSET
    status: Literal["awaiting_collection", "in_transit", "delivered"] = "in_transit"


class StockChange(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"set_to": "set"}
):
    """Units to ``add`` (below zero: to take away), or to ``set`` as left to sell."""

    key: Key
    add: Units | UnsetType = UNSET
    set_to: Units | UnsetType = UNSET
