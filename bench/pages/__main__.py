"""Measure, print the table, keep the JSON; the exit code is 1 when a budget is exceeded."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Error, async_playwright

from bench.pages.answers import pins, socket, taps
from bench.pages.crowd import BUSY
from bench.pages.first_card import first_card
from bench.pages.flood import flood, hidden
from bench.pages.long_run import long_desk, long_watch
from bench.pages.pinning import PRODUCTS, pin
from bench.pages.report import Figure, is_busy, machine, table, write
from bench.pages.steadiness import steadiness
from bench.pages.weights import weights
from tests.end_to_end.browser import chromium
from tests.served import Served

PARTS: Final[dict[str, Callable[[Browser, Served], Awaitable[list[Figure]]]]] = {
    "weights": weights,
    "first-card": first_card,
    "socket": socket,
    "pins": pins,
    "taps": taps,
    "shifts": steadiness,
    "flood": flood,
    "hidden": hidden,
    "memory": long_watch,
    "console": long_desk,
}
MOST_S: Final = 1500
"""What one part may take before it counts as stuck."""


async def measure(names: list[str], served: Served) -> tuple[list[Figure], str]:
    """All figures of these parts, and the browser's version."""
    figures: list[Figure] = []
    async with async_playwright() as playwright:
        browser = await chromium.launch(playwright)
        for name in names:
            await pin(served, PRODUCTS[0])
            begin = time.monotonic()
            try:
                async with asyncio.timeout(MOST_S):
                    figures += await PARTS[name](browser, served)
            except (Error, RuntimeError, TimeoutError) as error:
                # The page broke; the other parts are still worth knowing.
                note = f"{type(error).__name__}: {error}".partition("\n")[0]
                figures.append(Figure(name, f"{name}: could be measured", 1, 0, "", True, note))
            print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
        version = browser.version
        await browser.close()
    return figures, version


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="bench.pages", description="The pages' budgets.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    asked = parser.parse_args()
    names = asked.only.split(",")
    if unknown := set(names) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if is_busy():
        print("This machine is busy: bytes will be right, times too long.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="yc-bench-") as place:
        served = Served(Path(place) / "data", environ=BUSY).start()
        try:
            where = machine("")
            figures, where["chromium"] = asyncio.run(measure(names, served))
        finally:
            served.stop()
    print(table(figures))
    print(f"kept in {write(figures, where, asked.json)}")
    return 0 if all(figure.passes for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
