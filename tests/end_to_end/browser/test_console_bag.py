"""The bag of the console: filled from the shop, put in order, each act undone."""

from __future__ import annotations

from playwright.async_api import expect

from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

FRUIT = ["Apple", "Banana", "Cherry", "Date"]


def filled(served: Served) -> Stall:
    stall = Stall(served)
    for title in FRUIT:
        stall.put(title)
    return stall


async def test_a_row_shows_place_price_stock_and_what_changes_of_them(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    shirt = stall.put("Linen shirt", price=2490, left=14)
    console = await Console.opens(open_page, stall)
    row = console.row("Linen shirt")
    await expect(row.locator(".row-place")).to_have_text("1")
    await expect(row.locator(".row-price")).to_have_text("€24.90")
    await expect(row.locator(".row-cell").first).to_have_text("left 14")

    stall.stock(shirt, 3)
    await expect(row.locator(".row-cell").first).to_have_text("left 3")
    stall.stock(shirt, 0)
    await expect(row.locator(".row-cell").first).to_have_text("left Sold out")
    stall.price(shirt, 1990)
    await expect(row.locator(".row-price")).to_have_text("€19.90")
    await expect(console.done("Linen shirt is now €19.90 (was €24.90)")).to_be_visible()


async def test_products_are_added_from_the_shop_by_a_search_and_adding_is_undone(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = filled(shared_server)
    console = await Console.opens(open_page, stall)
    await console.picks("Cherry", "Remove")
    await expect(console.titles).to_have_text(["Apple", "Banana", "Date"])

    await console.button("Add").click()
    await console.page.get_by_label("Search the shop").fill(f"{stall.name}-cherry")
    # Others' products go only when the answer is there.
    await expect(console.dialog.locator("li")).to_have_count(1)
    await console.button("Add Cherry").click()
    await expect(console.dialog.get_by_text("In the bag")).to_be_visible()
    await expect(console.titles).to_have_text(["Apple", "Banana", "Date", "Cherry"])
    await console.page.keyboard.press("Escape")  # a browser empties a search by it
    await console.page.keyboard.press("Escape")
    await expect(console.dialog).to_have_count(0)
    await expect(console.button("Add")).to_be_focused()

    await console.undo("Added Cherry").click()
    await expect(console.titles).to_have_text(["Apple", "Banana", "Date"])


async def test_removing_is_undone_to_the_same_place(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))

    await console.picks("Banana", "Remove")
    await expect(console.titles).to_have_text(["Apple", "Cherry", "Date"])
    await console.undo("Removed Banana").click()

    await expect(console.titles).to_have_text(FRUIT)


async def test_what_is_on_air_cannot_be_removed(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))
    await console.puts_on_air("Banana")

    await console.row("Banana").locator(".more").click()
    remove = console.page.get_by_role("menuitem", name="Remove")
    await expect(remove).to_contain_text("On air. Unpin it first.")
    await remove.click(force=True)

    await expect(console.titles).to_have_text(FRUIT)
    assert console.wire.sent("bag.remove") == []


async def test_rows_are_put_in_order_without_dragging_and_that_is_undone(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))

    await console.picks("Date", "Move to the top")
    await expect(console.titles).to_have_text(["Date", "Apple", "Banana", "Cherry"])
    await console.picks("Apple", "Move down")
    await expect(console.titles).to_have_text(["Date", "Banana", "Apple", "Cherry"])
    await console.picks("Cherry", "Move up")
    await expect(console.titles).to_have_text(["Date", "Banana", "Cherry", "Apple"])
    await expect(console.row("Cherry").locator(".more")).to_be_focused()

    await console.page.keyboard.press("ControlOrMeta+z")
    await expect(console.titles).to_have_text(["Date", "Banana", "Apple", "Cherry"])
    await console.page.keyboard.press("ControlOrMeta+z")
    await expect(console.titles).to_have_text(["Date", "Apple", "Banana", "Cherry"])
    await console.page.keyboard.press("ControlOrMeta+z")
    await expect(console.titles).to_have_text(FRUIT)


async def test_a_row_is_dragged_to_another_place(
    open_page: OpenPage, shared_server: Served
) -> None:
    console = await Console.opens(open_page, filled(shared_server))
    mouse = console.page.mouse

    async def drag(title: str, onto: str, share: float) -> None:
        grip = await console.row(title).locator(".row-place").bounding_box()
        goal = await console.row(onto).bounding_box()
        assert grip
        assert goal
        await mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
        await mouse.down()
        await mouse.move(goal["x"] + 12, goal["y"] + goal["height"] * share, steps=6)
        await mouse.up()

    await drag("Apple", "Cherry", 0.9)
    await expect(console.titles).to_have_text(["Banana", "Cherry", "Apple", "Date"])
    await drag("Date", "Banana", 0.1)
    await expect(console.titles).to_have_text(["Date", "Banana", "Cherry", "Apple"])
    assert [move["position"] for move in console.wire.sent("bag.move")] == [3, 1]

    await mouse.move(0, 0)
    await drag("Cherry", "Cherry", 0.6)
    assert len(console.wire.sent("bag.move")) == 2


async def test_a_search_shows_what_it_finds(open_page: OpenPage, shared_server: Served) -> None:
    console = await Console.opens(open_page, filled(shared_server))
    await console.page.keyboard.press("/")
    search = console.page.get_by_label("Search the bag")
    await expect(search).to_be_focused()

    await search.press_sequentially("an")
    await expect(console.page.locator("#bag .row:visible .row-title")).to_have_text(["Banana"])
    await search.fill("kiwi")
    await expect(console.page.locator("#bag .empty")).to_have_text(
        "Nothing in the bag is called “kiwi”."
    )
