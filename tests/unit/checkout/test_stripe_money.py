"""Amounts as Stripe counts them."""

from __future__ import annotations

import pytest

from base.errors import Invalid
from base.iso import CURRENCIES
from checkout.payments.stripe_money import CONTRADICTORY, from_stripe, to_stripe


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        (1999, "USD", 1999),
        (1999, "HUF", 1999),
        (1999, "TWD", 1999),
        (1999, "JPY", 1999),
        (1999, "ISK", 199_900),
        (1900, "MGA", 19),
        (5_120, "KWD", 5_120),
        (0, "EUR", 0),
    ],
)
def test_an_amount_goes_there_and_back(amount: int, currency: str, units: int) -> None:
    assert to_stripe(amount, currency) == units
    assert from_stripe(units, currency) == amount


@pytest.mark.parametrize(("amount", "currency"), [(1901, "MGA"), (5_124, "KWD"), (500, "UGX")])
def test_what_stripe_cannot_take_is_refused(amount: int, currency: str) -> None:
    with pytest.raises(Invalid, match=currency):
        to_stripe(amount, currency)


def test_a_fraction_of_our_minor_unit_is_no_amount() -> None:
    with pytest.raises(ValueError, match="ISK"):
        from_stripe(150, "ISK")


@pytest.mark.parametrize("currency", sorted(CURRENCIES - CONTRADICTORY))
def test_round_sums_survive_in_every_currency(currency: str) -> None:
    for amount in (10_000, 123_000, 99_999_000):
        assert from_stripe(to_stripe(amount, currency), currency) == amount
