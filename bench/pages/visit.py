"""A visitor of the bench: a new profile, a slow machine, a line, and a probe in the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page, TimeoutError

from tests.end_to_end.browser.chromium import PHONE, Network, slow_down

__all__ = ["CPU", "Visit", "percentile", "visit"]

CPU: Final = 4
"""How many times slower the visitor's machine is."""

PATIENCE_MS: Final = 60_000
PROBE: Final = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Visit:
    """An open page and the line to its tools."""

    page: Page
    tools: CDPSession
    errors: list[str]

    async def go(self, url: str, *, mark: str = "furnished") -> None:
        """Open the address, and wait until the page says that it is that far."""
        await self.page.goto(url, wait_until="commit")
        try:
            await self.page.wait_for_function("name => window.yc?.marks[name]", arg=mark)
        except TimeoutError:
            raise RuntimeError(f"{url} never came to {mark!r}; it said: {self.errors}") from None

    async def probe(self, field: str) -> Any:
        """What the probe has noted."""
        return await self.page.evaluate(f"window.yc.{field}")

    async def metrics(self) -> dict[str, float]:
        """Chromium's counters of the page, after all garbage is gone."""
        for _ in range(3):
            await self.tools.send("HeapProfiler.collectGarbage")
            await asyncio.sleep(0.1)
        found = await self.tools.send("Performance.getMetrics")
        return {one["name"]: one["value"] for one in found["metrics"]}


@asynccontextmanager
async def visit(
    browser: Browser,
    *,
    network: Network | None = None,
    cpu: float = CPU,
    script: str = PROBE,
    **options: Any,
) -> AsyncIterator[Visit]:
    """Come as a new visitor with a phone; ``options`` are Playwright's for a context."""
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "locale": "en-GB"}
    context = await browser.new_context(**{**phone, **options})
    try:
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(script)
        page = await context.new_page()
        await slow_down(page, cpu, network)
        tools = await context.new_cdp_session(page)
        await tools.send("Performance.enable")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield Visit(page, tools, errors)
    finally:
        await context.close()


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
