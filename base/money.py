"""Money: integers in the minor unit of an ISO 4217 currency; no float anywhere."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

__all__ = ["EXPONENTS", "MAX_PRICE", "SAFE_INTEGER", "Currency", "Price", "exponent", "spoken"]

MAX_PRICE: Final = 100_000_000_000
"""With 999 units and 50 lines a total stays below 2^53, exact in JavaScript."""

SAFE_INTEGER: Final = 2**53 - 1

EXPONENTS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0
    ),
    **dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Digits after the point where it is not two (ISO 4217, list one)."""

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Price = Annotated[int, Meta(ge=0, le=MAX_PRICE)]


def exponent(currency: str) -> int:
    """How many digits of the minor unit stand after the point."""
    return EXPONENTS.get(currency, 2)


def spoken(amount: int, currency: str) -> str:
    """An amount for a person to read, as ``19.99 USD``."""
    digits = exponent(currency)
    if digits == 0:
        return f"{amount} {currency}"
    sign = "-" if amount < 0 else ""
    whole, minor = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{minor:0{digits}d} {currency}"
