"""One machine's measurements: each worker pins its own to a folder, the asked one adds up."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from base.threads import aside
from web.metrics import HIGHEST, Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from base.clock import Clock

__all__ = ["Board"]

EVERY_S: Final = 1.0
STALE_MS: Final = 10_000
"""A worker that has been silent for so long is gone; its successor counts anew."""

GONE_MS: Final = 60_000

Key = tuple[str, tuple[tuple[str, str], ...]]


class _Family(Struct, frozen=True):
    name: str
    help: str
    kind: str
    samples: list[tuple[str, dict[str, str], float]]


class _Sheet(Struct, frozen=True):
    at: int
    families: list[_Family]


class _Sum(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class Board:
    """Adds up what the workers of a machine have measured.

    Args:
        folder: Where they meet; None when there is one worker only.

    """

    def __init__(self, metrics: Metrics, folder: Path | None, clock: Clock) -> None:
        self._metrics = metrics
        self._folder = folder
        self._clock = clock
        self._own = f"{os.getpid()}.json"

    async def run(self) -> None:
        """Measure the loop and pin the sheet, every second until cancelled."""
        while True:
            started_s = self._clock.monotonic_s()
            await asyncio.sleep(EVERY_S)
            self._metrics.lagged(max(0.0, self._clock.monotonic_s() - started_s - EVERY_S))
            await self.pin()

    async def pin(self) -> None:
        """Write this worker's sheet for the others."""
        if self._folder is not None:
            await aside(_write, self._folder / self._own, self._sheet())

    def leave(self) -> None:
        """Take the sheet away: this worker ends."""
        if self._folder is not None:
            (self._folder / self._own).unlink(missing_ok=True)

    async def text(self) -> bytes:
        """All workers together, as Prometheus reads it."""
        sheets = [self._sheet()]
        if self._folder is not None:
            sheets += await aside(_read_others, self._folder, self._own, self._clock.now_ms())
        return generate_latest(_Sum(_added(sheets)))

    def _sheet(self) -> _Sheet:
        families = [
            _Family(
                family.name,
                family.documentation,
                family.type,
                [
                    (sample.name, dict(sample.labels), float(sample.value))
                    for sample in family.samples
                    # When a counter was made says nothing once several are added.
                    if not sample.name.endswith("_created")
                ],
            )
            for family in self._metrics.families()
        ]
        return _Sheet(self._clock.now_ms(), families)


def _added(sheets: list[_Sheet]) -> list[Metric]:
    kinds: dict[str, _Family] = {}
    values: dict[str, dict[Key, float]] = {}
    for sheet in sheets:
        for family in sheet.families:
            kinds.setdefault(family.name, family)
            found = values.setdefault(family.name, {})
            for name, labels, value in family.samples:
                key = (name, tuple(sorted(labels.items())))
                known = found.get(key, 0.0)
                found[key] = max(known, value) if family.name in HIGHEST else known + value
    families = []
    for ident, family in kinds.items():
        metric = Metric(ident, family.help, family.kind)
        for (name, pairs), value in values[ident].items():
            metric.add_sample(name, dict(pairs), value)
        families.append(metric)
    return families


def _write(path: Path, sheet: _Sheet) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(sheet))
    draft.replace(path)


def _read_others(folder: Path, own: str, now_ms: int) -> list[_Sheet]:
    sheets = []
    for path in sorted(folder.glob("*.json")):
        if path.name == own:
            continue
        # A worker may take its sheet away, or an older version have left one.
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            sheet = msgspec.json.decode(path.read_bytes(), type=_Sheet)
            if now_ms - sheet.at <= STALE_MS:
                sheets.append(sheet)
            elif now_ms - sheet.at > GONE_MS:
                path.unlink()
    return sheets
