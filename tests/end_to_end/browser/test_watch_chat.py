"""The chat: what everybody says is shown as text, in bounded rows, and never in the way."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Page, expect

from tests.end_to_end.browser.chromium import DESKTOP
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.watching import crowd, furnished, watch
from tests.served import Served
from tests.viewer import viewer

NASTY: Final = (
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    "<svg onload=window.broken=1>",
    "javascript:window.broken=1",
    "&lt;b&gt;bold&lt;/b&gt; <b>bold</b>",
    "\"><iframe srcdoc='<script>parent.broken=1</script>'>",
    "{{constructor.constructor('window.broken=1')()}}",
    "a" * 500,
    "עברית and English אחד",
    "🧑‍🧑‍🧒‍🧒 " + "Z" + "\u0335" * 20,
)
FLOOD: Final = 150
MOST: Final = 80


async def said(page: Page) -> list[str]:
    """What the rows say, in order."""
    return await page.locator(".chat-words").all_text_contents()


async def test_what_others_write_is_text_whatever_it_looks_like(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    nasty = "<img src=x onerror='window.broken=1'>"
    room.as_seller("PATCH", f"/v1/products/{room.product}", {"title": nasty})
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show)

    await crowd(shared_server, room.show, NASTY)
    async with viewer(shared_server.ws_url) as talker:
        await talker.join(room.show, token=shared_server.token("nasty", name=nasty))
        await talker.do("chat.send", text="hello")

    await expect(page.locator(".chat-row")).to_have_count(len(NASTY) + 1)
    assert set(await said(page)) == {*NASTY, "hello"}
    await expect(page.locator(".chat-name").last).to_have_text(nasty)
    await expect(page.locator(".card .card-title")).to_have_text(nasty)
    assert await page.locator(".chat-rows :is(img, script, svg, iframe, b)").count() == 0
    assert await page.evaluate("window.broken") is None
    width = await page.locator(".chat-log").evaluate("(log) => [log.scrollWidth, log.clientWidth]")
    assert width[0] <= width[1]


async def test_signs_that_turn_the_text_around_are_taken_out(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)

    await crowd(shared_server, room.show, ["pay \u202eelgoog\u202c now \u2066x\u2069"])

    await expect(page.locator(".chat-words")).to_have_text("pay elgoog now x")


async def test_a_flood_never_makes_more_rows_than_may_be_and_counts_the_rest(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    await page.evaluate(
        """() => {
          const root = document.querySelector("yellow-cart").shadowRoot;
          const list = root.querySelector(".chat-rows");
          window.most = 0;
          new MutationObserver(() => {
            window.most = Math.max(window.most, list.childElementCount);
          }).observe(list, { childList: true });
        }"""
    )

    await crowd(shared_server, room.show, [f"message {n}" for n in range(FLOOD)])
    async with viewer(shared_server.ws_url) as host:
        await host.join(room.show, token=room.host)
        await host.do("chat.send", text="I see you all")

    own = page.locator(".chat-row.by-host")
    await expect(own).to_contain_text("I see you all")
    assert await page.evaluate("window.most") <= MOST
    rows = await page.locator(".chat-row").count()
    assert 20 <= rows <= MOST
    # In a flood a sample is shown; the host is always.
    assert rows < FLOOD


async def test_a_message_is_sent_by_enter_and_shown_as_one_s_own(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)

    await page.get_by_role("textbox", name="Say something…").fill("size M please")
    await page.keyboard.press("Enter")

    await expect(page.locator(".chat-row.own .chat-words")).to_have_text("size M please")
    await expect(page.locator(".chat-input")).to_have_value("")


async def test_who_writes_too_fast_is_told_for_how_long_to_wait(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    field = page.locator(".chat-input")

    # At once: what typing takes could be long enough to be slow.
    await page.evaluate(
        "Promise.all([0, 1, 2].map((n) =>"
        " document.querySelector('yellow-cart').live.chat.send(`message ${n}`)))"
    )
    await field.fill("message 3")
    await field.press("Enter")

    await expect(page.locator(".chat-note")).to_contain_text("Next message in ")
    await expect(field).to_have_value("message 3")
    await expect(page.locator(".chat-note")).to_be_hidden()
    await field.press("Enter")
    await expect(page.locator(".chat-row.own")).to_have_count(4)


async def test_a_deleted_message_vanishes_and_a_muted_viewer_is_told(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    field = page.locator(".chat-input")
    await field.fill("buy my stuff elsewhere")
    await field.press("Enter")
    row = page.locator(".chat-row.own")
    await expect(row).to_have_count(1)
    message = await row.get_attribute("data-message")
    me = await page.evaluate("document.querySelector('yellow-cart').live.state.me.id")

    async with viewer(shared_server.ws_url) as host:
        await host.join(room.show, token=room.host)
        await host.do("chat.delete", message=message)
        await host.do("viewer.mute", viewer=me, seconds=600)
    await expect(row).to_have_count(0)
    await field.fill("why")
    await field.press("Enter")

    await expect(field).to_have_attribute("placeholder", "You can write again in 10 minutes.")
    await expect(page.locator(".announcers").first).to_contain_text("You can write again")


async def test_who_comes_late_sees_what_was_said_last(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    await crowd(shared_server, room.show, [f"early {n}" for n in range(18)])

    page = await watch(open_page, shared_server.url, room.show)

    await expect(page.locator(".chat-row")).to_have_count(18)
    await expect(page.locator(".chat-row").last).to_be_in_viewport()


async def test_reading_further_up_holds_the_chat_until_one_comes_back(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    await crowd(shared_server, room.show, [f"early {n}" for n in range(18)])
    await expect(page.locator(".chat-row")).to_have_count(18)

    await page.locator(".chat-log").evaluate("(log) => { log.scrollTop -= 200 }")
    await expect(page.locator(".chat-box[data-paused]")).to_be_attached()
    await crowd(shared_server, room.show, ["late 1", "late 2"])
    button = page.get_by_role("button", name="2 new messages")
    await expect(button).to_be_visible()
    await expect(page.locator(".chat-row")).to_have_count(18)
    await button.click()

    await expect(page.locator(".chat-row")).to_have_count(20)
    await expect(button).to_be_hidden()
    below = "(log) => log.scrollHeight - log.scrollTop - log.clientHeight"
    assert await page.locator(".chat-log").evaluate(below) < 1


async def test_the_chat_is_silent_for_ears_until_its_switch_is_on(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show, size=DESKTOP)
    spoken = page.locator(".announcers").first
    await expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")

    await crowd(shared_server, room.show, ["nobody hears this"])
    await expect(page.locator(".chat-row")).to_have_count(1)
    await expect(spoken).not_to_contain_text("nobody hears this")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("switch", name="Read chat aloud").check()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="More")).to_be_focused()
    await crowd(shared_server, room.show, ["everybody hears this"])

    await expect(spoken).to_contain_text("everybody hears this")
    await page.reload()
    await page.get_by_role("button", name="More").click()
    await expect(page.get_by_role("switch", name="Read chat aloud")).to_be_checked()


@pytest.mark.parametrize("calm", [False, True], ids=["usual", "calm"])
async def test_a_purchase_is_told_with_a_masked_name_unless_one_wants_calm(
    open_page: OpenPage, shared_server: Served, calm: bool
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    if calm:
        await page.get_by_role("button", name="More").click()
        await page.get_by_role("switch", name="Calm").check()
        await page.keyboard.press("Escape")

    async with viewer(shared_server.ws_url) as buyer:
        await buyer.join(room.show, token=shared_server.token("buyer", name="Mia Berger"))
        bought = await buyer.do("buy", sku=room.mug, qty=1, key=f"key-{room.mug}")
        address = {"name": "Mia", "line1": "1 Mill Road", "city": "Leeds", "country": "GB"}
        method = {"type": "card", "token": "tok_ok"}
        checkout = bought["checkout"]["id"]
        await buyer.do("checkout.pay", checkout=checkout, method=method, ship_to=address)
        await buyer.event("purchase")

    if calm:
        await crowd(shared_server, room.show, ["later"])
        await expect(page.locator(".chat-words")).to_have_text(["later"])
    else:
        await expect(page.locator(".chat-row.bought")).to_contain_text("bought Mug")
        assert "Berger" not in await page.locator(".chat-row.bought").inner_text()
