"""A sheet is there within the tap's frame, and from then on as modal as ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.chromium import LAPTOP
from tests.end_to_end.browser.stall import Stall

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.served import Served

# A mutation is told of before any frame.
BEFORE_A_FRAME = """(act) => new Promise((done) => {
  const root = document.querySelector("yellow-cart").shadowRoot;
  const cart = root.querySelector(".cart-button");
  const key = { key: "Escape", bubbles: true, composed: true, cancelable: true };
  const acts = {
    wait() {},
    escape: () => cart.dispatchEvent(new KeyboardEvent("keydown", key)),
    tap: () => root.querySelector(".card .buy").click(),
    close: () => root.querySelector(".sheet-close").click(),
  };
  const seen = new MutationObserver(() => {
    const dialog = root.querySelector("dialog[open]");
    if (!dialog) return;
    seen.disconnect();
    const wasModal = dialog.matches(":modal");
    acts[act]();
    done(wasModal);
  });
  seen.observe(root, { subtree: true, childList: true });
  cart.click();
})"""


@pytest.fixture
def stall(shared_server: Served) -> Stall:
    stall = Stall(shared_server)
    stall.put("Scarf", pin=True)
    return stall


async def is_modal(page: Page) -> bool:
    found: bool = await page.locator("dialog[open]").evaluate(
        "(dialog) => dialog.matches(':modal')"
    )
    return found


async def test_it_is_made_modal_once_it_was_seen(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)

    assert not await buyer.page.evaluate(BEFORE_A_FRAME, "wait")
    await buyer.sees_sheet()

    assert await is_modal(buyer.page)
    await buyer.page.go_back()
    await expect(buyer.sheet).to_have_count(0)
    await expect(buyer.page.locator(".card .buy")).to_be_visible()


async def test_escape_is_heard_before_it_is_modal(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)

    await buyer.page.evaluate(BEFORE_A_FRAME, "escape")

    await expect(buyer.page.locator("dialog")).to_have_count(0)


async def test_nothing_behind_it_can_be_tapped_before(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)

    await buyer.page.evaluate(BEFORE_A_FRAME, "tap")
    await buyer.sees_sheet()

    await expect(buyer.sheet).to_have_attribute("data-name", "bag")


async def test_closed_before_it_is_modal_it_is_gone(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)

    await buyer.page.evaluate(BEFORE_A_FRAME, "close")
    await expect(buyer.page.locator("dialog")).to_have_count(0)

    await buyer.page.locator(".cart-button").click()
    await buyer.sees_sheet()
    assert await is_modal(buyer.page)
    await buyer.page.keyboard.press("Escape")
    await expect(buyer.page.locator("dialog")).to_have_count(0)
    await expect(buyer.page.locator(".card .buy")).to_be_visible()


async def test_a_panel_takes_the_focus_before_its_content(
    open_page: OpenPage, stall: Stall
) -> None:
    page, late = await open_page(size=LAPTOP), asyncio.Event()

    async def delayed(route: Route) -> None:
        await late.wait()
        await route.continue_()

    await page.route("**/bag-sheet.js", delayed)
    await page.goto(stall.url)
    cart, dialog = page.locator(".cart-button"), page.locator("dialog")
    await expect(page.locator(".yc[data-conn=online]")).to_be_attached()
    await cart.press("Enter")
    await expect(dialog).to_have_attribute("data-panel", "")
    await expect(page.locator(".sheet-title")).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(dialog).to_have_count(0)
    await expect(cart).to_be_focused()
    late.set()
    await expect(dialog).to_have_count(0)
