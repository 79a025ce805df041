"""When buying does not go as wished: the words, no charge, and a way on."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.pictures import take_picture
from tests.end_to_end.browser.stall import Stall
from tests.end_to_end.browser.wire import Wire
from tests.end_to_end.conftest import Serve
from tests.served import Served

NO_LINK = "WebSocket connection|Failed to load resource"


@pytest.fixture
def stall(shared_server: Served) -> Stall:
    """One shirt, on air."""
    stall = Stall(shared_server)
    stall.put("Linen shirt", pin=True)
    return stall


def shirt(stall: Stall) -> str:
    return f"{stall.name}-linen"


async def test_the_slower_buyer_of_the_last_one_is_told_so(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    await buyer.fills_in()
    stall.stock(shirt(stall), 0)

    await buyer.main.click()

    await expect(buyer.end).to_have_text(
        "Someone was faster. The last one is gone. You were not charged."
    )
    await expect(buyer.end).to_be_focused()
    await take_picture(buyer.page, "lost-race")
    await buyer.main.click()
    await expect(buyer.sheet.locator(".sheet-title")).to_have_text("Bag · 1 item")


async def test_who_wants_more_than_are_left_may_take_those(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".card-open").click()
    await buyer.button("One more").click()
    await buyer.button("One more").click()
    await buyer.button("Buy €74.70").click()
    await buyer.fills_in()
    stall.stock(shirt(stall), 2)

    await buyer.main.click()
    await expect(buyer.end).to_have_text("Only 2 left now. You were not charged.")
    await buyer.button("Take 2").click()

    await expect(buyer.main).to_have_text("Pay €49.80")


async def test_a_price_that_rose_before_the_hold_needs_a_new_tap(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".card-open").click()
    await buyer.button("Add to cart").click()
    await buyer.page.locator(".strip-action").click()
    await buyer.button("Checkout €24.90").click()
    await buyer.fills_in()
    stall.price(shirt(stall), 2990)

    await buyer.main.click()

    await expect(buyer.notice).to_have_text(
        "The price changed from €24.90 to €29.90 while you were here."
    )
    await expect(buyer.main).to_have_text("Pay €29.90")
    await take_picture(buyer.page, "price-up")
    await buyer.pays()
    await buyer.sees_order("€29.90 paid with Visa 4242.")


async def test_a_higher_price_can_be_left(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    await buyer.fills_in()
    stall.price(shirt(stall), 2990)
    await buyer.main.click()
    await expect(buyer.main).to_have_text("Pay €29.90")

    await buyer.button("Remove").click()

    await expect(buyer.sheet.locator(".sheet-title")).to_have_text("Bag · 1 item")
    assert stall.left(shirt(stall)) == 20


async def test_a_price_that_changes_under_the_finger_cannot_be_confirmed_at_once(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".card-open").click()
    buy = buyer.sheet.locator("footer .primary")
    await expect(buy).to_have_text("Buy €24.90")
    # What the page shows, each time that it changes, and when.
    await buy.evaluate(
        """(button) => {
          window.seen = [];
          const look = () =>
            seen.push([performance.now(), button.textContent, button.ariaDisabled]);
          new MutationObserver(look).observe(button,
            {attributes: true, characterData: true, childList: true, subtree: true});
        }"""
    )

    stall.price(shirt(stall), 2990)
    await expect(buy).to_have_text("Buy €29.90")
    await expect(buy).to_have_attribute("aria-disabled", "false")

    await expect(buyer.sheet.locator(".price s")).to_have_text("€24.90")
    await expect(buyer.sheet.locator(".announcers")).to_contain_text(
        "Price is now 29.90 euros, was 24.90 euros."
    )
    await take_picture(buyer.page, "price-live")
    seen = await buyer.page.evaluate("window.seen")
    off = next(at for at, text, is_off in seen if text == "Buy €29.90" and is_off == "true")
    on = next(at for at, text, is_off in seen if text == "Buy €29.90" and is_off == "false")
    assert on - off >= 790


async def test_a_hold_that_ran_out_is_told_and_can_be_tried_again(
    serve: Serve, open_page: OpenPage
) -> None:
    stall = Stall(serve(pay_seconds="10", hold_grace_seconds="2"))
    stall.put("Linen shirt", pin=True)
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()
    await expect(buyer.sheet.get_by_role("timer")).to_contain_text("Kept for 0:")
    await expect(buyer.sheet.get_by_role("timer")).to_contain_text("more.")

    await expect(buyer.end).to_have_text(
        "Your time ran out, so Linen shirt went back on sale. "
        "Your card was not charged. Your details are saved."
    )
    await take_picture(buyer.page, "hold-gone")
    await buyer.button("Try to get it again").click()
    await expect(buyer.main).to_have_text("Pay €24.90")
    await buyer.pays()

    await buyer.sees_order("€24.90 paid with Visa 4242.")
    assert len(stall.orders()) == 1


async def test_time_that_runs_out_while_it_is_paid_ends_as_the_bank_says(
    serve: Serve, open_page: OpenPage
) -> None:
    stall = Stall(serve(pay_seconds="8", hold_grace_seconds="30"))
    stall.put("Linen shirt", pin=True)
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_slow")

    await buyer.pays()
    await expect(buyer.main).to_have_text("Paying… your item is kept.")

    # The bank takes longer than there is time, and lets go when it is asked to.
    await expect(buyer.end).to_contain_text("Your card was not charged.", timeout=20_000)
    assert stall.orders() == []
    assert stall.left(shirt(stall)) == 20


async def test_two_taps_are_one_hold(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()
    await buyer.pays()
    await buyer.sees_order("€24.90 paid with Visa 4242.")
    again = Buyer(await open_page(context=buyer.page.context))
    wire = Wire(again.page)
    await again.page.goto(stall.url)

    await again.page.locator(".card .buy").dblclick()
    await expect(again.main).to_have_text("Pay €24.90")

    assert len({command["key"] for command in wire.sent("buy")}) == 1
    assert stall.left(shirt(stall)) == 18


async def test_a_closed_checkout_stays_held_and_goes_on(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()

    await buyer.button("Close").click()
    await expect(buyer.page.locator(".strip-text")).to_contain_text("Kept for you until ")
    await take_picture(buyer.page, "kept")
    await buyer.page.locator(".strip-action").click()
    await expect(buyer.main).to_have_text("Pay €24.90")
    await buyer.button("Close").click()
    await buyer.taps_buy()

    await expect(buyer.main).to_have_text("Pay €24.90")
    assert stall.left(shirt(stall)) == 19


async def test_a_full_house_is_waited_for_in_line(open_page: OpenPage, stall: Stall) -> None:
    buyer = Buyer(await open_page())
    crowd = await crowded(buyer.page)
    await buyer.page.goto(stall.url)
    await buyer.taps_buy()
    await buyer.fills_in()

    await buyer.main.click()
    await expect(buyer.sheet.locator("footer")).to_contain_text("One moment…")
    await expect(buyer.sheet.locator(".foot-note")).to_have_text(
        "Many people are buying. You are in line."
    )
    await take_picture(buyer.page, "in-line")
    crowd.clear()

    await expect(buyer.main).to_have_text("Pay €24.90")
    assert stall.left(shirt(stall)) == 19


async def test_who_is_in_line_can_leave_it(open_page: OpenPage, stall: Stall) -> None:
    buyer = Buyer(await open_page())
    await crowded(buyer.page)
    await buyer.page.goto(stall.url)
    await buyer.taps_buy()
    await buyer.fills_in()
    await buyer.main.click()

    await buyer.button("Cancel").click()

    await expect(buyer.sheet).to_have_count(0)
    assert stall.left(shirt(stall)) == 20


async def test_without_a_line_nothing_is_paid_and_then_it_goes_on(
    open_page: OpenPage, complaints: Complaints, stall: Stall, proxied: Proxied
) -> None:
    complaints.expect(NO_LINK)
    proxy = await proxied(stall.served)
    buyer = Buyer(await open_page(f"{proxy.url}/watch/{stall.name}"))
    await buyer.gets_to_pay()

    proxy.cut()
    await expect(buyer.sheet.locator(".foot-note")).to_have_text("Reconnecting…")
    await expect(buyer.main).to_have_attribute("aria-disabled", "true")
    await take_picture(buyer.page, "no-line")
    proxy.mend()
    await expect(buyer.main).to_have_attribute("aria-disabled", "false", timeout=20_000)
    await buyer.pays()

    await buyer.sees_order("€24.90 paid with Visa 4242.")


async def test_a_payment_nobody_knows_of_is_not_paid_again(
    open_page: OpenPage, complaints: Complaints, stall: Stall, proxied: Proxied
) -> None:
    complaints.expect(NO_LINK)
    proxy = await proxied(stall.served)
    buyer = Buyer(await open_page(f"{proxy.url}/watch/{stall.name}"))
    await buyer.gets_to_pay("tok_slow")

    await buyer.pays()
    await asyncio.sleep(0.5)
    proxy.cut()
    await expect(buyer.notice).to_have_text(
        "We are checking with your bank. Do not pay again: we will tell you here.",
        timeout=20_000,
    )
    await expect(buyer.main).to_have_text("Close")
    await take_picture(buyer.page, "unknown")
    proxy.mend()

    await buyer.sees_order("€24.90 paid with Visa 0010.")
    assert len(stall.orders()) == 1


async def test_a_second_tab_shows_the_same_cart(open_page: OpenPage, stall: Stall) -> None:
    one = await Buyer.comes(open_page, stall)
    other = Buyer(await open_page(stall.url, context=one.page.context))
    await one.page.locator(".card-open").click()
    await one.button("Add to cart").click()
    await expect(other.page.locator(".cart-count")).to_have_text("1")
    await one.page.locator(".strip-action").click()
    await expect(one.sheet.locator(".cart-line")).to_have_count(1)

    await other.page.locator(".cart-button").click()
    await other.button("View cart").click()
    await other.button("One more").click()

    await expect(one.sheet.locator("output")).to_have_text("2")
    await expect(one.main).to_have_text("Checkout €49.80")
    await other.button("Remove Linen shirt").click()
    await expect(one.sheet).to_contain_text("Your cart is empty.")
    await other.button("Undo").click()
    await expect(one.main).to_have_text("Checkout €49.80")


async def crowded(page: Page) -> list[str]:
    """Answer every ``buy`` as a server does that has too much to do, until the list is empty."""
    crowd = ["buy"]

    def meet(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def sent(frame: str | bytes) -> None:
            command = json.loads(frame)
            if command["op"] not in crowd:
                server.send(frame)
                return
            data = {"retry_after_ms": 300}
            error = {"code": "unavailable", "message": "One moment.", "data": data}
            socket.send(json.dumps({"re": command["id"], "error": error}))

        socket.on_message(sent)

    await page.route_web_socket("**/live", meet)
    return crowd
