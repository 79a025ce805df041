"""What is asked of a buyer: what is wrong is said at the field, and nothing is asked twice."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.pictures import take_picture
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

TOKENS = {
    "email": "email",
    "name": "name",
    "country": "country",
    "line1": "address-line1",
    "line2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
    "region": "address-level1",
    "phone": "tel",
}


@pytest.fixture
def stall(shared_server: Served) -> Stall:
    """One shirt, on air."""
    stall = Stall(shared_server)
    stall.put("Linen shirt", pin=True)
    return stall


async def test_what_is_missing_is_listed_and_said_at_each_field(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    email = buyer.sheet.get_by_label("E-mail")
    await email.fill("ana@example")
    await buyer.sheet.get_by_label("City").fill("Oslo")

    await buyer.main.click()

    summary = buyer.sheet.get_by_role("group", name="5 things to fix")
    await expect(summary).to_be_focused()
    await expect(email).to_have_attribute("aria-invalid", "true")
    await expect(email).to_have_accessible_description(
        "The shop writes here about your order. "
        "Enter an e-mail address, for example ana@example.com."
    )
    await expect(email).to_have_value("ana@example")
    await expect(buyer.sheet.get_by_label("City")).to_have_value("Oslo")
    await take_picture(buyer.page, "form-errors")
    await summary.get_by_role("link", name="Enter a name.").click()
    await expect(buyer.sheet.get_by_label("Full name")).to_be_focused()


async def test_what_was_put_right_is_taken_off_the_list_when_it_is_left(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    await buyer.main.click()
    title = buyer.sheet.locator(".summary h3")
    await expect(title).to_have_text("6 things to fix")

    name = buyer.sheet.get_by_label("Full name")
    await name.fill("Ana Berg")
    await name.press("Tab")

    await expect(title).to_have_text("5 things to fix")
    await expect(name).not_to_have_attribute("aria-invalid", "true")
    await buyer.picks("tok_ok")
    await expect(title).to_have_text("4 things to fix")


async def test_a_postcode_is_asked_for_where_nothing_arrives_without_one(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    await buyer.fills_in(country="DK", postal_code="")
    code = buyer.sheet.get_by_label("Postcode")
    await expect(code).to_have_attribute("inputmode", "numeric")

    await buyer.main.click()

    await expect(code).to_have_accessible_description("Enter a postcode, for example 1050.")
    await buyer.sheet.get_by_label("Country").select_option("AE")
    await buyer.main.click()
    await expect(buyer.main).to_have_text("Pay €24.90")


async def test_browsers_are_told_what_each_field_is(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()

    for name, token in TOKENS.items():
        control = buyer.sheet.locator(f"[data-name={name}] :is(input, select)")
        told = f"section-{stall.name} shipping {token}"
        await expect(control).to_have_attribute("autocomplete", told)
    await expect(buyer.sheet.get_by_label("Country").locator("option")).to_have_count(250)
    await expect(buyer.sheet.get_by_label("Country")).to_contain_text("Côte d’Ivoire")


async def test_what_was_typed_outlives_a_closed_sheet(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    await buyer.sheet.get_by_label("Full name").fill("Ana Berg")
    await buyer.button("Close").click()
    await expect(buyer.sheet).to_have_count(0)

    await buyer.taps_buy()

    await expect(buyer.sheet.get_by_label("Full name")).to_have_value("Ana Berg")


async def test_details_are_changed_and_forgotten_in_the_checkout(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()
    await buyer.sheet.get_by_role("button", name="Change Ship to").click()
    await buyer.sheet.get_by_label("City").fill("Bergen")
    await buyer.button("Save").click()
    await expect(buyer.sheet.locator(".review")).to_contain_text("0155 Bergen")
    await expect(buyer.sheet.get_by_role("timer")).to_contain_text("Kept for you 4:")

    await buyer.sheet.get_by_role("button", name="Change Ship to").click()
    await buyer.button("Forget my details").click()

    await expect(buyer.sheet.get_by_label("City")).to_have_value("")
    kept = await buyer.page.evaluate("localStorage.getItem('yc.details')")
    assert kept is None


async def test_details_are_kept_on_the_device_only_if_that_is_wanted(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.taps_buy()
    await buyer.fills_in()
    await buyer.sheet.get_by_label("Keep my details on this device").uncheck()

    await buyer.main.click()
    await buyer.pays()
    await buyer.sees_order("€24.90 paid with Visa 4242.")

    kept = await buyer.page.evaluate("localStorage.getItem('yc.details')")
    assert kept is None
