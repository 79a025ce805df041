"""Ids, money, text, errors and log lines."""

from __future__ import annotations

import logging
import pickle

import pytest

from base.errors import STATUS, Invalid, Limit, Refused, SoldOut, YellowcartError
from base.ids import derived_id, is_id, new_id
from base.logs import Lines
from base.money import exponent, spoken
from base.text import one_line, plain, shortened


@pytest.mark.parametrize("text", ["", "a b", "a\n", "ü", "x" * 65, "a}b", "../x", "a:b"])
def test_a31_what_would_leave_its_key_is_no_id(text: str) -> None:
    assert not is_id(text)


def test_new_ids_are_ids_and_differ() -> None:
    first, second = new_id("msg"), new_id("msg")

    assert is_id(first)
    assert first != second


def test_a_derived_id_follows_from_its_parts_and_the_secret() -> None:
    assert derived_id("co", "s", "ada", "key") == derived_id("co", "s", "ada", "key")
    assert derived_id("co", "s", "ada", "key") != derived_id("co", "t", "ada", "key")
    assert derived_id("co", "s", "ad", "akey") != derived_id("co", "s", "ada", "key")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1999, "USD", "19.99 USD"),
        (5, "EUR", "0.05 EUR"),
        (1999, "JPY", "1999 JPY"),
        (1999, "BHD", "1.999 BHD"),
        (-50, "USD", "-0.50 USD"),
    ],
)
def test_money_is_spoken_in_its_currency(amount: int, currency: str, text: str) -> None:
    assert spoken(amount, currency) == text


def test_most_currencies_have_two_digits() -> None:
    assert (exponent("USD"), exponent("JPY"), exponent("KWD")) == (2, 0, 3)


def test_text_is_normalised_and_cleaned() -> None:
    assert plain("  e\u0301te\u0301\u202e\x00\x07 ", most=10, what="It") == "été"
    assert one_line("a\r\nb\t c", most=10, what="It") == "a b c"


@pytest.mark.parametrize("text", ["", "   ", "\u202e", "x" * 11, "\ud800"])
def test_text_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="The title"):
        plain(text, most=10, what="The title")


def test_shortened_text_says_so() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"


def test_every_error_has_a_status_and_travels_between_processes() -> None:
    def leaves(kind: type[YellowcartError]) -> list[type[YellowcartError]]:
        return [leaf for sub in kind.__subclasses__() for leaf in (leaves(sub) or [sub])]

    codes = {kind.code for kind in leaves(YellowcartError) if hasattr(kind, "code")}
    assert codes >= set(STATUS)
    for error in (SoldOut("mug"), Limit("Too many.", 5)):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
        assert type(again) is type(error)
        assert (again.message, again.data) == (error.message, error.data)
        assert isinstance(again, Refused)


def test_a28_a_log_line_is_one_line() -> None:
    record = logging.LogRecord("yc", logging.INFO, "f", 1, 'said "%s"', ("a\nb",), None)

    line = Lines().format(record)

    assert "\n" not in line
    assert r'msg="said \"a\nb\""' in line


def test_a_record_moves_nothing_about_on_a_terminal() -> None:
    record = logging.LogRecord("live", logging.INFO, "", 0, "a\x00\x1b[2J\x9bb\u2028c", (), None)

    line = Lines().format(record)

    assert line.endswith(r'msg="a\x00\x1b[2J\x9bb\u2028c"')
