"""How soon the page answers: the socket, a pin, a tap on Buy."""

from __future__ import annotations

import statistics
from typing import Any, Final

from playwright.async_api import Browser

from bench.pages.pinning import PRODUCTS, pin, pin_in_turn
from bench.pages.report import Figure
from bench.pages.visit import percentile, visit
from tests.end_to_end.browser.chromium import GOOD
from tests.served import Served

__all__ = ["pin_figures", "pins", "socket", "taps"]

RUNS: Final = 7
PINS: Final = 20


async def socket(browser: Browser, served: Served) -> list[Figure]:
    """From the open socket to the first state: one round trip and what the page does with it."""
    taken = []
    for _ in range(RUNS):
        async with visit(browser, network=GOOD) as come:
            await come.go(served.url + "/watch/demo")
            marks = await come.probe("marks")
            taken.append(marks["ready"] - marks["open"])
    note = f"good line; median of {RUNS}, worst {max(taken):.0f}"
    budget, median = GOOD.latency_ms + 50, statistics.median(taken)
    what = "socket open to up to date"
    return [Figure("socket", what, budget, median, "ms", note=note, samples=tuple(taken))]


async def pins(browser: Browser, served: Served) -> list[Figure]:
    """From a pin's event to its paint, in a quiet room."""
    async with visit(browser) as come:
        await come.go(served.url + "/watch/demo")
        await come.page.wait_for_timeout(1000)
        await pin_in_turn(served, PINS, 0.7)
        await come.page.wait_for_timeout(500)
        return pin_figures("pins", "pin", 100, await come.probe("pins"))


def pin_figures(part: str, what: str, budget: float, noted: list[dict[str, Any]]) -> list[Figure]:
    """What the probe saw of pins, in milliseconds from the server's sending."""
    began = [one["began"] or float("inf") for one in noted]
    shown = [one["shown"] or float("inf") for one in noted]
    kinds = {"the card begins to change": began, "the new product is painted": shown}
    return [
        Figure(
            part,
            f"{what}: {kind}, p95",
            budget,
            percentile(times, 0.95),
            "ms",
            note=f"{len(times)} pins, median {statistics.median(times):.0f}",
            samples=tuple(times),
        )
        for kind, times in kinds.items()
    ]


async def taps(browser: Browser, served: Served) -> list[Figure]:
    """From a tap on the card's Buy to a sheet, for someone who taps it for the first time."""
    answered, presses = [], []
    # With one SKU Buy leads to the checkout, with several to the product.
    for number in range(RUNS):
        await pin(served, PRODUCTS[number % 2])
        async with visit(browser, network=GOOD) as come:
            await come.go(served.url + "/watch/demo")
            await come.page.wait_for_timeout(1500)
            box = await come.page.evaluate(
                "(() => { const b = yc.root().querySelector('.buy').getBoundingClientRect();"
                " yc.isTapping = true; return [b.x + b.width / 2, b.y + b.height / 2]; })()"
            )
            await come.page.touchscreen.tap(*box)
            await come.page.wait_for_function("() => window.yc.answered")
            answered.append(await come.probe("answered"))
            await come.page.wait_for_timeout(800)
            noted = await come.probe("presses")
            slowest: dict[int, float] = {}
            for ident, lasted, _ in noted:
                slowest[ident] = max(lasted, slowest.get(ident, 0))
            presses += list(slowest.values()) or [16.0]
    note = f"median of {RUNS}, worst {max(answered):.0f}"
    median = statistics.median(answered)
    return [
        Figure(
            "taps", "tap Buy to a sheet", 100, median, "ms", note=note, samples=tuple(answered)
        ),
        Figure("taps", "interaction to next paint, p75", 200, percentile(presses, 0.75), "ms"),
    ]
