"""The bag, a product and the cart: right words, right numbers, for every hand and eye."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize, expect

from tests.end_to_end.browser.axe import assert_accessible
from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.chromium import DESKTOP, PHONE, SMALL_PHONE
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.pictures import take_picture
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

SMALL_TARGETS = """(sheet) => [...sheet.querySelectorAll("button, input, select, summary, a")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one, (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.9)
  .map(([one, box]) => `${one.outerHTML.slice(0, 80)} is ${box.height} high`)"""
FILLED = """(sheet) => [...sheet.querySelectorAll(".primary")]
  .filter((one) => one.checkVisibility()).length"""


@pytest.fixture
def stall(shared_server: Served) -> Stall:
    """Eight things, the third on air, one of them sold out."""
    stall = Stall(shared_server)
    for n, title in enumerate(["Scarf", "Hat", "Linen shirt", "Bag", "Belt", "Socks", "Café cup"]):
        stall.put(title, price=1000 + 100 * n)
    stall.put("Tray", left=0)
    stall.pin(f"{stall.name}-linen")
    return stall


async def test_the_bag_is_in_the_host_s_order_with_the_item_on_air_on_top(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".cart-button").click()

    await expect(buyer.sheet.locator(".sheet-title")).to_have_text("Bag · 8 items")
    numbers = buyer.sheet.locator(".bag-number")
    await expect(numbers).to_have_text(["NOW", *"12345678"])
    await expect(buyer.sheet.locator(".bag-row").first).to_contain_text("Linen shirt")
    assert await buyer.sheet.evaluate(FILLED) == 1
    out = buyer.sheet.get_by_role("button", name="Sold out: Tray")
    await expect(out).to_have_attribute("aria-disabled", "true")
    await out.focus()
    await expect(out).to_be_focused()
    stall.pin(f"{stall.name}-hat")
    await expect(buyer.sheet.locator(".bag-row").first).to_contain_text("Hat")


@pytest.mark.parametrize(
    ("asked", "found"), [("cafe", "Café cup"), ("7", "Café cup"), ("SHIRT", "Linen shirt")]
)
async def test_the_bag_is_searched_by_words_and_by_the_host_s_number(
    open_page: OpenPage, stall: Stall, asked: str, found: str
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".cart-button").click()

    await buyer.sheet.get_by_label("Search 8 items").fill(asked)

    await expect(buyer.sheet.locator(".bag-row:visible .bag-row-title")).to_have_text([found])
    await buyer.sheet.get_by_label("Search 8 items").fill("umbrella")
    await expect(buyer.sheet.locator(".bag-none")).to_have_text(
        "Nothing in the bag is called “umbrella”."
    )


async def test_one_of_several_kinds_is_chosen_before_it_is_bought(
    open_page: OpenPage, stall: Stall
) -> None:
    dress = stall.put("Dress", kinds=("S", "M", "L"), pin=True)
    stall.stock(dress, 0)
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    kinds = buyer.sheet.get_by_role("group", name="Choose one")

    await buyer.sheet.get_by_role("button", name="Buy").click()
    await expect(buyer.sheet.locator(".field-error")).to_have_text("Choose one of these first.")
    small = kinds.get_by_role("radio", name="S sold out")
    await expect(small).to_be_focused()
    await buyer.chooses("S sold out")
    await expect(buyer.main).to_have_text("Sold out")
    await buyer.chooses("M")
    await take_picture(buyer.page, "product-kinds")
    await buyer.sheet.get_by_role("button", name="One more").click()

    await buyer.button("Buy €49.80").click()
    await expect(buyer.sheet.locator(".receipt-lines")).to_contain_text("Dress · M")


async def test_the_cart_is_changed_and_what_was_removed_comes_back(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    for title in ("Scarf", "Hat"):
        await buyer.page.locator(".cart-button").click()
        await buyer.sheet.locator(".bag-open", has_text=title).click()
        await buyer.button("Add to cart").click()
        await expect(buyer.sheet.locator(".sheet-title")).to_have_text("Bag · 8 items")
        await buyer.button("Close").click()
    await buyer.page.locator(".cart-button").click()
    await buyer.button("View cart").click()
    await expect(buyer.main).to_have_text("Checkout €21.00")

    await buyer.sheet.get_by_role("button", name="One more: Hat").click()
    await expect(buyer.main).to_have_text("Checkout €32.00")
    await buyer.button("Remove Scarf").click()
    await expect(buyer.main).to_have_text("Checkout €22.00")
    await expect(buyer.button("Undo")).to_be_focused()
    await take_picture(buyer.page, "cart-undo")
    await buyer.button("Undo").click()

    await expect(buyer.main).to_have_text("Checkout €32.00")
    await expect(buyer.sheet.locator(".cart-title")).to_have_text(["Hat", "Scarf"])


async def test_more_than_are_left_cannot_be_checked_out(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".card-open").click()
    await buyer.button("One more").click()
    await buyer.button("Add to cart").click()
    await buyer.page.locator(".strip-action").click()
    await expect(buyer.main).to_have_text("Checkout €24.00")

    stall.stock(f"{stall.name}-linen", 1)

    await expect(buyer.sheet.locator(".cart-note")).to_have_text(
        "Only 1 left. Take fewer to go on."
    )
    await expect(buyer.main).to_have_attribute("aria-disabled", "true")
    await buyer.sheet.get_by_role("button", name="One less").click()
    await expect(buyer.main).to_have_attribute("aria-disabled", "false")
    await expect(buyer.main).to_have_text("Checkout €12.00")


async def test_a_picture_that_cannot_be_loaded_is_drawn(
    open_page: OpenPage, complaints: Complaints, server: Served
) -> None:
    complaints.expect("404")
    # A server of its own: others' consoles list the products of every shop.
    stall = Stall(server)
    stall.put("Linen shirt", pin=True)
    stall.put("Lost parcel", images=("/demo/nothing.svg",))
    buyer = await Buyer.comes(open_page, stall)
    await buyer.page.locator(".cart-button").click()

    row = buyer.sheet.locator(".bag-row", has_text="Lost parcel")
    await row.scroll_into_view_if_needed()

    await expect(row.locator(".picture.none svg")).to_be_visible()
    await row.locator(".bag-open").click()
    await expect(buyer.sheet.get_by_role("img", name="Lost parcel")).to_be_visible()


async def test_names_are_text_and_long_ones_fit(open_page: OpenPage, stall: Stall) -> None:
    title = "Donaudampfschifffahrtsgesellschaftskapitänsmütze <b>extra</b> " + "warm " * 20
    stall.put(title, price=123456700, pin=True)
    buyer = await Buyer.comes(open_page, stall, size=SMALL_PHONE)
    await buyer.page.locator(".cart-button").click()

    await expect(buyer.sheet.locator(".bag-row-title").first).to_have_text(title.strip())
    body = buyer.sheet.locator(".sheet-body")
    assert await body.evaluate("(body) => body.scrollWidth <= body.clientWidth")
    await take_picture(buyer.page, "long-names")
    await buyer.sheet.locator(".bag-open").first.click()
    await expect(buyer.sheet.locator(".product-more")).to_contain_text("made in Porto")
    assert await body.evaluate("(body) => body.scrollWidth <= body.clientWidth")
    await take_picture(buyer.page, "long-product")


@pytest.mark.parametrize(
    ("size", "dark"), [(PHONE, False), (DESKTOP, True)], ids=["phone", "dark desktop"]
)
async def test_everybody_can_use_every_sheet(
    open_page: OpenPage, stall: Stall, size: ViewportSize, dark: bool
) -> None:
    dress = stall.put("Dress", kinds=("S", "M", "L"), pin=True)
    stall.stock(dress, 0)
    buyer = await Buyer.comes(open_page, stall, size=size, dark=dark)
    page = buyer.page

    async def usable(name: str, *, filled: int = 1) -> None:
        assert await buyer.sheet.evaluate(SMALL_TARGETS) == [], name
        assert await buyer.sheet.evaluate(FILLED) <= filled, name
        await assert_accessible(page)
        await take_picture(page, f"{name}-{size['width']}")

    if size == PHONE:
        await page.locator(".cart-button").click()
        await usable("bag")
        await buyer.button("Close").click()
    await buyer.taps_buy()
    await buyer.button("Buy").click()
    await usable("product")
    await buyer.chooses("M")
    await buyer.button("Add to cart").click()
    await expect(page.locator(".cart-count")).to_have_text("1")
    await page.locator(".strip-action").click()
    await usable("cart")
    await buyer.button("Checkout").click()
    await expect(buyer.sheet.get_by_label("E-mail")).to_be_visible()
    await buyer.main.click()
    await expect(buyer.sheet.locator(".summary")).to_be_focused()
    await usable("details")
    await buyer.fills_in("tok_declined")
    await buyer.main.click()
    await expect(buyer.main).to_have_text("Pay €24.90")
    await usable("review")
    await buyer.pays()
    await buyer.button("Use another card").click()
    await usable("declined")
    await buyer.picks("tok_3ds")
    await buyer.pays()
    bank = page.frame_locator("iframe").get_by_role("button", name="Confirm")
    await expect(bank).to_be_visible()
    await usable("bank")
    await bank.click()
    await buyer.sees_order("€24.90 paid with Visa 3155.")
    await usable("order")
