"""Bytes and modules, as they travel: compressed, a first visit with nothing kept."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import brotli
from playwright.async_api import Browser

from bench.pages.report import Figure
from bench.pages.visit import visit
from tests.served import Served

__all__ = ["weights"]

KIB: Final = 1024
LOADED: Final = """() => performance.getEntriesByType("resource").map(
  ({ name, transferSize }) => [name, transferSize])"""
HTML: Final = "performance.getEntriesByType('navigation')[0].encodedBodySize"
IMPORT: Final = re.compile(
    r"""(?:^|[\s;}(])(?:import|export)\b[^;'"`(]*(['"])(\.[^'"]+)\1""", re.M
)
LATER: Final = re.compile(r"""\bimport\((['"`])(\.[^'"`]+)\1\)""")
SHEET: Final = "-sheet.js"


class Modules:
    """The modules of the pages and what they import."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, int]] = {}

    def size(self, urls: set[str]) -> int:
        """Bytes that they take on the line, together."""
        return sum(self._get(url)[1] for url in urls)

    def closure(self, start: str, *, later: bool, without: str = "") -> set[str]:
        """A module and all that it imports; also what it may import ``later``.

        ``without`` leaves out modules whose names end so, with all that only they import.
        """
        found: set[str] = set()
        waiting = [start]
        while waiting:
            url = waiting.pop()
            if url in found:
                continue
            found.add(url)
            text = self._get(url)[0]
            names = [path for _, path in IMPORT.findall(text)]
            if later:
                names += [path for _, path in LATER.findall(text) if "$" not in path]
            waiting += [
                urljoin(url, name) for name in names if not (without and name.endswith(without))
            ]
        return found

    def _get(self, url: str) -> tuple[str, int]:
        if url not in self._read:
            # As browsers ask: all of today's take Brotli.
            asked = Request(url, headers={"Accept-Encoding": "br"})
            with urlopen(asked, timeout=10) as answer:
                body = answer.read()
                packed = answer.headers.get("Content-Encoding") == "br"
            text = brotli.decompress(body) if packed else body
            self._read[url] = text.decode(), len(body)
        return self._read[url]


async def weights(browser: Browser, served: Served) -> list[Figure]:
    """What the pages make a visitor load."""
    modules = Modules()
    async with visit(browser, cpu=1) as come:
        await come.go(served.url + "/watch/demo")
        await come.page.wait_for_timeout(1000)
        loaded: list[Any] = await come.page.evaluate(LOADED)
        html = await come.page.evaluate(HTML)
    seen = {url for url, _ in loaded}
    scripts = {url for url in seen if url.endswith((".js", ".mjs"))}
    base = next(url for url in scripts if url.endswith("/yellow-cart.js")).rpartition("/")[0]
    # What must be there before the element can draw anything; the rest comes when it has.
    first = modules.closure(f"{base}/yellow-cart.js", later=False)
    styles = {url for url in seen if url.endswith(".css")} | {f"{base}/viewer/sheets.css"}
    room = modules.closure(f"{base}/yellow-cart.js", later=True, without=SHEET)
    checkout: set[str] = set()
    for name in ("checkout", "bank", "order"):
        checkout |= modules.closure(f"{base}/viewer/{name}{SHEET}", later=True)
    console = modules.closure(f"{base}/host/console.js", later=True)
    console = {url for url in console if "/vendor/" not in url}
    sent = [url for url, size in loaded if size]
    twice = sorted({_name(url) for url in sent if sent.count(url) > 1})

    def row(what: str, kib: float | None, urls: set[str]) -> Figure:
        large = sorted(urls, key=lambda url: -modules.size({url}))[:4]
        sizes = (f"{_name(url)} {modules.size({url}) / KIB:.1f}" for url in large)
        note = f"{len(urls)} files: {', '.join(sizes)}{' …' * (len(urls) > 4)}"
        return Figure("weights", what, kib, modules.size(urls) / KIB, "KiB", note=note)

    return [
        Figure("weights", "HTML of /watch, compressed", 14, html / KIB, "KiB"),
        row("CSS of the viewer, all, compressed", 12, styles),
        row("JS before the first pin, compressed", 25, first),
        Figure("weights", "modules before the first pin", 8, len(first)),
        row("SDK alone, compressed", 10, {served.url + "/yellowcart.js"}),
        row("checkout modules, compressed", 20, checkout - room),
        row("host modules, compressed", 45, {url for url in console if "/host/" in url}),
        row("JS of the viewer once at rest, compressed", None, scripts),
        row("JS of the console, with the SDK, compressed", None, console),
        Figure("weights", "files fetched twice", 0, len(twice), note=", ".join(twice)),
    ]


def _name(url: str) -> str:
    return url.rpartition("/")[2]
