"""Amounts, counts and times as a page shows them first, as ``Intl`` has them in English."""

from __future__ import annotations

import pytest

from web.displayed import amount, count, moment


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (2490, "EUR", "€24.90"),
        (5, "USD", "$0.05"),
        (123456789, "USD", "$1,234,567.89"),
        (1999, "JPY", "¥1,999"),
        (12345, "KWD", "KWD\u00a012.345"),
        (1999, "CHF", "CHF\u00a019.99"),
        (1999, "NOK", "kr\u00a019.99"),
        (-2490, "EUR", "-€24.90"),
        (0, "GBP", "£0.00"),
    ],
)
def test_an_amount_has_its_sign_and_the_digits_of_its_currency(
    minor: int, currency: str, shown: str
) -> None:
    assert amount(minor, currency) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (1204, "1,204"),
        (9999, "9,999"),
        (10_000, "10K"),
        (12_345, "12.3K"),
        (1_250_000, "1.2M"),
        (3_000_000_000, "3B"),
    ],
)
def test_a_count_is_whole_while_it_is_short(number: int, shown: str) -> None:
    assert count(number) == shown


def test_a_moment_is_for_people_and_for_programs() -> None:
    june = moment(1_780_599_600_000)

    assert june is not None
    assert june.human == "Thu 4 June, 19:00 UTC"
    assert june.machine == "2026-06-04T19:00:00+00:00"


def test_a_time_beyond_every_calendar_is_no_moment() -> None:
    assert moment(2**53 - 1) is None
