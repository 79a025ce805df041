"""Somebody who buys: finds, taps and types what a person would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.end_to_end.browser.stall import Stall

__all__ = ["ANA", "Buyer"]

ANA: Final = {
    "email": "ana@example.com",
    "name": "Ana Berg",
    "country": "NO",
    "line1": "Storgata 1",
    "postal_code": "0155",
    "city": "Oslo",
}


@dataclass
class Buyer:
    """A visitor's page of a LIVE."""

    page: Page

    @classmethod
    async def comes(cls, open_page: OpenPage, stall: Stall, **options: Any) -> Buyer:
        """Open the LIVE as somebody new."""
        buyer = cls(await open_page(stall.url, **options))
        await expect(buyer.page.locator(".card .buy")).to_be_visible()
        await expect(buyer.page.locator(".yc[data-conn=online]")).to_be_attached()
        return buyer

    @property
    def sheet(self) -> Locator:
        """The open sheet; none while it is closing."""
        return self.page.locator("dialog[open]:not([data-leaving])")

    @property
    def main(self) -> Locator:
        """The button that leads on, the last one of the sheet."""
        return self.sheet.locator("footer button").last

    @property
    def notice(self) -> Locator:
        return self.sheet.locator(".notice-text")

    @property
    def end(self) -> Locator:
        """What is said when a checkout is over."""
        return self.sheet.locator(".end-text")

    def button(self, name: str) -> Locator:
        return self.sheet.get_by_role("button", name=name)

    async def taps_buy(self) -> None:
        await self.page.locator(".card .buy").click()

    async def sees_sheet(self) -> None:
        """Wait until the sheet is filled: the browser gives an empty one the focus already."""
        await expect(self.sheet).to_be_visible()
        await expect(self.sheet).not_to_have_attribute("aria-busy", "true")
        await expect(self.sheet.locator(".sheet-title")).to_be_focused()

    async def chooses(self, kind: str) -> None:
        """Choose a kind of the product."""
        await self.sheet.locator(".variant", has_text=kind).click()

    async def fills_in(self, card: str = "tok_ok", **changes: str) -> None:
        """Fill in all that is asked for."""
        for name, text in {**ANA, **changes}.items():
            control = self.sheet.locator(f"[data-name={name}] :is(input, select)")
            await (control.select_option(text) if name == "country" else control.fill(text))
        await self.picks(card)

    async def picks(self, card: str) -> None:
        await self.sheet.locator(f"input[value={card}]").check()

    async def gets_to_pay(self, card: str = "tok_ok") -> None:
        """From the card to the last look, with everything told."""
        await self.taps_buy()
        await self.fills_in(card)
        await self.main.click()
        await expect(self.main).to_have_text("Pay €24.90")

    async def pays(self) -> None:
        await self.main.click()

    async def sees_order(self, paid: str) -> None:
        """The sheet of the order is there, and says what was paid."""
        await expect(self.sheet.locator(".order-head p")).to_have_text(paid, timeout=20_000)
        await expect(self.sheet.locator(".sheet-title")).to_have_text("Order 000001 placed")
