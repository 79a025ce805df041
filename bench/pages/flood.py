"""A hundred messages a second for a minute: frames, tasks, rows, pins; then the hidden tab."""

from __future__ import annotations

import asyncio
from typing import Final

from playwright.async_api import Browser

from bench.pages.answers import pin_figures
from bench.pages.crowd import chatting
from bench.pages.pinning import pin_in_turn
from bench.pages.report import Figure
from bench.pages.visit import Visit, percentile, visit
from tests.served import Served

__all__ = ["flood", "hidden"]

PER_SECOND: Final = 100
SECONDS: Final = 60
WARM_UP_S: Final = 3
PINS: Final = 20


async def flood(browser: Browser, served: Served) -> list[Figure]:
    """A minute in a very busy room."""
    async with visit(browser) as come, chatting(served, PER_SECOND):
        await come.go(served.url + "/watch/demo")
        await come.page.wait_for_timeout(WARM_UP_S * 1000)
        await come.page.evaluate("yc.count(); yc.reset()")
        frames, dropped = await come.probe("film()")
        before = await _busy(come)
        await asyncio.gather(
            come.page.wait_for_timeout(SECONDS * 1000),
            pin_in_turn(served, PINS, SECONDS / (PINS + 1)),
        )
        after = await _busy(come)
        noted = {name: await come.probe(name) for name in ("tasks", "frames", "flushes", "pins")}
        film = await come.probe("film()")
        rows, nodes = await come.probe("rows()"), await come.probe("elements()")
    tasks = [lasted for _, lasted in noted["tasks"]]
    shown = film[0] - frames
    lost = 100 * (film[1] - dropped) / shown if shown else 100
    part = "flood"
    work = {name: (after[name] - before[name]) / SECONDS for name in after}
    shares = ", ".join(f"{name} {share:.0%}" for name, share in work.items())
    return [
        Figure(part, "busy chat: frames a second", 55, noted["frames"] / SECONDS, at_least=True),
        Figure(
            part, "busy chat: tasks over 50 ms", 0, len(tasks),
            note=f"longest {max(tasks, default=0):.0f} ms; of the main thread: {shares}",
            samples=tuple(tasks),
        ),
        Figure(part, "busy chat: a flush, p95", 4, percentile(noted["flushes"], 0.95), "ms"),
        Figure(part, "busy chat: rows", 80, rows),
        Figure(part, "busy chat: elements on the page", 1500, nodes),
        Figure(part, "busy chat: frames of the film dropped", 1, lost, "%", note=f"of {shown}"),
        *pin_figures(part, "busy chat, pin", 150, noted["pins"]),
    ]  # fmt: skip


async def _busy(come: Visit) -> dict[str, float]:
    """Seconds that the main thread has worked so far."""
    found = await come.tools.send("Performance.getMetrics")
    metrics = {one["name"]: one["value"] for one in found["metrics"]}
    names = {"all": "TaskDuration", "script": "ScriptDuration"}
    names |= {"style": "RecalcStyleDuration", "layout": "LayoutDuration"}
    return {name: metrics[key] for name, key in names.items()}


async def hidden(browser: Browser, served: Served) -> list[Figure]:
    """A tab that nobody sees, in a busy room."""
    async with visit(browser, cpu=1) as come:
        await come.go(served.url + "/watch/demo")
        async with chatting(served, PER_SECOND):
            await come.page.wait_for_timeout(2000)
            await come.page.evaluate("yc.watchWrites()")
            await come.page.evaluate("yc.hide(true)")
            # What was said before may still fade; then nothing more may be written.
            await come.page.wait_for_timeout(4000)
            await come.page.evaluate("yc.reset()")
            await come.page.wait_for_timeout(5000)
            writes = await come.probe("writes")
            drawn = len(await come.probe("flushes"))
        await come.page.wait_for_timeout(500)
        await come.page.evaluate("yc.reset()")
        await come.page.evaluate("yc.hide(false)")
        await come.page.wait_for_timeout(1000)
        again = len(await come.probe("fills"))
    kinds = ", ".join(f"{writes.count(name)} {name}" for name in sorted(set(writes)))
    return [
        Figure("hidden", "hidden tab, 5 s: frames drawn by script", 0, drawn),
        Figure("hidden", "hidden tab, 5 s: writes to the page", 0, len(writes), note=kinds),
        Figure("hidden", "seen again: times the chat is filled", 1, again),
    ]
