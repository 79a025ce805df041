"""Two hours at a hundred messages a second: what stays in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser
from websockets.asyncio.client import connect

from bench.pages.report import Figure
from bench.pages.visit import Visit, visit
from tests.served import Served

__all__ = ["long_run"]

PLAYED: Final = (Path(__file__).parent / "long_run.js").read_text(encoding="utf-8")
WARM_MINUTES: Final = 5
MINUTES: Final = 120
AT_ONCE: Final = 5
MOST_MB: Final = 10
FLAT: Final = 1.25
"""A count beyond so many times that of minute 5 has grown: rows come and go in scores."""

SPARE: Final = ("li.chat-row", "span.rising")
"""Rows and hearts wait for their next use; the chat has at most 80 of them, the hearts 12."""

MB: Final = 1e6


async def long_run(browser: Browser, served: Served) -> list[Figure]:
    """Heap, nodes and listeners at the end, against those of minute 5."""
    snapshot = await _snapshot(served)
    async with visit(browser, cpu=1, script=_script(snapshot)) as come:
        await come.page.goto(served.url + "/watch/demo")
        await come.page.wait_for_function(
            "() => document.querySelector('yellow-cart')?.shadowRoot.querySelector('.chat-rows')"
        )
        # The film's decoder has a memory of its own, which comes and goes.
        await come.page.evaluate(
            "document.querySelector('yellow-cart').shadowRoot.querySelector('video')?.pause()"
        )
        await _play(come, WARM_MINUTES)
        early = await come.metrics()
        sent = await _play(come, MINUTES - WARM_MINUTES)
        late = await come.metrics()
        detached = await _detached(come)
    part, told = "memory", f"after {sent:,} messages, against minute {WARM_MINUTES}"
    heap = (late["JSHeapUsedSize"] - early["JSHeapUsedSize"]) / MB
    note = f"{told}: {early['JSHeapUsedSize'] / MB:.1f} -> {late['JSHeapUsedSize'] / MB:.1f} MB"
    figures = [Figure(part, "memory: growth of the heap", MOST_MB, heap, "MB", note=note)]
    for name, key in {"nodes": "Nodes", "listeners": "JSEventListeners"}.items():
        note = f"{early[key]:.0f} -> {late[key]:.0f}"
        figures.append(
            Figure(
                part, f"memory: {name}, times minute 5", FLAT, late[key] / early[key], note=note
            )
        )
    figures.append(
        Figure(part, "memory: detached nodes", 0, len(detached), note=str(detached[:3]))
    )
    return figures


def _script(snapshot: dict[str, Any]) -> str:
    return f"{PLAYED}\nwindow.long.open({json.dumps(snapshot)});"


async def _play(come: Visit, minutes: int) -> int:
    sent = 0
    for _ in range(minutes // AT_ONCE):
        sent = await come.page.evaluate("minutes => long.play(minutes)", AT_ONCE)
    return sent


async def _snapshot(served: Served) -> dict[str, Any]:
    """What the server itself answers to a join."""
    async with connect(served.ws_url) as socket:
        await socket.send(json.dumps({"id": 1, "op": "join", "show": "demo"}))
        messages = json.loads(await socket.recv())
    first = messages[0] if isinstance(messages, list) else messages
    ok: dict[str, Any] = first["ok"]
    return ok


async def _detached(come: Visit) -> list[str]:
    """Trees that script still holds though no page shows them, but for what it uses again."""
    await come.tools.send("DOM.enable")
    found = await come.tools.send("DOM.getDetachedDomNodes")
    trees = [tree["treeNode"] for tree in found["detachedNodes"]]
    names = [f"{tree['nodeName'].lower()}.{_class(tree)}" for tree in trees]
    return [name for name in names if not name.startswith(SPARE)]


def _class(node: dict[str, Any]) -> str:
    attributes = node.get("attributes", [])
    return str(dict(zip(attributes[::2], attributes[1::2], strict=False)).get("class", ""))
