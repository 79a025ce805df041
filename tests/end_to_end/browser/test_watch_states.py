"""Every state of a LIVE has its words: what happened, what it means, what to do."""

from __future__ import annotations

import asyncio
import time

from playwright.async_api import expect

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.watching import furnished, watch
from tests.served import Served

LOST = r"ERR_(CONNECTION|EMPTY|INTERNET|SOCKET)|WebSocket connection"
"""What Chromium itself says of a line that is cut."""
HOURS_MS = 3_600_000


def made(served: Served, show: str, **fields: object) -> str:
    """A show of the demo's host with one product in its bag."""
    token = served.token("demo-host", "host", name="Mara")
    status, body = served.http(
        "POST", "/v1/shows", {"id": show, "title": "Linen", **fields}, token=token
    )
    assert status == 201, body
    served.http("POST", f"/v1/shows/{show}/bag", {"product": "mug-sunrise"}, token=token)
    return token


async def test_a_scheduled_live_counts_down_and_begins_before_the_viewer_s_eyes(
    open_page: OpenPage, shared_server: Served
) -> None:
    show = f"soon-{time.time_ns()}"
    starts = int(time.time() * 1000) + 2 * HOURS_MS
    token = made(shared_server, show, starts_at=starts)
    page = await watch(open_page, shared_server.url, show)

    cover = page.locator(".cover")
    await expect(cover).to_contain_text("Starts in 1:59:")
    await expect(cover).to_contain_text("your time")
    await expect(page.locator(".live-badge")).to_have_text("Soon")
    field = page.locator(".chat-input")
    await expect(field).to_have_attribute("placeholder", "Chat is not open yet.")
    await cover.get_by_role("button", name="See what is coming").click()
    await expect(page.locator("dialog.sheet")).to_contain_text("Sunrise ceramic mug")
    await page.keyboard.press("Escape")

    shared_server.http("POST", f"/v1/shows/{show}/start", {}, token=token)

    await expect(page.locator(".live-badge")).to_have_text("LIVE")
    await expect(cover).to_be_hidden()
    await expect(page.locator(".announcers").first).to_contain_text("Mara is live.")
    await expect(field).to_have_attribute("placeholder", "Say something…")


async def test_a_live_that_is_due_is_starting_soon(
    open_page: OpenPage, shared_server: Served
) -> None:
    show = f"due-{time.time_ns()}"
    made(shared_server, show)

    page = await watch(open_page, shared_server.url, show)

    await expect(page.locator(".cover")).to_contain_text("Starting soon.")


async def test_an_ended_live_says_so_and_its_bag_stays_open(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)

    room.as_host("POST", "/end")

    cover = page.locator(".cover")
    await expect(cover).to_contain_text("This LIVE has ended.")
    await expect(cover).to_contain_text("There is no replay of this LIVE. The bag is open.")
    await expect(page.locator(".chat-input")).to_have_attribute("placeholder", "Chat is closed.")
    await expect(page.locator(".live-badge")).to_have_text("Ended")
    await cover.get_by_role("button", name="Open bag").click()
    await expect(page.locator("dialog.sheet")).to_contain_text("Mug")


async def test_a_film_that_fails_is_said_and_can_be_reloaded(
    open_page: OpenPage, complaints: Complaints, shared_server: Served
) -> None:
    complaints.expect("/demo/nothing.webm")
    show = f"stuck-{time.time_ns()}"
    url = f"{shared_server.url}/demo/nothing.webm"
    token = made(shared_server, show, playback_url=url)
    shared_server.http("POST", f"/v1/shows/{show}/start", {}, token=token)
    page = await watch(open_page, shared_server.url, show)

    cover = page.locator(".cover")
    await expect(cover).to_contain_text("The picture is stuck. Chat and buying still work.")
    async with page.expect_request("**/nothing.webm"):
        await cover.get_by_role("button", name="Reload picture").click()
    await expect(cover).to_contain_text("The picture is stuck.")


async def test_a_playlist_that_is_not_there_means_that_the_host_is_away(
    open_page: OpenPage, complaints: Complaints, shared_server: Served
) -> None:
    complaints.expect(r"/demo/nothing\.m3u8")
    show = f"away-{time.time_ns()}"
    url = f"{shared_server.url}/demo/nothing.m3u8"
    token = made(shared_server, show, playback_url=url)
    shared_server.http("POST", f"/v1/shows/{show}/start", {}, token=token)
    page = await watch(open_page, shared_server.url, show)

    await expect(page.locator(".cover")).to_contain_text("The host will be right back.")
    async with page.expect_request("**/nothing.m3u8"):
        pass  # it looks again by itself


async def test_the_film_plays_silently_until_sound_is_asked_for(
    open_page: OpenPage, shared_server: Served
) -> None:
    page = await watch(open_page, shared_server.url)
    film = page.locator("video")

    await page.wait_for_function(
        "() => document.querySelector('yellow-cart')"
        ".shadowRoot.querySelector('video').currentTime > 0"
    )
    assert await film.evaluate("(video) => [video.muted, video.paused]") == [True, False]
    await page.get_by_role("button", name="Tap for sound").click()
    assert await film.evaluate("(video) => [video.muted, video.paused]") == [False, False]
    await expect(page.get_by_role("button", name="Tap for sound")).to_be_hidden()


async def test_a_short_cut_is_silent_and_a_long_one_is_told_until_all_is_up_to_date(
    open_page: OpenPage, complaints: Complaints, shared_server: Served, proxied: Proxied
) -> None:
    complaints.expect(LOST)
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    proxy = await proxied(shared_server)
    page = await watch(open_page, proxy.url, room.show)
    told = page.locator(".strip:not([hidden])")

    proxy.cut()
    await expect(page.locator(".yc[data-conn=reconnecting]")).to_be_attached()
    proxy.mend()
    await expect(page.locator(".yc[data-conn=online]")).to_be_attached()
    assert await told.count() == 0

    proxy.cut()
    await expect(told).to_have_text("Reconnecting…")
    # What is on air may be bought the moment the line is back: the button stays as it is.
    await expect(page.locator(".card .buy")).to_have_text("Buy")
    room.as_host("POST", "/pin", {"product": room.vase.removesuffix("-tall")})
    proxy.mend()

    await expect(page.locator(".card .card-title")).to_have_text("Vase")
    await expect(told).to_have_text("Back. Everything is up to date.")
    await expect(told).to_have_count(0)


async def test_offline_is_said_at_once_and_nothing_can_be_bought(
    open_page: OpenPage, complaints: Complaints, shared_server: Served, proxied: Proxied
) -> None:
    complaints.expect(LOST)
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    proxy = await proxied(shared_server)
    page = await watch(open_page, proxy.url, room.show)

    await page.context.set_offline(True)
    proxy.cut()

    strip = page.locator(".strip:not([hidden])")
    await expect(strip).to_contain_text("You are offline. Prices may be out of date.")
    buy = page.locator(".card .buy")
    await expect(buy).to_have_attribute("aria-disabled", "true")
    await buy.click(force=True)
    assert await page.locator("dialog.sheet").count() == 0
    proxy.mend()
    await page.context.set_offline(False)
    await expect(page.locator(".yc[data-conn=online]")).to_be_attached()
    await expect(buy).to_have_attribute("aria-disabled", "false")
    await expect(strip.filter(has_text="You are offline.")).to_have_count(0)


async def test_the_last_ones_are_counted_and_sold_out_is_said_on_the_button(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show)
    stock, buy = page.locator(".card .card-stock"), page.locator(".card .buy")

    async def left(units: int) -> None:
        body = {"set": units, "key": f"set-{room.mug}-{units}"}
        await asyncio.to_thread(room.as_seller, "POST", f"/v1/skus/{room.mug}/stock", body)

    await expect(stock).to_have_text("")
    await left(11)
    await page.wait_for_function(
        f"() => document.querySelector('yellow-cart').live.state.stock['{room.mug}'] === 11"
    )
    await expect(stock).to_have_text("")
    await left(10)
    await expect(stock).to_have_text("10 left")
    await left(0)
    await expect(buy).to_have_text("Sold out")
    await expect(buy).to_have_attribute("aria-disabled", "true")
    await buy.focus()
    await expect(buy).to_be_focused()
    await expect(page.locator(".announcers").first).to_contain_text("Mug is sold out.")


async def test_a_banned_viewer_is_told_why_nothing_goes_on(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    page = await watch(open_page, shared_server.url, room.show)
    me = await page.evaluate("document.querySelector('yellow-cart').live.state.me.id")

    desk = await open_page(f"{shared_server.url}/v1/client")
    await desk.evaluate(
        """async ([show, token, me]) => {
          const { connect } = await import("/yellowcart.js");
          const live = connect({ show, token });
          await live.ready;
          await live.host.ban(me, "spam");
        }""",
        [room.show, room.host, me],
    )

    strip = page.locator(".strip:not([hidden])")
    await expect(strip).to_contain_text("You can no longer take part in this LIVE.")
    await expect(page.locator(".chat-input")).to_have_attribute("placeholder", "Chat is closed.")
