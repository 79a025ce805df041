"""Where an order goes, made fit for a label, a list and a mail before it is kept."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET
from msgspec.structs import asdict

from base.errors import Invalid
from base.iso import COUNTRIES
from base.text import one_line
from checkout.checkout import Address

__all__ = ["proper"]

MOST: Final = 200
"""Characters of each field, as its type has it."""


def proper(address: Address) -> Address:
    """The same address: each field one line, without control or direction-changing characters.

    Raises:
        Invalid: A field has nothing to read, or there is no such country.

    """
    fields = {
        name: one_line(text, most=MOST, what=f"ship_to.{name}")
        for name, text in asdict(address).items()
        if text is not UNSET
    }
    if fields["country"] not in COUNTRIES:
        raise Invalid(
            "ship_to.country is no country of ISO 3166-1: write its two letters, as US or PT."
        )
    return Address(**fields)
