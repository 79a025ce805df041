"""What the command line asks for, checked before anything is started for it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TextIO

from base.ids import is_id
from base.iso import CURRENCIES
from shop.importing.importer import Sheet
from shop.importing.report import Report
from shop.importing.source import Source, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["opened"]


@contextlib.contextmanager
def opened(
    file: Path, *, shop: str, currency: str, report: Path | None
) -> Iterator[tuple[Sheet, Report]]:
    """Look through a file, and begin its report.

    Args:
        file: The products.
        shop: Who shall sell them.
        currency: Of their prices.
        report: Where the whole report goes, if it is wanted.

    Raises:
        Unreadable: One of them will not do.

    """
    if not is_id(shop):
        raise Unreadable(f"{shop!r} is no id of a shop: use 1 to 64 of A-Z a-z 0-9 _ and -.")
    if currency not in CURRENCIES:
        raise Unreadable(f"{currency!r} is not a currency of ISO 4217, such as USD.")
    with contextlib.closing(Source.opened(file)) as source:
        sheet = Sheet(source)
        if report is None:
            yield sheet, Report()
            return
        with _written(report, file) as into:
            yield sheet, Report(into)


def _written(report: Path, file: Path) -> TextIO:
    try:
        if report.exists() and report.samefile(file):
            raise Unreadable("The report would overwrite the file. Give it another name.")
        return report.open("w", encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unreadable(f"{report} cannot be written: {reason}.") from error
