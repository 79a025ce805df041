"""Buying without a pointer: from load to order with Tab, arrows, Space and Enter."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.end_to_end.browser.buyer import ANA, Buyer
from tests.end_to_end.browser.chromium import DESKTOP, PHONE
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

FOCUSED = """() => {
  let on = document.activeElement;
  while (on?.shadowRoot?.activeElement) on = on.shadowRoot.activeElement;
  const field = on.closest("[data-name]")?.dataset.name;
  return field && on.matches("input, select") ? field : (on.ariaLabel ?? on.textContent).trim();
}"""
MOST = 60


@pytest.fixture
def stall(shared_server: Served) -> Stall:
    """One shirt, on air."""
    stall = Stall(shared_server)
    stall.put("Linen shirt", pin=True)
    return stall


async def tab_to(page: Page, start: str) -> int:
    """Press Tab until what has the focus begins with these words; how often that was."""
    for times in range(1, MOST):
        await page.keyboard.press("Tab")
        if str(await page.evaluate(FOCUSED)).startswith(start):
            return times
    raise AssertionError(f"no way to {start} by Tab")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_a_purchase_needs_no_pointer(
    open_page: OpenPage, stall: Stall, size: ViewportSize
) -> None:
    buyer = await Buyer.comes(open_page, stall, size=size)
    keyboard = buyer.page.keyboard
    await tab_to(buyer.page, "Buy: Linen shirt")
    await keyboard.press("Enter")
    await buyer.sees_sheet()

    for name in ("email", "name", "country", "line1", "postal_code", "city"):
        await tab_to(buyer.page, name)
        await keyboard.type("Norway" if name == "country" else ANA[name])
    await tab_to(buyer.page, "card")
    await keyboard.press("Space")
    await tab_to(buyer.page, "Continue")
    await keyboard.press("Enter")
    await expect(buyer.main).to_have_text("Pay €24.90")
    await tab_to(buyer.page, "Pay €24.90")
    await keyboard.press("Enter")

    await buyer.sees_order("€24.90 paid with Visa 4242.")
    await expect(buyer.sheet.locator(".sheet-title")).to_be_focused()
    [order] = stall.orders()
    assert order["ship_to"]["country"] == "NO"
    await keyboard.press("Escape")
    await expect(buyer.sheet).to_have_count(0)
    await expect(buyer.page.locator(".card .buy")).to_be_focused()


async def test_who_came_before_pays_within_twelve_stops(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()
    await buyer.pays()
    await buyer.sees_order("€24.90 paid with Visa 4242.")
    again = await open_page(stall.url, context=buyer.page.context)
    await expect(again.locator(".card .buy")).to_be_visible()

    stops = await tab_to(again, "Buy: Linen shirt")
    await again.keyboard.press("Enter")
    await expect(Buyer(again).main).to_have_text("Pay €24.90")
    stops += await tab_to(again, "Pay €24.90")

    assert stops <= 12


async def test_enter_goes_from_field_to_field(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()

    await buyer.sheet.get_by_label("E-mail").press("Enter")
    await expect(buyer.sheet.get_by_label("Full name")).to_be_focused()
    await buyer.sheet.get_by_label("Phone").press("Enter")

    await expect(buyer.sheet.locator(".summary")).to_be_focused()
