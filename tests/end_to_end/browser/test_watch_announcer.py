"""What a screen reader is told: pins at their pace, no chat, and through an open sheet."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.stall import Stall
from tests.end_to_end.browser.watching import crowd

if TYPE_CHECKING:
    from tests.end_to_end.browser.open_page import OpenPage
    from tests.served import Served

PINS_AT_MOST_EVERY_MS = 5000
ROUNDING_MS = 20

LISTEN = """() => {
  const root = document.querySelector("yellow-cart").shadowRoot;
  window.heard = [];
  new MutationObserver((all) => {
    for (const { target } of all) {
      const region = (target.closest ? target : target.parentElement)?.closest("[aria-live]");
      const isHeard = region && region.getAttribute("aria-live") !== "off" && region.textContent;
      if (!isHeard) continue;
      const dialog = !!region.closest("dialog[open]");
      window.heard.push({ at: performance.now(), text: region.textContent, dialog });
    }
  }).observe(root, { subtree: true, childList: true, characterData: true });
}"""


async def test_pins_are_said_at_most_once_in_five_seconds_and_chat_not_at_all(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    shirt, scarf = stall.put("Shirt", pin=True), stall.put("Scarf")
    buyer = await Buyer.comes(open_page, stall)
    await expect(buyer.page.get_by_role("log")).to_be_attached()
    await buyer.page.evaluate(LISTEN)

    await crowd(stall.served, stall.name, [f"A word {n}" for n in range(6)])
    for product in (scarf, shirt, scarf, shirt, scarf):
        stall.pin(product)
        await asyncio.sleep(0.5)
    await expect(buyer.page.locator(".chat-row")).to_have_count(6)
    await expect(buyer.page.locator(".announcers").first).to_contain_text("Now showing: Scarf")

    heard = await buyer.page.evaluate("heard")
    pins = [one["at"] for one in heard if one["text"].startswith("Now showing")]
    assert 1 <= len(pins) <= 2
    assert all(b - a >= PINS_AT_MOST_EVERY_MS - ROUNDING_MS for a, b in pairwise(pins))
    assert not [one for one in heard if "A word" in one["text"]]


async def test_a_price_and_a_hold_are_heard_from_inside_the_open_sheet(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    shirt = stall.put("Shirt", price=2490, pin=True, kinds=("Small", "Large"))
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.evaluate(LISTEN)
    await buyer.taps_buy()
    await buyer.chooses("Small")

    stall.price(shirt, 1990)
    await expect(buyer.sheet.locator(".announcers")).to_contain_text("19.90 euros")
    await buyer.button("Buy").click()
    await buyer.fills_in()
    await buyer.main.click()
    await expect(buyer.main).to_have_text("Pay €19.90")
    await expect(buyer.sheet.locator(".announcers")).to_contain_text("Kept for you")

    heard = await buyer.page.evaluate("heard")
    assert all(
        one["dialog"] for one in heard if "19.90" in one["text"] or "Kept for you" in one["text"]
    )
