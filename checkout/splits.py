"""Parts of amounts, in minor units: what is split always adds up to the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BASIS", "reversed_part", "share", "spread", "up_to"]

BASIS: Final = 10_000
"""Basis points of the whole."""


def share(amount: int, bps: int) -> int:
    """So many basis points of an amount, rounded down."""
    return amount * bps // BASIS


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Split by weight; the largest remainders, and of equal ones the first, get a unit more.

    Args:
        amount: Minor units, zero or more.
        weights: Zero or more each; not all zero, unless the amount is.

    Raises:
        ValueError: There is something to split and nobody to get it.

    """
    whole = sum(weights)
    if whole == 0:
        if amount:
            raise ValueError("an amount cannot be split among nobody")
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda at: (-(amount * weights[at] % whole), at)
    )
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def up_to(total: int, units: int, of: int) -> int:
    """What the first ``units`` of ``of`` units come to, rounded down; all of them to ``total``."""
    return total * units // of


def reversed_part(part: int, refunded: int, captured: int) -> int:
    """How much of a part goes back once ``refunded`` of ``captured`` was given back.

    Taken of what was refunded altogether, so that many small refunds do not drift: a full
    refund reverses the whole part.
    """
    return part * refunded // captured if captured else 0
