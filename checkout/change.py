"""What an operation made of a checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from checkout.order import Order
    from checkout.record import Record

__all__ = ["Change"]


class Change(Struct, frozen=True):
    """A checkout after an operation, whether that changed it, and orders that were made."""

    record: Record
    changed: bool
    orders: tuple[Order, ...] = ()
