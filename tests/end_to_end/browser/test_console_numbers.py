"""Numbers of the console: stock, sold, revenue, orders and the chart follow a purchase."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served
from tests.viewer import ADDRESS, Viewer, card, viewer


async def buys(somebody: Viewer, sku: str, qty: int, key: str) -> None:
    bought = await somebody.do("buy", sku=sku, qty=qty, key=key)
    paid = await somebody.do(
        "checkout.pay", checkout=bought["checkout"]["id"], method=card("tok_ok"), ship_to=ADDRESS
    )
    assert paid["checkout"]["state"] == "paid"


async def test_a_purchase_changes_stock_sold_revenue_orders_and_the_chart(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    shirt = stall.put("Linen shirt", price=2490, left=14, pin=True)
    console = await Console.opens(open_page, stall)
    page, row = console.page, console.row("Linen shirt")
    await expect(page.locator(".fact.revenue")).to_have_text("€0.00")
    async with viewer(shared_server.ws_url) as mia:
        await mia.join(stall.name, token=shared_server.token("mia", name="Mia Berg"))
        await expect(page.locator(".fact.viewers")).to_have_text("1 watching")
        await buys(mia, f"{shirt}-0", 2, "mia-buys-two")

        await expect(row.locator(".row-cell").nth(0)).to_have_text("left 12")
        await expect(row.locator(".row-cell").nth(1)).to_have_text("sold 2")
        await expect(page.locator(".facts")).to_contain_text("12")
        await expect(page.locator(".fact.orders-total")).to_have_text("1 order")
        await expect(page.locator(".fact.revenue")).not_to_have_text("€0.00")
        await expect(page.locator(".order-row").first).to_contain_text("2 × Linen shirt")
        await expect(page.locator(".order-row").first).not_to_contain_text("Berg")
        await expect(page.locator(".chart-svg")).to_have_attribute(
            "aria-label", "The last 5 minutes: 1 watching now, at most 1; 2 units sold."
        )

    await console.button("Show as table").click()
    sold = page.locator(".chart-table tbody td:nth-child(3)")
    assert sum(map(int, await sold.all_inner_texts())) == 2


async def test_what_was_sold_and_drawn_is_there_after_a_reload(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    shirt = stall.put("Linen shirt", left=14)
    console = await Console.opens(open_page, stall)
    await console.puts_on_air("Linen shirt")
    async with viewer(shared_server.ws_url) as leo:
        await leo.join(stall.name)
        await buys(leo, f"{shirt}-0", 3, "leo-buys-three")
        await expect(console.page.locator(".fact.viewers")).to_have_text("1 watching")
        await expect(console.row("Linen shirt").locator(".row-cell").nth(1)).to_have_text("sold 3")

        await console.page.reload()

        await expect(console.row("Linen shirt").locator(".row-cell").nth(1)).to_have_text("sold 3")
        await expect(console.page.locator(".order-row")).to_contain_text("3 × Linen shirt")
    await expect(console.page.locator(".chart-svg")).to_have_attribute(
        "aria-label", "The last 5 minutes: 0 watching now, at most 1; 3 units sold."
    )
    await console.button("Show as table").click()
    await expect(console.page.locator(".chart-table")).to_contain_text("Linen shirt")


async def test_times_are_the_server_s_whatever_this_machine_s_clock_says(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    stall.put("Linen shirt")
    console = await Console.opens(open_page, stall, clock_off_s=600)
    await console.puts_on_air("Linen shirt")

    await expect(console.page.locator(".facts")).to_contain_text("0:0")
    await expect(console.page.locator(".live-time")).to_have_text(re.compile("^00:00:"))
    label = console.page.locator(".chart-svg")
    await expect(label).to_have_attribute(
        "aria-label", "The last 5 minutes: 0 watching now, at most 0; 0 units sold."
    )
