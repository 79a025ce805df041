"""Going live and ending: never by accident, and back again."""

from __future__ import annotations

import asyncio
import time

import pytest
from playwright.async_api import expect

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served
from tests.viewer import ADDRESS, card, viewer


async def test_ending_needs_two_acts_and_is_taken_back_within_ten_seconds(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    stall.put("Linen shirt", pin=True)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        await expect(console.page.locator(".fact.viewers")).to_have_text("1 watching")

        await console.button("End…").click()
        await expect(console.dialog).to_contain_text("End the LIVE for 1 person?")
        await expect(console.button("Keep going")).to_be_focused()
        await console.page.keyboard.press("Enter")
        await expect(console.dialog).to_have_count(0)

        await console.button("End…").click()
        await console.button("End LIVE").click()
        await expect(console.banner).to_contain_text("Ending in 10…")
        await expect(console.banner).to_contain_text("Ending in 8…")
        await expect(console.button("Go back on air")).to_be_focused()
        await console.button("Go back on air").click()
        await expect(console.banner).to_have_count(0)

        await asyncio.sleep(9)
        assert not [event for event in await mia.quiet() if event["ev"] == "show.ended"]
    await expect(console.on_air).to_have_text("Linen shirt")
    assert console.wire.sent("show.end") == []


@pytest.mark.timeout(90)
async def test_the_end_comes_after_ten_seconds_harms_nobody_who_pays_and_can_be_resumed(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    shirt = stall.put("Linen shirt", pin=True)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        bought = await mia.do("buy", sku=f"{shirt}-0", qty=1, key="a-key-of-mia")
        await console.button("End…").click()
        await console.button("End LIVE").click()
        began = time.monotonic()
        await asyncio.sleep(7)
        pays = await mia.send(
            "checkout.pay",
            checkout=bought["checkout"]["id"],
            method=card("tok_slow"),
            ship_to=ADDRESS,
        )

        await mia.event("show.ended")
        assert 9 < time.monotonic() - began < 14
        await mia.event("order")
        assert "ok" in await mia.reply(pays)
    await expect(console.page.locator(".fact.orders-total")).to_have_text("1 order")
    await expect(console.pin("Linen shirt")).to_be_disabled()
    await expect(console.page.locator(".air-none")).to_contain_text("not on the air")

    await console.button("Resume…").click()
    await expect(console.dialog.locator(".checks")).to_contain_text("The bag has 1 product.")
    await console.button("Resume").click()
    await expect(console.page.locator(".live-badge")).to_have_text("LIVE")
    await console.puts_on_air("Linen shirt")


async def test_an_end_is_called_off_when_the_link_is_lost(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect("WebSocket connection|Failed to load resource")
    stall = Stall(shared_server)
    proxy = await proxied(shared_server)
    console = await Console.opens(open_page, stall, base=proxy.url)
    await console.button("End…").click()
    await console.button("End LIVE").click()
    await expect(console.banner).to_contain_text("Ending in")

    proxy.cut()
    await expect(console.done("The connection went: the LIVE was not ended.")).to_be_visible()
    proxy.mend()
    await expect(console.button("End…")).to_be_enabled()

    await asyncio.sleep(10)
    await expect(console.page.locator(".live-badge")).to_have_text("LIVE")
    assert console.wire.sent("show.end") == []


async def test_a_show_with_an_empty_bag_is_not_started(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    host = shared_server.token(f"{stall.name}-host", "host")
    shared_server.http("POST", f"/v1/shows/{stall.name}/end", {}, token=host)
    console = await Console.opens(open_page, stall)
    await expect(console.page.locator("#bag .empty")).to_have_text(
        "Add products before you go live. Viewers see them as soon as you pin."
    )

    await console.button("Resume…").click()
    await expect(console.dialog.locator(".bad")).to_contain_text("The bag is empty.")
    await expect(console.button("Resume")).to_be_disabled()
    await console.button("Resume").click(force=True)

    await expect(console.dialog).to_be_visible()
    assert console.wire.sent("show.start") == []
