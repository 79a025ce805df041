"""What is on air: shown as the server told it, taken away on purpose only, and put back."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

NO_LINK = "WebSocket connection|Failed to load resource"
"""What a browser itself says on the console when a line is dead."""


def two_products(served: Served) -> Stall:
    stall = Stall(served)
    stall.put("Linen shirt", left=14)
    stall.put("Silk scarf", price=1200, left=9)
    return stall


async def test_the_box_shows_what_a_viewer_s_page_shows(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = two_products(shared_server)
    console = await Console.opens(open_page, stall)
    viewer = await open_page(stall.url)
    card = viewer.locator("yellow-cart .card-title")

    for title in ("Linen shirt", "Silk scarf"):
        await console.puts_on_air(title)
        await expect(card).to_have_text(title)
    await expect(console.row("Silk scarf")).to_contain_text("On air")
    await expect(console.pin("Linen shirt")).to_be_visible()

    await console.button("Unpin").click()
    await expect(console.page.locator(".air-none")).to_contain_text("Nothing on air")
    await expect(card).to_be_hidden()


async def test_a_pin_that_is_not_confirmed_is_never_shown_as_on_air_and_says_so_when_it_comes_late(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    stall = two_products(shared_server)
    proxy = await proxied(shared_server)
    console = await Console.opens(open_page, stall, base=proxy.url)
    row = console.row("Linen shirt")

    proxy.freeze()
    await console.pin("Linen shirt").click()
    await expect(row.get_by_role("button", name="Pinning… Linen shirt")).to_be_visible()
    await expect(console.on_air).to_have_count(0)
    await expect(row.locator(".row-status")).to_have_text("Not confirmed. Try again", timeout=2800)
    await expect(console.on_air).to_have_count(0)

    proxy.mend()
    await expect(console.on_air).to_have_text("Linen shirt")
    await expect(console.done("Came through late: Pinned Linen shirt")).to_be_visible()
    await expect(row.locator(".row-status")).to_be_hidden()


async def test_no_stray_key_unpins_and_a_double_click_counts_once(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = two_products(shared_server)
    console = await Console.opens(open_page, stall)
    await console.puts_on_air("Linen shirt")

    await console.page.locator("h1").click()
    for key in ("u", "Shift", "Delete", "Backspace", "Escape", "Enter", "Space", "1", "p"):
        await console.page.keyboard.press(key)
    await expect(console.on_air).to_have_text("Linen shirt")
    assert console.wire.sent("unpin") == []

    await console.button("Unpin").dblclick()
    await expect(console.on_air).to_have_count(0)
    assert len(console.wire.sent("unpin")) == 1


async def test_unpinning_is_undone_to_the_same_pin(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = two_products(shared_server)
    console = await Console.opens(open_page, stall)
    await console.puts_on_air("Silk scarf")

    await console.page.keyboard.press("Shift+U")
    await expect(console.on_air).to_have_count(0)
    await console.undo("Took Silk scarf off the air").click()

    await expect(console.on_air).to_have_text("Silk scarf")
    await expect(console.done("Undone: Took Silk scarf off the air")).to_be_visible()


async def test_a_wrong_pin_is_undone_to_the_one_before(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = two_products(shared_server)
    console = await Console.opens(open_page, stall)
    await console.puts_on_air("Linen shirt")
    await console.puts_on_air("Silk scarf")

    await console.page.keyboard.press("ControlOrMeta+z")
    await expect(console.on_air).to_have_text("Linen shirt")

    await console.page.keyboard.press("ControlOrMeta+z")
    await expect(console.on_air).to_have_count(0)


async def test_an_undo_waits_while_it_is_pointed_at_and_goes_after_ten_seconds(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = two_products(shared_server)
    console = await Console.opens(open_page, stall)
    await console.puts_on_air("Linen shirt")
    entry = console.done("Pinned Linen shirt")

    await entry.hover()
    before = await entry.locator(".undo-seconds").inner_text()
    await asyncio.sleep(2.5)
    assert await entry.locator(".undo-seconds").inner_text() == before

    await console.page.locator("h1").hover()
    await expect(entry).to_have_count(0, timeout=12_000)
    await expect(console.on_air).to_have_text("Linen shirt")


async def test_without_a_link_the_controls_are_off_within_a_second_and_nothing_fires_later(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    stall = two_products(shared_server)
    proxy = await proxied(shared_server)
    console = await Console.opens(open_page, stall, base=proxy.url)
    await console.puts_on_air("Linen shirt")
    pin, unpin = console.pin("Silk scarf"), console.button("Unpin")

    proxy.cut()
    await expect(pin).to_be_disabled(timeout=1000)
    await expect(unpin).to_be_disabled(timeout=100)
    await expect(console.banner).to_contain_text("nothing you press is sent later")
    await expect(console.banner).to_contain_text("Last seen on air: Linen shirt")
    for control in (pin, unpin, console.button("End…"), console.button("Add")):
        await control.click(force=True)
    await console.page.keyboard.press("Shift+U")
    await console.page.keyboard.press("ControlOrMeta+z")
    await expect(console.dialog).to_have_count(0)

    proxy.mend()
    await expect(pin).to_be_enabled()
    await expect(console.banner).to_contain_text("Connected again")
    await asyncio.sleep(1)
    await expect(console.on_air).to_have_text("Linen shirt")
    assert [join["recovered"] for join in console.wire.joins] == [False, True]
    assert len(console.wire.sent("pin")) == 1
    assert console.wire.sent("unpin") == console.wire.sent("show.end") == []
