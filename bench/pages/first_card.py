"""When the pinned card is painted, with and without JavaScript, on three lines.

Told from pictures: Chromium's screencast has each frame with its time, and a second page
compares the card's seat with what stands there in the end. Timing entries would not do: there
are none for what is in a shadow tree, and none at all without JavaScript.
"""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page

from bench.pages.report import Figure
from bench.pages.visit import PROBE, Visit, visit
from tests.end_to_end.browser.chromium import BAD, FAIR, GOOD
from tests.served import Served

__all__ = ["first_card"]

RUNS: Final = 5
LINES: Final = {"good": (GOOD, 800), "fair": (FAIR, 1200), "bad": (BAD, 2500)}
"""Each with the most milliseconds until the card is there."""

COMPARE: Final = (Path(__file__).parent / "frames.js").read_text(encoding="utf-8")
SEAT: Final = """() => {
  const card = document.querySelector("yellow-cart").shadowRoot.querySelector(".card");
  const box = card.getBoundingClientRect();
  return [box.x, box.y, box.width, box.height];
}"""


async def first_card(browser: Browser, served: Served) -> list[Figure]:
    """Milliseconds from the start of the navigation."""
    figures = []
    url = served.url + "/watch/demo"
    page = await browser.new_page()
    await page.add_script_tag(content=COMPARE)
    for scripted in (False, True):
        for name, (network, budget) in LINES.items():
            runs = []
            for _ in range(RUNS):
                script = PROBE if scripted else ""
                async with visit(
                    browser, network=network, script=script, java_script_enabled=scripted
                ) as come:
                    runs.append(await _painted(come, url, page))
            how = "with" if scripted else "without"
            what = f"first card painted, {how} JavaScript, {name} line"
            note = f"median of {RUNS}, worst {max(runs):.0f}"
            median = statistics.median(runs)
            figures.append(
                Figure("first-card", what, budget, median, "ms", note=note, samples=tuple(runs))
            )
    await page.close()
    return figures


async def _painted(come: Visit, url: str, comparing: Page) -> float:
    """One visit: milliseconds until the card looked as it does at the end."""
    frames: list[tuple[float, str]] = []

    def keep(event: dict[str, Any]) -> None:
        frames.append((event["metadata"]["timestamp"] * 1000, event["data"]))
        acks.append(
            asyncio.ensure_future(
                come.tools.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})
            )
        )

    acks: list[asyncio.Future[Any]] = []
    come.tools.on("Page.screencastFrame", keep)
    await come.tools.send("Page.startScreencast", {"format": "jpeg", "quality": 80})
    await come.page.goto(url, wait_until="load")
    await come.page.wait_for_timeout(1500)
    await come.tools.send("Page.stopScreencast")
    begin = await come.page.evaluate("performance.timeOrigin")
    seat = await come.page.evaluate(SEAT)
    await asyncio.gather(*acks, return_exceptions=True)
    at: float = await comparing.evaluate(
        "([frames, seat]) => firstLike(frames, seat)", [frames, seat]
    )
    return at - float(begin)
