"""Amounts, counts and times as a page shows them before its script knows the viewer's locale.

English, and the same words and signs that ``Intl`` gives in English, so that nothing jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from base.money import exponent

__all__ = ["Moment", "amount", "count", "elapsed", "moment"]

SIGNS: Final = {
    "AUD": "$",
    "BRL": "R$",
    "CAD": "$",
    "CNY": "¥",
    "CZK": "Kč",
    "DKK": "kr",
    "EUR": "€",
    "GBP": "£",
    "HKD": "$",
    "HUF": "Ft",
    "IDR": "Rp",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "$",
    "MYR": "RM",
    "NOK": "kr",
    "NZD": "$",
    "PHP": "₱",
    "PLN": "zł",
    "SEK": "kr",
    "SGD": "$",
    "THB": "฿",
    "TRY": "₺",
    "TWD": "$",
    "UAH": "₴",
    "USD": "$",
    "VND": "₫",
    "ZAR": "R",
}
"""Narrow signs; another currency shows its code."""

IN_FULL: Final = 10_000
UNITS: Final = ((10**9, "B"), (10**6, "M"), (10**3, "K"))


def amount(minor: int, currency: str) -> str:
    """2490 and ``EUR`` as ``€24.90``."""
    sign = SIGNS.get(currency, currency)
    digits = exponent(currency)
    whole, part = divmod(abs(minor), 10**digits)
    number = f"{whole:,}" + (f".{part:0{digits}d}" if digits else "")
    # A sign that ends in a letter keeps its distance, as Intl has it.
    space = "\N{NO-BREAK SPACE}" if sign[-1].isalpha() else ""
    return f"{'-' if minor < 0 else ''}{sign}{space}{number}"


def count(number: int) -> str:
    """1204 as ``1,204``; from 10,000 on short, as ``12.3K``."""
    if number < IN_FULL:
        return f"{number:,}"
    for unit, name in UNITS:
        if number >= unit:
            tenths = number * 10 // unit
            whole, tenth = divmod(tenths, 10)
            return f"{whole}.{tenth}{name}" if tenth else f"{whole}{name}"
    return str(number)


def elapsed(ms: int) -> str:
    """How long something has gone on: ``4:32``, ``1:04:32``."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, for programs and for people."""

    machine: str
    human: str


def moment(at_ms: int) -> Moment | None:
    """Unix ms as ``Thu 4 June, 19:00 UTC``; None for what is in no calendar."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    human = f"{at:%a} {at.day} {at:%B}, {at:%H:%M} UTC"
    return Moment(at.isoformat(timespec="seconds"), human)
