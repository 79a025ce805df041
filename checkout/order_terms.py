"""The terms of an installation for orders that were paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["ORDER_TERMS", "OrderTerms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """How long things may take, in ms, and what the platform keeps.

    Attributes:
        free_cancel_ms: How long after the payment the buyer may cancel freely; 0: not at all.
        asks_shop: Whether the shop has to agree when a buyer cancels later than that.
        cancel_answer_ms: How long the shop has to answer; then it has agreed.
        complete_ms: From the delivery to the end of refunds.
        platform_fee_bps: Of what was paid, in basis points; frozen for an order when it is paid.
        steps: As :attr:`checkout.payments.provider.Provider.steps`.

    """

    free_cancel_ms: int = 0
    asks_shop: bool = False
    cancel_answer_ms: int = 24 * 3600 * 1000
    complete_ms: int = 15 * 24 * 3600 * 1000
    platform_fee_bps: int = 0
    steps: Mapping[str, int] = field(default_factory=dict)


ORDER_TERMS: Final = OrderTerms()
"""Those of an installation that sets none."""
