"""Buying with every kind of card: paid once, told truly, nothing typed twice."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize, expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.chromium import DESKTOP, PHONE
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.pictures import take_picture
from tests.end_to_end.browser.stall import Stall
from tests.served import Served

DECLINED = "Your bank did not approve this payment. You were not charged."


@pytest.fixture
def stall(shared_server: Served) -> Stall:
    """One shirt, on air."""
    stall = Stall(shared_server)
    stall.put("Linen shirt", pin=True)
    return stall


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_somebody_new_buys(open_page: OpenPage, stall: Stall, size: ViewportSize) -> None:
    buyer = await Buyer.comes(open_page, stall, size=size)

    await buyer.gets_to_pay()
    await buyer.pays()

    await buyer.sees_order("€24.90 paid with Visa 4242.")
    await take_picture(buyer.page, f"order-{size['width']}")
    [order] = stall.orders()
    assert order["total"] == 2490
    assert order["ship_to"]["email"] == "ana@example.com"
    await buyer.main.click()
    await expect(buyer.sheet).to_have_count(0)


async def test_who_came_before_pays_with_two_taps(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay()
    await buyer.pays()
    await buyer.sees_order("€24.90 paid with Visa 4242.")
    again = Buyer(await open_page(stall.url, context=buyer.page.context))

    await again.taps_buy()
    await expect(again.sheet.locator(".review")).to_contain_text("Storgata 1")
    await again.main.click()

    await expect(again.sheet.locator(".sheet-title")).to_have_text("Order 000002 placed")
    assert len(stall.orders()) == 2


async def test_a_declined_card_is_told_and_another_one_pays_with_nothing_typed_twice(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_declined")

    await buyer.pays()
    await expect(buyer.notice).to_have_text(DECLINED)
    await expect(buyer.notice).to_be_focused()
    await expect(buyer.main).to_have_text("Try again €24.90")
    await take_picture(buyer.page, "declined")
    await buyer.button("Use another card").click()
    await buyer.picks("tok_ok")
    await expect(buyer.main).to_have_text("Pay €24.90")
    await buyer.pays()

    await buyer.sees_order("€24.90 paid with Visa 4242.")
    assert len(stall.orders()) == 1


@pytest.mark.parametrize(
    ("token", "card"),
    [
        ("tok_insufficient_funds", None),
        ("tok_timeout", "Visa 0408"),
        ("tok_webhook_only", "Visa 0202"),
        ("tok_slow", "Visa 0010"),
    ],
)
async def test_every_other_card_ends_as_its_bank_says(
    open_page: OpenPage, stall: Stall, token: str, card: str | None
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay(token)

    await buyer.pays()
    if card is None:
        await expect(buyer.notice).to_have_text(DECLINED)
    else:
        await buyer.sees_order(f"€24.90 paid with {card}.")

    assert len(stall.orders()) == (card is not None)


async def test_while_it_is_paid_the_clock_is_gone_and_the_button_says_so(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_slow")
    await expect(buyer.sheet.get_by_role("timer")).to_contain_text("Kept for you 4:")

    await buyer.pays()

    await expect(buyer.main).to_have_text("Paying… your item is kept.")
    await expect(buyer.main).to_have_attribute("aria-disabled", "true")
    await expect(buyer.sheet.get_by_role("timer")).to_have_count(0)
    await take_picture(buyer.page, "paying")


async def test_a_bank_that_does_not_answer_charges_nothing(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_unavailable")

    await buyer.pays()

    await expect(buyer.notice).to_have_text(
        "Something went wrong on our side. Nothing was charged.", timeout=20_000
    )
    await expect(buyer.main).to_have_text("Try again €24.90")
    assert stall.orders() == []


async def test_the_bank_confirms_in_its_own_frame(open_page: OpenPage, stall: Stall) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_3ds")

    await buyer.pays()
    bank = buyer.page.frame_locator("iframe")
    await expect(bank.get_by_role("heading")).to_have_text("Is it you?")
    await expect(buyer.sheet).to_contain_text("Your bank wants to check it is you.")
    await expect(buyer.page.locator("iframe")).to_be_focused()
    await take_picture(buyer.page, "bank")
    await bank.get_by_role("button", name="Confirm").click()

    await buyer.sees_order("€24.90 paid with Visa 3155.")
    await expect(buyer.sheet.locator(".sheet-title")).to_be_focused()


async def test_who_refuses_at_the_bank_may_use_another_card(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_3ds")

    await buyer.pays()
    await buyer.page.frame_locator("iframe").get_by_role("button", name="Refuse").click()
    await expect(buyer.notice).to_have_text(
        "Your bank could not confirm it was you. You were not charged."
    )
    await buyer.button("Use another card").click()
    await buyer.picks("tok_ok")
    await buyer.pays()

    await buyer.sees_order("€24.90 paid with Visa 4242.")


async def test_a_payment_can_be_cancelled_at_the_bank_and_bought_anew(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_3ds")

    await buyer.pays()
    await buyer.button("Cancel payment").click()
    await expect(buyer.end).to_have_text("The payment was cancelled. You were not charged.")
    await take_picture(buyer.page, "cancelled")
    assert stall.left(f"{stall.name}-linen") == 20
    await buyer.main.click()

    await expect(buyer.main).to_have_text("Pay €24.90")
    assert stall.left(f"{stall.name}-linen") == 19


async def test_a_reload_while_it_is_paid_ends_with_one_order(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_slow")
    await buyer.pays()
    await expect(buyer.main).to_have_text("Paying… your item is kept.")

    await buyer.page.reload()

    await expect(buyer.main).to_have_text("Paying… your item is kept.")
    await buyer.sees_order("€24.90 paid with Visa 0010.")
    assert len(stall.orders()) == 1


async def test_a_reload_at_the_bank_leads_back_to_the_bank(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_3ds")
    await buyer.pays()
    await expect(buyer.page.locator("iframe")).to_be_visible()

    await buyer.page.reload()
    await buyer.page.frame_locator("iframe").get_by_role("button", name="Confirm").click()

    await buyer.sees_order("€24.90 paid with Visa 3155.")


async def test_a_payment_goes_on_when_its_sheet_is_closed(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall)
    await buyer.gets_to_pay("tok_slow")
    await buyer.pays()
    await expect(buyer.main).to_have_text("Paying… your item is kept.")

    await buyer.button("Close").click()
    await expect(buyer.page.locator(".strip-text")).to_have_text("Checking with your bank…")

    await expect(buyer.page.locator(".strip-text")).to_have_text(
        "Order 000001 placed. €24.90 paid.", timeout=20_000
    )


async def test_with_a_clock_ten_minutes_off_the_time_to_pay_is_right(
    open_page: OpenPage, stall: Stall
) -> None:
    buyer = await Buyer.comes(open_page, stall, clock_off_s=600)

    await buyer.gets_to_pay()
    await expect(buyer.sheet.get_by_role("timer")).to_contain_text("Kept for you 4:5")
    await buyer.pays()

    await buyer.sees_order("€24.90 paid with Visa 4242.")
