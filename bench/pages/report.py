"""Figures beside their budgets: a table for people, JSON for later."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

__all__ = ["Figure", "is_busy", "machine", "table", "write"]

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "bench" / "results" / "pages.json"
ADDITIONS: Final = 3_000_000
LIBRARIES: Final = ("aiohttp", "playwright", "uvloop", "websockets")


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured.

    Attributes:
        part: The measurement that it belongs to.
        what: In words.
        budget: What it may be at most; without one it is only told.
        measured: What it is.
        unit: Of both.
        at_least: The budget is the least, not the most.
        note: What else there is to know.
        samples: All values behind a median or percentile.

    """

    part: str
    what: str
    budget: float | None
    measured: float
    unit: str = ""
    at_least: bool = False
    note: str = ""
    samples: tuple[float, ...] = field(default=(), repr=False)

    @property
    def passes(self) -> bool:
        """Whether the budget is kept."""
        if self.budget is None:
            return True
        return self.measured >= self.budget if self.at_least else self.measured <= self.budget

    @property
    def ratio(self) -> float | None:
        """How much of the budget is used: above 1 is too much."""
        if not self.budget:
            return None
        whole, part = self.budget, self.measured
        if self.at_least:
            whole, part = part, whole
        return part / whole if whole else None

    @property
    def verdict(self) -> str:
        """In one word."""
        return "" if self.budget is None else "pass" if self.passes else "FAIL"


def table(figures: list[Figure]) -> str:
    """The figures in rows."""
    head = f"{'what':58} {'budget':>12} {'measured':>12} {'ratio':>6}  result"
    lines = [head, "-" * len(head)]
    for figure in figures:
        sign = ">=" if figure.at_least else "<="
        budget = "" if figure.budget is None else f"{sign} {_number(figure.budget)}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        measured = f"{_number(figure.measured)} {figure.unit}".strip()
        row = f"{figure.what:58} {budget:>12} {measured:>12} {ratio:>6}  {figure.verdict}"
        lines.append(f"{row:97} {figure.note}".rstrip())
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def machine(browser: str) -> dict[str, object]:
    """Where and with what it was measured."""
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": round(os.getloadavg()[0], 1),
        "additions a second": round(_additions_a_second(), -5),
        "python": platform.python_version(),
        "chromium": browser,
        "versions": {name: version(name) for name in LIBRARIES},
        "commit": _commit(),
    }


def _commit() -> str:
    """What is measured; the figures themselves are written while it is."""
    others = ("--untracked-files=no", "--", ".", f":(exclude){RESULTS.parent.relative_to(ROOT)}")
    is_changed = bool(_git("status", "--porcelain", *others))
    return _git("describe", "--always") + "-dirty" * is_changed


def _git(*words: str) -> str:
    command = ["git", *words]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return asked.stdout.strip()


def _additions_a_second() -> float:
    """How many numbers Python adds in a second of a core: compares one machine with another."""
    begun, total = time.process_time(), 0
    for number in range(ADDITIONS):
        total += number
    return ADDITIONS / (time.process_time() - begun)


def is_busy() -> bool:
    """Whether others use this machine: then its times say nothing about the pages."""
    return os.getloadavg()[0] > (os.cpu_count() or 1) / 2


def write(figures: list[Figure], where: dict[str, object], path: Path | None) -> Path:
    """Keep them as JSON."""
    path = path or RESULTS
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {**asdict(figure), "ratio": figure.ratio, "passes": figure.passes} for figure in figures
    ]
    result = {"bench": "pages", **where, "figures": rows}
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
