"""Amounts as Stripe counts them, which is not always the minor unit of ISO 4217.

From docs.stripe.com/currencies, November 2026. Our amounts are in ISO's minor units.
"""

from __future__ import annotations

from typing import Final

from base.errors import Invalid
from base.iso import CURRENCIES
from base.money import exponent, spoken

__all__ = ["STEPS", "from_stripe", "to_stripe"]

EXPONENTS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""Digits after the point at Stripe where it is not two. ISK has two there and none in ISO; MGA
the other way round. HUF and TWD are special for payouts only."""

THREE_DIGITS: Final = 1000

CONTRADICTORY: Final = frozenset({"UGX"})
"""Listed without a minor unit, and described with two digits a little further down: whoever
guesses is wrong by a factor of a hundred."""


def to_stripe(amount: int, currency: str) -> int:
    """What to ask Stripe for.

    Raises:
        Invalid: Stripe cannot take this amount in this currency.

    """
    if currency in CONTRADICTORY:
        raise Invalid(f"{currency} cannot be paid by card here.")
    theirs, ours = _sizes(currency)
    if amount % STEPS.get(currency, 1):
        raise Invalid(f"{spoken(amount, currency)} cannot be paid by card: it is no round sum.")
    return amount * theirs // ours


def from_stripe(units: int, currency: str) -> int:
    """What Stripe says as an amount of ours.

    Raises:
        ValueError: It is no whole number of our minor units.

    """
    theirs, ours = _sizes(currency)
    amount, rest = divmod(units * ours, theirs)
    if rest:
        raise ValueError(f"{units} is no amount of {currency}")
    return amount


def _sizes(currency: str) -> tuple[int, int]:
    """How many units of Stripe's and of ours make a whole one."""
    theirs: int = 10 ** EXPONENTS.get(currency, 2)
    ours: int = 10 ** exponent(currency)
    return theirs, ours


def _step(currency: str) -> int:
    theirs, ours = _sizes(currency)
    # The card networks know two digits only; Stripe wants the third to be 0.
    return 10 if theirs == THREE_DIGITS else max(1, ours // theirs)


STEPS: Final = {currency: step for currency in CURRENCIES if (step := _step(currency)) > 1}
"""Amounts of ours in these currencies have to be multiples of so many minor units."""
