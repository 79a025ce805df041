"""How visitors come to pages: each with a profile, a window and a machine of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from playwright.async_api import Browser, BrowserContext, Error, Page, ViewportSize

from tests.end_to_end.browser.chromium import PHONE, Network, slow_down

if TYPE_CHECKING:
    from tests.end_to_end.browser.complaints import Complaints
    from tests.served import Served

__all__ = ["PATIENCE_MS", "OpenPage", "host_url"]

PATIENCE_MS: Final = 20_000
"""For all waits: a machine may have much else to do, and only a failing test waits so long."""
TOUCH_BELOW: Final = 1024
"""CSS pixels: narrower ones are phones and tablets, which people touch."""
OTHER_CLOCK: Final = """
(() => {
  const off = OFF, Real = Date, start = performance.timeOrigin + off;
  Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
    static now() { return Real.now() + off; }
  };
  Object.defineProperty(Performance.prototype, "timeOrigin", { get: () => start });
})();
"""
"""The machine's clock is wrong; timers and ``performance.now`` are as ever."""


class OpenPage:
    """Opens pages, as a new visitor or in the ``context`` of another page."""

    def __init__(self, browser: Browser, complaints: Complaints) -> None:
        self._browser = browser
        self._complaints = complaints
        self._contexts: list[BrowserContext] = []

    async def __call__(
        self,
        url: str = "",
        *,
        context: BrowserContext | None = None,
        size: ViewportSize = PHONE,
        dark: bool = False,
        throttle: float = 1,
        network: Network | None = None,
        clock_off_s: int = 0,
        **options: Any,
    ) -> Page:
        """Open a page.

        Args:
            url: Where to go; empty to listen first and go later.
            context: Share profile and storage with its pages; size and such are then its.
            size: Of the window's inside, in CSS pixels.
            dark: What the visitor prefers.
            throttle: How many times slower the machine is.
            network: A slower line.
            clock_off_s: How far ahead the visitor's clock is.
            options: More for Playwright's ``new_context``: ``java_script_enabled=False``,
                ``reduced_motion="reduce"``, ``locale="ar"``.

        """
        if context is None:
            touched = size["width"] < TOUCH_BELOW
            usual: dict[str, Any] = {
                "viewport": size,
                "color_scheme": "dark" if dark else "light",
                "has_touch": touched,
                "is_mobile": touched,
                "locale": "en-GB",
            }
            context = await self._visitor({**usual, **options})
        page = await context.new_page()
        if clock_off_s:
            await page.add_init_script(OTHER_CLOCK.replace("OFF", str(clock_off_s * 1000)))
        if throttle != 1 or network is not None:
            await slow_down(page, throttle, network)
        if url:
            await page.goto(url)
        return page

    async def _visitor(self, options: dict[str, Any]) -> BrowserContext:
        context = await self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        self._complaints.watch(context)
        self._contexts.append(context)
        return context

    @property
    def pages(self) -> list[Page]:
        """Those that are open."""
        return [page for context in self._contexts for page in context.pages]

    async def close(self) -> None:
        """Close every page, after it had its say."""
        for page in self.pages:
            with suppress(Error):  # a page that has crashed
                await page.evaluate("0")  # what it said before has arrived by now
        for context in self._contexts:
            await context.close()


def host_url(served: Served, show: str = "demo", sub: str = "demo-host", base: str = "") -> str:
    """The console's address, with the token where no server sees it.

    Args:
        served: Whose secret signs the token.
        show: Which show.
        sub: Which host.
        base: The proxy's address, if there is one before the server.

    """
    return f"{base or served.url}/host/{show}#token={served.token(sub, 'host')}"
