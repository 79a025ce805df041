"""Checkouts as the public contract shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from cart.cart import Line

__all__ = ["Action", "Address", "Checkout", "Failure", "Method"]

_Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Address(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an order goes."""

    name: _Text
    line1: _Text
    line2: _Text | UnsetType = UNSET
    city: _Text
    region: _Text | UnsetType = UNSET
    postal_code: _Text | UnsetType = UNSET
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]
    phone: _Text | UnsetType = UNSET
    email: _Text | UnsetType = UNSET

    def __repr__(self) -> str:
        """Nothing of it: an address has no place in a log."""
        return "Address(...)"


class Method(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to pay: a token of the payment provider, never a card number."""

    type: Literal["card"]
    token: Annotated[str, Meta(min_length=1, max_length=200)]

    def __repr__(self) -> str:
        """Without its token, which has no place in a log."""
        return f"Method(type={self.type!r}, ...)"


class Action(Struct, frozen=True, kw_only=True):
    """What the buyer must do before the payment goes on."""

    type: Literal["redirect"]
    url: str


class Failure(Struct, frozen=True, kw_only=True):
    """Why the last payment did not succeed."""

    code: str
    message: str


class Checkout(Struct, frozen=True, kw_only=True):
    """A purchase on its way; a lower ``version`` is old news."""

    id: str
    version: int
    state: str
    currency: str
    lines: tuple[Line, ...]
    subtotal: int
    shipping: int
    discount: int
    tax: int
    total: int
    pay_by: int
    hold_until: int
    place: int | UnsetType = UNSET
    action: Action | UnsetType = UNSET
    orders: tuple[str, ...] = ()
    failure: Failure | UnsetType = UNSET
