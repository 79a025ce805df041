"""Hours at a hundred messages a second: what a viewer's page and a console keep in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser
from websockets.asyncio.client import connect

from bench.pages.report import Figure
from bench.pages.visit import Visit, visit
from tests.end_to_end.browser.chromium import DESKTOP
from tests.end_to_end.browser.open_page import host_url
from tests.served import Served

__all__ = ["long_desk", "long_watch"]

PLAYED: Final = (Path(__file__).parent / "long_run.js").read_text(encoding="utf-8")
AT_ONCE: Final = 5
MOST_MB: Final = 10
FLAT: Final = 1.25
"""A count beyond so many times the early one has grown: rows come and go in scores."""
MB: Final = 1e6


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody who stays for hours.

    Attributes:
        part: Of the figures.
        rows: What a message is in the page, and how many of it there may be.
        most_rows: As above.
        warm: Minutes until nothing is kept that was not before.
        minutes: How long in all.
        spare: Rows and such that wait for their next use without being in the page.

    """

    part: str
    rows: str
    most_rows: int
    warm: int
    minutes: int
    spare: tuple[str, ...]


WATCH: Final = Stay("memory", ".chat-row", 80, 5, 120, ("li.chat-row", "span.rising"))
# Its chart keeps an hour.
DESK: Final = Stay(
    "console",
    ".message",
    300,
    65,
    240,
    ("div.message", "span.tools", "span.undo-seconds", "p.wait"),
)


async def long_watch(browser: Browser, served: Served) -> list[Figure]:
    """Two hours of a viewer."""
    snapshot = await _snapshot(served, {})
    async with visit(browser, cpu=1, script=_script(snapshot)) as come:
        await come.page.goto(served.url + "/watch/demo")
        await come.page.wait_for_function(
            "() => document.querySelector('yellow-cart')?.shadowRoot.querySelector('.chat-rows')"
        )
        # The film's decoder has a memory of its own, which comes and goes.
        await come.page.evaluate(
            "document.querySelector('yellow-cart').shadowRoot.querySelector('video')?.pause()"
        )
        return await _stay(come, WATCH)


async def long_desk(browser: Browser, served: Served) -> list[Figure]:
    """Four hours of a host."""
    snapshot = await _snapshot(served, {"token": served.token("demo-host", "host")})
    script = _script(snapshot)
    window: dict[str, Any] = {"viewport": DESKTOP, "has_touch": False, "is_mobile": False}
    async with visit(browser, cpu=1, script=script, **window) as come:
        await come.page.goto(host_url(served))
        await come.page.wait_for_selector("#bag .row")
        await come.page.evaluate(
            "() => { const line = document.querySelector('.chart-svg .line'); window.drawn = 0;"
            " new MutationObserver(() => (drawn += 1)).observe(line, { attributes: true }); }"
        )
        figures = await _stay(come, DESK)
        drawn = await come.page.evaluate("drawn") / (DESK.minutes * 60)
    return [*figures, Figure("console", "console: chart drawn, times a second", 1, drawn)]


async def _stay(come: Visit, stay: Stay) -> list[Figure]:
    """Heap, nodes and listeners at the end, against those of early on."""
    await _play(come, stay.warm)
    early = await come.metrics()
    sent = await _play(come, stay.minutes - stay.warm)
    late = await come.metrics()
    part = stay.part
    note = (
        f"after {sent:,} messages, against minute {stay.warm}: "
        f"{early['JSHeapUsedSize'] / MB:.1f} -> {late['JSHeapUsedSize'] / MB:.1f} MB"
    )
    heap = (late["JSHeapUsedSize"] - early["JSHeapUsedSize"]) / MB
    figures = [Figure(part, f"{part}: growth of the heap", MOST_MB, heap, "MB", note=note)]
    for name, key in {"nodes": "Nodes", "listeners": "JSEventListeners"}.items():
        what, note = f"{part}: {name}, times early", f"{early[key]:.0f} -> {late[key]:.0f}"
        figures.append(Figure(part, what, FLAT, late[key] / early[key], note=note))
    detached = [name for name in await _detached(come) if not name.startswith(stay.spare)]
    rows = await come.page.locator(stay.rows).count()
    return [
        *figures,
        Figure(part, f"{part}: detached nodes", 0, len(detached), note=str(detached[:3])),
        Figure(part, f"{part}: rows of the chat", stay.most_rows, rows),
    ]


def _script(snapshot: dict[str, Any]) -> str:
    return f"{PLAYED}\nwindow.long.open({json.dumps(snapshot)});"


async def _play(come: Visit, minutes: int) -> int:
    sent = 0
    for _ in range(minutes // AT_ONCE):
        sent = await come.page.evaluate("minutes => long.play(minutes)", AT_ONCE)
    return sent


async def _snapshot(served: Served, who: dict[str, str]) -> dict[str, Any]:
    """What the server itself answers to a join."""
    async with connect(served.ws_url) as socket:
        await socket.send(json.dumps({"id": 1, "op": "join", "show": "demo", **who}))
        messages = json.loads(await socket.recv())
    first = messages[0] if isinstance(messages, list) else messages
    ok: dict[str, Any] = first["ok"]
    return ok


async def _detached(come: Visit) -> list[str]:
    """Trees that script still holds though no page shows them."""
    await come.tools.send("DOM.enable")
    found = await come.tools.send("DOM.getDetachedDomNodes")
    trees = [tree["treeNode"] for tree in found["detachedNodes"]]
    return [f"{tree['nodeName'].lower()}.{_class(tree)}" for tree in trees]


def _class(node: dict[str, Any]) -> str:
    attributes = node.get("attributes", [])
    return str(dict(zip(attributes[::2], attributes[1::2], strict=False)).get("class", ""))
