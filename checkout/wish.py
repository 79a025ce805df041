"""What somebody asks for when they open a checkout: the body that a key stands for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cart.cart import Line

__all__ = ["Wish", "gate_fingerprint"]

ALIKE: Final = 1024
"""Wishes whose fingerprints are remembered: a crowd wants the same."""


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

    @property
    def fingerprint(self) -> str:
        """Tells requests apart; the same over every socket and HTTP."""
        return _of_wish(self.sku, self.qty, self.expected_total)


def gate_fingerprint(fingerprint: str, lines: Sequence[Line]) -> str:
    """Tells holds apart: a cart may have changed since a first try that crashed."""
    return _of_hold(fingerprint, ",".join(sorted([f"{line.sku}:{line.qty}" for line in lines])))


@lru_cache(ALIKE)
def _of_wish(sku: str | None, qty: int, expected_total: int | None) -> str:
    body = {"sku": sku, "qty": qty, "expected_total": expected_total}
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


@lru_cache(ALIKE)
def _of_hold(fingerprint: str, held: str) -> str:
    return hashlib.sha256(f"{fingerprint}|{held}".encode()).hexdigest()
