"""Moderation: what the host does to the chat is what viewers' sockets are told."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.end_to_end.conftest import Serve
from tests.served import Served
from tests.viewer import viewer

CORPUS = (
    "<img src=x onerror=alert(1)>",
    "</div><script>alert(1)</script>",
    "{{7*7}} ${7*7} javascript:alert(1)",
    "\u202eevil\u202c \u0627\u0644\u0633\u0639\u0631",
)


async def test_a_deleted_message_is_gone_for_viewers_and_keeps_its_place_here(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        rude = await mia.do("chat.send", text="rude")
        await mia.do("chat.send", text="kind")
        await expect(console.messages).to_have_count(2)

        await console.messages.first.hover()
        await console.page.get_by_role("button", name="Delete: Guest").click()

        assert (await mia.event("chat.deleted"))["message"] == rude["message"]
        await expect(console.messages.first).to_contain_text("Message deleted")
        await expect(console.messages.nth(1)).to_contain_text("kind")


async def test_a_muted_viewer_cannot_write_until_the_host_undoes_it(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        await mia.do("chat.send", text="buy elsewhere")
        await console.messages.first.hover()
        await console.page.get_by_role("button", name="Mute 10 min: Guest").click()
        await expect(console.done("Muted Guest")).to_be_visible()
        assert await mia.refused("chat.send", text="again") == "forbidden"

        await console.undo("Muted Guest").click()
        await expect(console.done("Undone: Muted Guest")).to_be_visible()
        assert "message" in await mia.do("chat.send", text="sorry")


async def test_a_ban_asks_for_a_reason_and_closes_the_viewer_s_socket(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        await mia.do("chat.send", text="spam")
        await console.messages.first.hover()
        await console.page.get_by_role("button", name="Ban…: Guest").click()
        await expect(console.button("Cancel")).to_be_focused()
        await expect(console.dialog).to_contain_text("This cannot be undone here.")
        await console.button("Ban").click()
        await expect(console.dialog.get_by_role("alert").first).to_contain_text("Write a reason")

        await console.page.get_by_label("Reason").fill("spam, after two warnings")
        await console.page.get_by_label("Reason").press("Enter")

        assert await mia.closed() == 4403
    await expect(console.done("Banned Guest")).to_be_visible()
    await expect(console.undo("Banned Guest")).to_have_count(0)
    assert console.wire.sent("viewer.ban")[0]["reason"] == "spam, after two warnings"


async def test_the_host_writes_and_is_marked_as_the_host(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name)
        field = console.page.get_by_label("Write as host…")
        await field.fill("Prewashed: it does not shrink")
        await field.press("Enter")

        said = await mia.event("chat")
        assert (said["text"], said["from"]["role"]) == ("Prewashed: it does not shrink", "host")
    await expect(field).to_have_value("")
    await expect(console.messages.first.locator(".chip")).to_have_text("Host")


async def test_the_chat_holds_still_under_the_pointer_and_says_how_many_wait(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    console = await Console.opens(open_page, stall)
    async with viewer(shared_server.ws_url) as mia, viewer(shared_server.ws_url) as leo:
        for person in (mia, leo):
            await person.join(stall.name)
            await person.do("chat.send", text="hello")
        await expect(console.messages).to_have_count(2)
        await console.messages.first.hover()
        for person in (mia, leo):
            await person.do("chat.send", text="more")

        await expect(console.button("2 new")).to_be_visible()
        await expect(console.messages).to_have_count(2)

        await console.page.locator("h1").hover()
        await expect(console.messages).to_have_count(4)
        await expect(console.button("2 new")).to_be_hidden()

        await console.messages.first.focus()
        await leo.do("chat.send", text="last")
        await console.button("1 new").click()
        await expect(console.messages).to_have_count(5)


async def test_what_people_write_is_text_and_nothing_else(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    stall.put("Bold <b>&amp;</b>", pin=True)
    console = await Console.opens(open_page, stall)
    for text in CORPUS:
        async with viewer(shared_server.ws_url) as somebody:
            name = f"<i>{text[:20]}</i>"
            token = shared_server.token("eve", "viewer", name=name)
            await somebody.join(stall.name, token=token)
            await somebody.do("chat.send", text=text)
            await asyncio.sleep(2.1 if text == CORPUS[2] else 0)  # the budget of one person's chat

    await expect(console.messages).to_have_count(len(CORPUS))
    await expect(console.messages.first.locator(".said")).to_have_text(CORPUS[0])
    written = console.page.locator("#chat :is(b, i, script, img), .air-title *, .row-title *")
    await expect(written).to_have_count(0)
    await expect(console.on_air).to_have_text("Bold <b>&amp;</b>")


@pytest.mark.timeout(120)
async def test_a_flood_leaves_300_rows_and_a_chart_drawn_once_a_second(
    open_page: OpenPage, complaints: Complaints, serve: Serve
) -> None:
    complaints.expect("WebSocket connection")  # the server goes before the page
    served = serve(chat_burst="1000", commands_per_second="500", commands_burst="1000")
    stall = Stall(served)
    console = await Console.opens(open_page, stall)
    await console.page.evaluate(
        """() => {
          window.drawn = 0;
          new MutationObserver(() => { window.drawn += 1; })
            .observe(document.querySelector(".chart-svg .line"), { attributes: true });
        }"""
    )
    async with viewer(served.ws_url) as mia:
        await mia.join(stall.name)
        for number in range(400):
            await mia.send("chat.send", text=f"message {number}")
            await asyncio.sleep(0.01)
        await expect(console.messages.last).to_contain_text("message 399")
        seconds = await console.page.evaluate("performance.now() / 1000")
        drawn = await console.page.evaluate("window.drawn")

    assert await console.messages.count() == 300
    assert 3 <= drawn <= seconds + 1
