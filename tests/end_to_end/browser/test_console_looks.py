"""The console fits every window, can be used by everybody, and stays light to load."""

from __future__ import annotations

import gzip

import pytest
from playwright.async_api import ViewportSize, expect

from tests.end_to_end.browser.axe import assert_accessible
from tests.end_to_end.browser.chromium import DESKTOP, LAPTOP, PHONE, SMALL_PHONE, TABLET
from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.pictures import take_picture
from tests.end_to_end.browser.stall import Stall
from tests.served import ROOT, Served
from tests.viewer import viewer

MOST_SCRIPT = 45 * 1024
LOOKS = {
    "1440-dark": (DESKTOP, False),
    "1440-light": (DESKTOP, True),
    "1024-light": (LAPTOP, True),
    "768-dark": (TABLET, False),
    "390-light": (PHONE, True),
    "320-dark": (SMALL_PHONE, False),
}
LONG = "Handwoven extra long winter scarf with fringes, undyed alpaca and merino, 220 × 70 cm"


@pytest.mark.timeout(120)  # axe looks at every part
@pytest.mark.parametrize(("size", "light"), LOOKS.values(), ids=list(LOOKS))
async def test_everybody_can_use_every_part_at_every_size(
    open_page: OpenPage, shared_server: Served, size: ViewportSize, light: bool
) -> None:
    stall = Stall(shared_server)
    stall.put(LONG, price=123_456_789, left=0)
    stall.put("Linen shirt", left=3, kinds=("S", "M", "L"), pin=True)
    console = await Console.opens(open_page, stall, size=size)
    page, width = console.page, size["width"]
    if light:
        await page.evaluate("localStorage.setItem('yc.console.theme', 'light')")
        await page.reload()
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        await mia.do("chat.send", text="A word that is " + "long" * 40)
        await expect(console.on_air).to_have_text("Linen shirt")
        await assert_accessible(page)
        await take_picture(page, f"console-{width}-{'light' if light else 'dark'}")

        for tab in ("Chat", "Orders", "Numbers") if width < 900 else ():
            await page.locator(".tab", has_text=tab).click()
            await assert_accessible(page)
            await take_picture(page, f"console-{width}-{tab}-{'light' if light else 'dark'}")
        if width == 1024:
            await page.get_by_role("button", name="Chat").first.click()
            await expect(console.messages.first).to_be_visible()
            await assert_accessible(page)

    wide = await page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert wide[0] <= width
    assert wide[1] <= size["height"]


@pytest.mark.timeout(120)
async def test_everybody_can_use_the_dialogs(open_page: OpenPage, shared_server: Served) -> None:
    stall = Stall(shared_server)
    stall.put("Linen shirt")
    console = await Console.opens(open_page, stall)
    for name in ("Add", "Keys", "End…", "Log"):
        await console.button(name).click()
        await expect(console.dialog).to_be_visible()
        await assert_accessible(console.page)
        await take_picture(console.page, f"console-dialog-{name.strip('…')}")
        await console.page.keyboard.press("Escape")
        await expect(console.dialog).to_have_count(0)
        await expect(console.button(name)).to_be_focused()

    await console.row("Linen shirt").locator(".more").click()
    await assert_accessible(console.page)
    await console.page.keyboard.press("Escape")
    await expect(console.row("Linen shirt").locator(".more")).to_be_focused()


async def test_everybody_can_go_live(open_page: OpenPage, shared_server: Served) -> None:
    stall = Stall(shared_server, is_live=False)
    console = await Console.opens(open_page, stall)
    go = console.dialog.get_by_role("button", name="Go live", exact=True)
    await console.button("Go live…").click()
    await expect(console.dialog).to_contain_text("The bag is empty.")
    await expect(go).to_have_attribute("aria-disabled", "true")
    await assert_accessible(console.page)
    await take_picture(console.page, "console-dialog-Go-live-empty")
    await console.page.keyboard.press("Escape")

    stall.put("Linen shirt", price=0)
    await expect(console.row("Linen shirt")).to_be_visible()
    await console.button("Go live…").click()
    await expect(console.dialog).to_contain_text("1 product costs nothing.")
    await assert_accessible(console.page)
    await take_picture(console.page, "console-dialog-Go-live")
    await go.click()

    await expect(console.button("End…")).to_be_visible()


async def test_the_console_s_script_stays_within_its_budget() -> None:
    files = (ROOT / "web" / "browser" / "host").glob("*.js")
    packed = sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)

    assert packed <= MOST_SCRIPT
