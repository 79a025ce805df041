"""An import from its first row to its report."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from base.errors import Outage
from shop.importing.columns import Columns
from shop.importing.draft import Draft, Skipped, draft_of
from shop.importing.groups import Fault, groups, header
from shop.importing.handles import Handles, Place
from shop.importing.intake import Kind
from shop.importing.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shop.importing.groups import Group
    from shop.importing.intake import Intake, Outcome
    from shop.importing.progress import Progress
    from shop.importing.report import Report
    from shop.importing.rows import Broken, Row
    from shop.importing.source import Source

__all__ = ["Importer", "Sheet"]

AT_ONCE: Final = 100
SKUS_AT_ONCE: Final = 500
"""In one transaction: some 20 ms of work, during which nobody else writes to the book."""

LOOKED_AT: Final = 5000
"""Rows between two looks at whether to stop."""

TRIES: Final = 5
PAUSE_S: Final = 1.0
"""Between tries when a store cannot be reached: Redis is back within a second or two."""

ELSEWHERE: Final = {
    Place.APART: "its rows stand in several places: put all rows with this Handle together",
    Place.AGAIN: "a product with this Handle stood further above: give it another, or remove it",
}

GO_ON: Final = "What was taken stays; run the same command again to go on."


class Told(Protocol):
    """What delivers the outbox."""

    async def flush(self, timeout_s: float = 1.0) -> None:
        """Wait until what was committed was delivered, or time is up."""
        ...


class Sheet:
    """A file whose columns are known, and its products.

    Raises:
        Unreadable: Its first line is no header of ours.

    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.columns = Columns.of(header(iter(Rows(source))).cells)

    def rows(self) -> Iterator[Row | Broken]:
        """Row by row, from the first below the header."""
        self.source.rewind()
        return itertools.islice(Rows(self.source), 1, None)

    def products(self) -> Iterator[Group]:
        """Product by product."""
        return groups(self.rows(), self.columns)


@dataclass(kw_only=True)
class Importer:
    """Takes the products of a file into a shop.

    Attributes:
        intake: Where they go.
        outbox: Tells carts and shows of changes.
        report: Hears what became of each.
        progress: Hears how far it is.
        is_alone: Whether nobody sells from these stores at present. Otherwise it pauses
            after each transaction for as long as that took, so that buyers are not kept.
        is_stopped: Asked between transactions.

    """

    shop: str
    currency: str
    intake: Intake
    outbox: Told
    report: Report
    progress: Progress
    is_alone: bool
    is_stopped: Callable[[], bool]
    _waiting: list[tuple[str, Draft | Skipped | Fault]] = field(default_factory=list)
    _skus: int = 0
    _line: int = 1

    async def run(self, sheet: Sheet) -> None:
        """Take everything there is, until it is stopped or a store stays out of reach.

        What was taken stays; the same import once more goes on from there.
        """
        if not sheet.columns.has("units"):
            self.report.note(
                "The file has no column Variant Inventory Qty: new products have none left "
                "until you set their stock."
            )
        try:
            await self._run(sheet)
        except Outage as outage:
            self.report.fail(f"Stopped before line {self._line}: {outage.message} {GO_ON}")
        finally:
            self.progress.clear()

    async def _run(self, sheet: Sheet) -> None:
        with contextlib.closing(Handles()) as handles:
            await self._look(sheet, handles)
            if self.is_stopped():
                self.report.stop("Stopped before anything was taken.")
                return
            self.progress.begin("taking  ")
            for group in sheet.products():
                self.report.rows += group.rows
                self._sort(group, handles)
                if len(self._waiting) >= AT_ONCE or self._skus >= SKUS_AT_ONCE:
                    await self._take()
                    if self.is_stopped():
                        self.report.stop(f"Stopped after line {group.last}. {GO_ON}")
                        return
                self.progress.show(self.report.rows, sheet.source.position)
            await self._take()

    async def _look(self, sheet: Sheet, handles: Handles) -> None:
        """Go through the file once, so that no product is taken by halves."""
        self.progress.begin("checking")
        rows, count = sheet.rows(), 0
        while some := handles.note(itertools.islice(rows, LOOKED_AT), sheet.columns):
            count += some
            self.progress.show(count, sheet.source.position)
            await asyncio.sleep(0)  # for Ctrl-C to be heard
            if self.is_stopped():
                return

    def _sort(self, group: Group, handles: Handles) -> None:
        place = handles.place(group.handle) if group.handle else Place.TOGETHER
        if place is Place.TOGETHER or group.fault is not None:
            result = draft_of(group, self.shop, self.currency)
        else:
            result = Fault(group.line, ELSEWHERE[place])
        self._waiting.append((group.handle, result))
        if isinstance(result, Draft):
            self._skus += len(result.listing.skus)

    async def _take(self) -> None:
        begin_s = asyncio.get_running_loop().time()
        waiting, self._waiting, self._skus = self._waiting, [], 0
        drafts = [result for _, result in waiting if isinstance(result, Draft)]
        outcomes = {outcome.draft.line: outcome for outcome in await self._taken(drafts)}
        if any(outcome.kind is Kind.CHANGED for outcome in outcomes.values()):
            # Batch by batch: a long queue would keep back what buyers are told.
            await self.outbox.flush(timeout_s=10)
        for handle, result in waiting:
            if isinstance(result, Draft):
                self._report(outcomes[result.line])
            else:
                kind = Kind.SKIPPED if isinstance(result, Skipped) else Kind.REFUSED
                self.report.add(result.line, handle, kind, result.reason)
        if not self.is_alone:
            await asyncio.sleep(asyncio.get_running_loop().time() - begin_s)

    async def _taken(self, drafts: list[Draft]) -> list[Outcome]:
        for tries in itertools.count(1):
            try:
                if tries > 1:
                    await self.intake.mend()
                return await self.intake.take(drafts)
            except Outage:
                if tries == TRIES:
                    self._line = drafts[0].line
                    raise
                await asyncio.sleep(PAUSE_S)
        raise AssertionError  # the loop ends in a result or in an error

    def _report(self, outcome: Outcome) -> None:
        draft = outcome.draft
        text = outcome.reason or f"product {draft.listing.id}"
        self.report.add(draft.line, draft.handle, outcome.kind, text)
        for title in outcome.gone:
            self.report.gone(draft.line, draft.handle, title)
        if outcome.kind is not Kind.REFUSED:
            self.report.uncounted += draft.uncounted
