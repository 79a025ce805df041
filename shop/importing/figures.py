"""Numbers as they stand in cells: prices become minor units, without a float on the way."""

from __future__ import annotations

import re
from typing import Final

from base.errors import Invalid
from base.money import MAX_PRICE, exponent, spoken
from shop.product import MOST_LEFT

__all__ = ["minor_units", "units_left"]

FORMULA: Final = ("=", "+", "-", "@")
"""How a spreadsheet's formula begins. Text may; a number that does is not computed here."""

_PRICE: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{0,30}))?")
_UNITS: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.0{1,30})?")
_BELOW_ZERO: Final = re.compile(r"-[0-9.,]+")


def minor_units(text: str, currency: str) -> int:
    """A price, as ``19.99``, in the minor unit of its currency.

    Raises:
        Invalid: It is no plain number, below zero, too fine for the currency or too high.

    """
    found = _PRICE.fullmatch(text)
    if found is None:
        raise Invalid(_not_a_price(text))
    digits = exponent(currency)
    fine = (found[2] or "").rstrip("0")
    if len(fine) > digits:
        raise Invalid(f"has more than the {digits} decimals of {currency}. Round it.")
    amount = int(found[1] + fine.ljust(digits, "0"))
    if amount > MAX_PRICE:
        raise Invalid(f"is more than {spoken(MAX_PRICE, currency)}, the most a unit may cost.")
    return amount


def units_left(text: str) -> int:
    """A number of units; below zero is none: more were sold there than there were.

    Raises:
        Invalid: It is no whole number, or too high.

    """
    found = _UNITS.fullmatch(text)
    if found is None:
        raise Invalid("is no whole number. Write the units in digits, as 12.")
    units = 0 if found[1] else int(found[2])
    if units > MOST_LEFT:
        raise Invalid(f"is more than {MOST_LEFT:,}, the most units of a variant.")
    return units


def _not_a_price(text: str) -> str:
    if _BELOW_ZERO.fullmatch(text):
        return "is below zero. Write what a buyer pays."
    if text.startswith(FORMULA):
        return "is a formula, which is not computed here. Write the price itself, as 19.99."
    if "," in text:
        return "has a comma. Write it with a point and nothing between thousands, as 1999.50."
    return "is no price. Write digits and a point alone, as 19.99."
