"""What an import tells: counts and lines at the end, a bar on a terminal before."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from shop.importing.intake import Kind
from shop.importing.opening import opened
from shop.importing.progress import Progress
from shop.importing.report import SHOWN, Report
from shop.importing.source import Unreadable
from tests.clock import StoppedClock
from tests.shopify import first, written

if TYPE_CHECKING:
    from pathlib import Path


def test_the_counts_and_what_was_refused_are_told() -> None:
    report = Report()
    report.rows = 4
    report.add(2, "mug", Kind.NEW, "product mug-1")
    report.add(3, "tote", Kind.REFUSED, "it has no Variant Price")
    report.add(4, "card", Kind.SKIPPED, "it is a gift card")

    assert list(report.lines()) == [
        "4 rows, 3 products: 1 new, 0 changed, 0 unchanged, 1 skipped, 1 refused",
        "Refused, nothing of these was taken:",
        "  line 3: tote: it has no Variant Price",
        "Skipped, not for sale in Shopify:",
        "  line 4: card: it is a gift card",
    ]
    assert report.exit_code == 1


def test_the_terminal_gets_the_first_and_the_file_all() -> None:
    into = io.StringIO()
    report = Report(into)
    for line in range(1000):
        report.add(line, f"mug-{line}", Kind.REFUSED, "no")

    told = list(report.lines())

    assert len([line for line in told if line.startswith("  line")]) == SHOWN
    assert told[-1] == f"  … and {1000 - SHOWN} more"
    assert len(into.getvalue().splitlines()) == 1000
    assert into.getvalue().startswith("line 0: refused: mug-0: no\n")


def test_without_a_file_it_says_how_to_get_one() -> None:
    report = Report()
    for line in range(SHOWN + 1):
        report.add(line, "mug", Kind.REFUSED, "no")

    assert list(report.lines())[-1] == "  … and 1 more: add --report FILE"


def test_what_the_file_says_does_nothing_to_a_terminal() -> None:
    report = Report()

    report.add(2, "\x1b[31mmug\nline 3: all is well", Kind.REFUSED, "\x9b2J\u202e" + "x" * 10_000)

    text = "\n".join(report.lines())
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)
    assert len(text.splitlines()) == 3
    assert len(text) < 600


@pytest.mark.parametrize(("end", "code"), [("stop", 130), ("fail", 2)])
def test_what_did_not_end_by_itself_says_so(end: str, code: int) -> None:
    report = Report()
    report.add(2, "tote", Kind.REFUSED, "no")

    getattr(report, end)("Stopped after line 2.")

    assert report.exit_code == code
    assert list(report.lines())[-1] == "Stopped after line 2."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_says_how_far_it_is() -> None:
    out, clock = Terminal(), StoppedClock()
    progress = Progress(out, clock, 10_000_000)
    progress.begin("taking")
    clock.advance(10_000)

    progress.show(1234, 2_500_000)

    assert "taking █████░░░░░░░░░░░░░░░  25%" in out.getvalue()
    assert "1,234 rows  2.5 of 10.0 MB  0:30 left" in out.getvalue()
    progress.clear()
    assert out.getvalue().endswith("\r\x1b[K")


def test_the_bar_moves_a_few_times_a_second_only() -> None:
    out, clock = Terminal(), StoppedClock()
    progress = Progress(out, clock, 1000)

    for rows in range(1000):
        progress.show(rows, rows)

    assert out.getvalue().count("\r") == 1


def test_a_pipe_gets_no_bar() -> None:
    out = io.StringIO()
    progress = Progress(out, StoppedClock(), 1000)

    progress.show(1, 500)
    progress.clear()

    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("shop", "currency", "report", "words"),
    [
        ("my shop", "USD", "r.txt", "no id of a shop"),
        ("clay", "DOLLAR", "r.txt", "not a currency"),
        ("clay", "USD", "shirts.csv", "would overwrite"),
        ("clay", "USD", "no/such/folder.txt", "cannot be written"),
    ],
)
def test_what_cannot_be_begun_is_refused_and_leaves_the_file_alone(
    tmp_path: Path, shop: str, currency: str, report: str, words: str
) -> None:
    path = written(tmp_path / "shirts.csv", first("mug"))
    before = path.read_bytes()

    with (
        pytest.raises(Unreadable, match=words),
        opened(path, shop=shop, currency=currency, report=tmp_path / report),
    ):
        pass

    assert path.read_bytes() == before
