"""What stands in cells: columns by name, prices without a float, units, HTML as text."""

from __future__ import annotations

import time

import pytest

from base.errors import Invalid
from shop.importing.columns import Columns
from shop.importing.figures import minor_units, units_left
from shop.importing.plain_text import text_of
from shop.importing.rows import Row
from shop.importing.source import Unreadable
from tests.shopify import HEADER

# Columns.


def test_columns_may_stand_in_any_order_and_in_small_letters() -> None:
    columns = Columns.of(["variant price", " TITLE ", "Vendor", "Handle"])

    entry = columns.entry(Row(7, ["19.99", "Mug", "Clay", " mug "]))

    assert (entry.line, entry.handle, entry.title, entry.price) == (7, "mug", "Mug", "19.99")
    assert columns.has("price")
    assert not columns.has("units")


def test_the_names_of_the_newer_template_are_known_too() -> None:
    names = ["Title", "URL handle", "Description", "SKU", "Price", "Inventory quantity"]
    columns = Columns.of([*names, "Continue selling when out of stock"])

    entry = columns.entry(Row(2, ["Mug", "mug", "Blue.", "M-1", "5.00", "3", "CONTINUE"]))

    assert (entry.handle, entry.body, entry.price) == ("mug", "Blue.", "5.00")
    assert (entry.units, entry.policy, entry.sku) == ("3", "CONTINUE", "M-1")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["Handle", "Title"], "does not name the column Variant Price"),
        (["Handle"], "does not name the columns Title, Variant Price"),
        (["sku", "name"], "Handle, Title, Variant Price"),
        ([*HEADER, "Title"], "The column Title is there twice"),
        (["Handle;Title;Variant Price"], "separated by semicolons"),
        (["Handle\tTitle\tVariant Price"], "separated by tabs"),
    ],
    ids=str,
)
def test_a_header_that_will_not_do_says_why(header: list[str], words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        Columns.of(header)


def test_cells_must_stand_under_their_columns() -> None:
    columns = Columns.of(["Handle", "Title", "Variant Price"])

    assert columns.fault(Row(2, ["mug", "Mug", "5"])) == ""
    assert columns.fault(Row(2, ["mug", "Mug", "5", "", ""])) == ""
    assert "has 2 cells, the first line 3" in columns.fault(Row(2, ["mug", "Mug"]))
    assert "has 4 cells, the first line 3" in columns.fault(Row(2, ["mug", "Mug", "5", "x"]))


# Figures.


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19.99", "USD", 1999),
        ("50", "USD", 5000),
        ("0", "USD", 0),
        ("0.10", "USD", 10),
        ("5.", "USD", 500),
        ("19.9900", "USD", 1999),
        ("4.35", "USD", 435),  # as a float it is 434.99999999999994 cents
        ("1.1", "EUR", 110),
        ("1200", "JPY", 1200),
        ("1200.00", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1000000000.00", "USD", 100_000_000_000),
    ],
)
def test_a_price_becomes_minor_units_exactly(text: str, currency: str, amount: int) -> None:
    assert minor_units(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no price"),
        ("free", "no price"),
        ("$19.99", "no price"),
        ("1e3", "no price"),
        ("1_000", "no price"),
        ("NaN", "no price"),
        (".99", "no price"),
        ("١٢", "no price"),
        ("-1.00", "below zero"),
        ("-0,5", "below zero"),
        ("19,99", "a comma"),
        ("1,999.00", "a comma"),
        ("19.999", "more than the 2 decimals"),
        ("=1+1", "a formula"),
        ("+19.99", "a formula"),
        ("-2+3", "a formula"),
        ("@SUM(A1)", "a formula"),
        ("1000000000.01", "the most a unit may cost"),
        ("9" * 5000, "no price"),
    ],
)
def test_a_price_that_is_none_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        minor_units(text, "USD")


@pytest.mark.parametrize(
    ("text", "units"), [("12", 12), ("0", 0), ("-3", 0), ("7.0", 7), ("1000000000", 10**9)]
)
def test_units_below_zero_are_none(text: str, units: int) -> None:
    assert units_left(text) == units


@pytest.mark.parametrize("text", ["", "many", "1.5", "=3", "+3", "1e9", "1,000", "1000000001"])
def test_units_that_are_no_number_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        units_left(text)


# Text.


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("Plain\nand simple", "Plain\nand simple"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One\n two&nbsp;three</p>", "One two three"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>one</li><li>two</li></ul>", "• one\n\n• two"),
        ("Fish &amp; chips &lt;3 &#x27;hot&#39;", "Fish & chips <3 'hot'"),
        ("a < b and <b>c</b> > d", "a < b and c > d"),
        ("x<script>alert('<p>')</script>y", "xy"),
        ("x<STYLE>p { color: red }</Style >y", "xy"),
        ("x<script>never closed", "x"),
        ("x<!-- a <p> b -->y<!-- open", "xy"),
        ("x<!DOCTYPE html>y<?php echo 1 ?>z", "xyz"),
        ("x<a href=\"a>b\" title='>'>link</a>y", "xlinky"),
        ("x<img src=x onerror=alert(1)>y", "xy"),
        ('x<p ">y</p>', "x\n\ny"),
        ("x<svg><text>hidden</text></svg>y", "xy"),
        ("x<b", "x"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<<b>script>alert(1)</script>", "<script>alert(1)"),
        ("İ<script>x</script>y", "İy"),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!--",
        "<!",
        "<a ",
        '<a "',
        "<a '\"'\">",
        "<script>",
        "<svg>",
        "&",
        "&#",
        "<p>",
        "</",
        "\n ",
    ],
)
def test_no_html_takes_long(piece: str) -> None:
    begin = time.process_time()

    text_of(piece * (1_000_000 // len(piece)))

    assert time.process_time() - begin < 5
