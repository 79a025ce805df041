"""Carts and lines as the public contract shows them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

__all__ = ["MOST_LINES", "MOST_UNITS", "Cart", "Line", "Qty", "QtyOrNone"]

MOST_LINES: Final = 50
MOST_UNITS: Final = 999

Qty = Annotated[int, Meta(ge=1, le=MOST_UNITS)]
QtyOrNone = Annotated[int, Meta(ge=0, le=MOST_UNITS)]


class Line(Struct, frozen=True, kw_only=True):
    """Units of one SKU at their price."""

    sku: str
    product: str
    shop: str
    title: str
    unit_price: int
    qty: int
    line_total: int


class Cart(Struct, frozen=True, kw_only=True):
    """A viewer's cart; an empty one has currency ``""``."""

    version: int
    currency: str
    lines: tuple[Line, ...]
    total: int
    count: int
