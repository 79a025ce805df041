"""Rows of CSV: a broken one costs its line, and nothing that stands below it."""

from __future__ import annotations

from collections.abc import Iterator

from shop.importing.rows import MOST_BROKEN, Broken, Row, Rows
from shop.importing.source import MOST_ROW, Overlong


class Lines:
    """A source whose lines are given, or come from a generator."""

    def __init__(self, text: str | Iterator[str]) -> None:
        self._lines = iter(text.splitlines(keepends=True)) if isinstance(text, str) else text

    def line(self) -> str | None:
        return next(self._lines, None)


def rows(text: str | Iterator[str]) -> list[Row | Broken]:
    return list(Rows(Lines(text)))


def told(text: str) -> list[tuple[int, list[str] | str]]:
    return [(row.line, row.cells if isinstance(row, Row) else "broken") for row in rows(text)]


def test_a_row_has_the_line_on_which_it_begins() -> None:
    text = 'a,b\n"1\n2",x\n\n,,\nc,d'

    assert told(text) == [(1, ["a", "b"]), (2, ["1\n2", "x"]), (6, ["c", "d"])]


def test_cells_are_read_as_spreadsheets_write_them() -> None:
    text = 'a,"say ""hi""","x, y"\n=cmd|\'/C calc\'!A0,+1,@x\n5" pot,b,c\n'

    assert told(text) == [
        (1, ["a", 'say "hi"', "x, y"]),
        (2, ["=cmd|'/C calc'!A0", "+1", "@x"]),
        (3, ['5" pot', "b", "c"]),
    ]


def test_a_quote_that_is_never_closed_costs_its_line_alone() -> None:
    text = 'a,b\nmug,"blue\ntote,red\n"cap",green\nscarf,"grey"\n'

    assert told(text) == [
        (1, ["a", "b"]),
        (2, "broken"),
        (3, ["tote", "red"]),
        (4, ["cap", "green"]),
        (5, ["scarf", "grey"]),
    ]


def test_a_quote_open_at_the_end_costs_its_line_alone() -> None:
    text = 'a,b\nmug,"blue\ntote,red\ncap,green\n'

    assert told(text) == [
        (1, ["a", "b"]),
        (2, "broken"),
        (3, ["tote", "red"]),
        (4, ["cap", "green"]),
    ]


def test_what_is_broken_says_why_and_how_it_begins() -> None:
    (broken,) = rows('mug,"blue" or red')

    assert isinstance(broken, Broken)
    assert broken.reason == "a quote is closed in the middle of a cell, or opened and never closed"
    assert broken.head == 'mug,"blue" or red'


def test_a_line_that_is_too_long_costs_itself() -> None:
    lines = ["a,b\n", Overlong("mug,xxxx"), "c,d\n"]

    found = rows(iter(lines))

    assert [type(row) for row in found] == [Row, Broken, Row]
    assert [row.line for row in found] == [1, 2, 3]


def test_an_open_quote_before_a_long_line_costs_both_lines() -> None:
    lines = ["a,b\n", 'mug,"blue\n', Overlong("tote,xxxx"), "c,d\n"]

    found = rows(iter(lines))

    assert [(type(row), row.line) for row in found] == [
        (Row, 1), (Broken, 2), (Broken, 3), (Row, 4)
    ]  # fmt: skip


def test_after_an_open_quote_no_more_is_read_than_a_row_may_have() -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        yield 'mug,"blue\n'
        while True:
            read += 1
            yield "tote,red\n"

    found = iter(Rows(Lines(endless())))

    assert isinstance(next(found), Broken)
    assert read <= MOST_ROW / len("tote,red\n") + 2
    assert next(found) == Row(2, ["tote", "red"])


def test_a_file_broken_everywhere_is_given_up() -> None:
    found = rows(iter(['mug,"a"b\n'] * (MOST_BROKEN + 500)))

    assert len(found) == MOST_BROKEN + 1
    assert isinstance(found[-1], Broken)
    assert "the rest is left out" in found[-1].reason


def test_a_cell_may_be_as_long_as_a_row() -> None:
    (row,) = rows(f'a,"{"x" * (MOST_ROW - 10)}"\n')

    assert isinstance(row, Row)
    assert len(row.cells[1]) == MOST_ROW - 10
