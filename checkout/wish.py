"""What somebody asks for when they open a checkout: the body that a key stands for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cart.cart import Line

__all__ = ["Wish", "gate_fingerprint"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One SKU at once, or the whole cart.

    Attributes:
        sku: None for the whole cart.
        qty: Units of the SKU.
        expected_total: What the buyer saw, in minor units; None accepts any total.

    """

    sku: str | None = None
    qty: int = 0
    expected_total: int | None = None

    @property
    def is_whole_cart(self) -> bool:
        """Whether it is for what the cart holds at that moment."""
        return self.sku is None

    @cached_property
    def fingerprint(self) -> str:
        """Tells requests apart; the same over every socket and HTTP."""
        body = {"sku": self.sku, "qty": self.qty, "expected_total": self.expected_total}
        return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


def gate_fingerprint(fingerprint: str, lines: Sequence[Line]) -> str:
    """Tells holds apart: a cart may have changed since a first try that crashed."""
    held = ",".join(sorted(f"{line.sku}:{line.qty}" for line in lines))
    return hashlib.sha256(f"{fingerprint}|{held}".encode()).hexdigest()
