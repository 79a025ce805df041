"""Refunds as the public contract shows them, and as they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec import UNSET, Struct, UnsetType

from checkout.order import SkuUnits

__all__ = ["Refund", "RefundLine", "RefundState", "RefundWish"]


class RefundState(StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundLine(Struct, frozen=True, kw_only=True):
    """Units that were paid back; ``amount`` in minor units."""

    sku: str
    qty: int
    amount: int


class Refund(Struct, frozen=True, kw_only=True):
    """Money on its way back to the buyer; ``amount`` in minor units.

    Attributes:
        state: pending until the provider has answered; failed when it refused.
        lines: Empty when it is not for certain units.

    """

    id: str
    order: str
    amount: int
    currency: str
    state: str
    lines: tuple[RefundLine, ...]
    reason: str | UnsetType = UNSET
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWish:
    """What a seller asks for.

    Attributes:
        key: The idempotency key, one namespace an order.
        amount: Minor units; None: by ``lines``, or all that is left.
        lines: Units, each SKU once; None: by ``amount``, or all that is left.
        reason: For people.
        restock: Whether the units go back on sale.

    """

    key: str
    amount: int | None = None
    lines: tuple[SkuUnits, ...] | None = None
    reason: str | None = None
    restock: bool = False

    @property
    def body(self) -> str:
        """The wish as the book remembers it; a key stands for one body only."""
        lines = self.lines and sorted([line.sku, line.qty] for line in self.lines)
        told = [self.amount, lines, self.reason, self.restock]
        return msgspec.json.encode(told).decode()
