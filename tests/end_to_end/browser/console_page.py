"""Somebody who runs a LIVE: sees and presses what a host would on the console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

from tests.end_to_end.browser.chromium import DESKTOP
from tests.end_to_end.browser.open_page import host_url
from tests.end_to_end.browser.wire import Wire

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page, ViewportSize

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.end_to_end.browser.stall import Stall

__all__ = ["Console"]


@dataclass
class Console:
    """An open console, and what its sockets say."""

    page: Page
    wire: Wire

    @classmethod
    async def opens(
        cls,
        open_page: OpenPage,
        stall: Stall,
        *,
        base: str = "",
        size: ViewportSize = DESKTOP,
        **options: Any,
    ) -> Console:
        """Open the stall's console as its host; ``base`` is a proxy before the server."""
        page = await open_page(size=size, **options)
        wire = Wire(page)
        await page.goto(host_url(stall.served, stall.name, f"{stall.name}-host", base))
        await expect(page.locator(".top-bar")).to_be_visible()
        return cls(page, wire)

    @property
    def rows(self) -> Locator:
        return self.page.locator("#bag .row")

    @property
    def titles(self) -> Locator:
        """The bag's products, in order."""
        return self.page.locator("#bag .row-title")

    @property
    def on_air(self) -> Locator:
        """The title in the on-air box; none while nothing is on air."""
        return self.page.locator(".air-body:not([hidden]) .air-title")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".banner")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    @property
    def messages(self) -> Locator:
        return self.page.locator(".message")

    def row(self, title: str) -> Locator:
        return self.rows.filter(has_text=title)

    def pin(self, title: str) -> Locator:
        """The button that pins a product."""
        return self.row(title).locator(".pin")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def done(self, text: str) -> Locator:
        """What the bar at the foot says was done."""
        return self.page.locator(".undo-entry").filter(has_text=text)

    def undo(self, text: str) -> Locator:
        """The button that takes it back."""
        return self.done(text).locator("button")

    async def puts_on_air(self, title: str) -> None:
        """Pin a product and see it on air."""
        await self.pin(title).click()
        await expect(self.on_air).to_have_text(title)

    async def picks(self, title: str, act: str) -> None:
        """Choose an act from a row's menu."""
        await self.row(title).locator(".more").click()
        await self.page.get_by_role("menuitem", name=act).click()
