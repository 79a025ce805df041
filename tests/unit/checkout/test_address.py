"""An address is printed on labels and put into mails: each field is one line to read."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from base.errors import Invalid
from checkout.address import proper
from checkout.checkout import Address

HOME = Address(name="Ada L.", line1="1 Mill Road", city="Leeds", country="GB")


def test_a_plain_address_stays_as_it_is() -> None:
    assert proper(HOME) == HOME


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada\r\nBcc: eve@example.com", "Ada Bcc: eve@example.com"),
        ("A\x00d\x1ba", "Ada"),
        ("\u202eadA", "adA"),
        ("  Ada \u2029 Lovelace ", "Ada Lovelace"),
        ("Zoe\u0301", "Zoé"),
    ],
)
def test_a28_a_field_has_one_line_and_nothing_that_cannot_be_read(typed: str, kept: str) -> None:
    assert proper(replace(HOME, name=typed, email=typed)) == replace(HOME, name=kept, email=kept)


@pytest.mark.parametrize("field", ["name", "line1", "city", "region"])
def test_a_field_without_anything_to_read_is_named(field: str) -> None:
    for blank in (" ", "\n", "\u200e", "\x00"):
        with pytest.raises(Invalid, match=rf"ship_to\.{field} must have 1 to 200"):
            proper(replace(HOME, **{field: blank}))


def test_a_country_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Invalid, match="two letters"):
        proper(replace(HOME, country="XX"))
