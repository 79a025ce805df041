"""Everybody can use every state of the viewer's page: WCAG 2.2 AA, as far as axe can tell."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize, expect

from tests.end_to_end.browser.axe import assert_accessible
from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.chromium import DESKTOP, PHONE
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

LOOKS = pytest.mark.parametrize(
    ("size", "dark"),
    [(PHONE, True), (DESKTOP, False)],
    ids=["phone-dark", "desktop-light"],
)
"""A light phone and a dark desktop go the same ways in ``test_buying_sheets.py``."""


@LOOKS
async def test_from_the_live_to_the_order(
    open_page: OpenPage, shared_server: Served, size: ViewportSize, dark: bool
) -> None:
    stall = Stall(shared_server)
    stall.put("Hat", price=1800, kinds=("Small", "Large"))
    stall.put("Scarf", price=1200, left=0)
    stall.put("Linen shirt", left=3, pin=True)
    buyer = await Buyer.comes(open_page, stall, size=size, dark=dark, reduced_motion="reduce")
    page = buyer.page
    await expect(page.locator(".card-stock")).to_have_text("3 left")
    await assert_accessible(page)

    await buyer.taps_buy()
    await expect(buyer.main).to_be_visible()
    await assert_accessible(page)
    await buyer.main.click()
    await expect(buyer.sheet.locator("[aria-invalid=true]").first).to_be_visible()
    await assert_accessible(page)
    await buyer.fills_in("tok_declined")
    await buyer.main.click()
    await expect(buyer.main).to_have_text("Pay €24.90")
    await assert_accessible(page)
    await buyer.pays()
    await expect(buyer.notice).to_be_visible()
    await assert_accessible(page)
    await buyer.button("Use another card").click()
    await buyer.picks("tok_3ds")
    await buyer.pays()
    bank = page.frame_locator("iframe")
    await expect(bank.get_by_role("heading")).to_have_text("Is it you?")
    await assert_accessible(page)
    await bank.get_by_role("button", name="Confirm").click()
    await buyer.sees_order("€24.90 paid with Visa 3155.")
    await assert_accessible(page)


@LOOKS
async def test_the_bag_a_product_and_the_cart(
    open_page: OpenPage, shared_server: Served, size: ViewportSize, dark: bool
) -> None:
    stall = Stall(shared_server)
    stall.put("Scarf", price=1200, left=0)
    stall.put("Hat", price=1800, kinds=("Small", "Large"), pin=True)
    buyer = await Buyer.comes(open_page, stall, size=size, dark=dark, reduced_motion="reduce")
    page = buyer.page

    await buyer.taps_buy()
    await buyer.chooses("Large")
    await assert_accessible(page)
    await buyer.button("Add to cart").click()
    await page.locator("[part~=cart-button]:visible").click()
    await expect(buyer.sheet).to_contain_text("Hat")
    await assert_accessible(page)
