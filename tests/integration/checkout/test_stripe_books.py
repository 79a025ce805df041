"""Stripe and our books: late money, refunds, the audit, sums and lies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from base.errors import Invalid, Outage, PaymentDeclined
from checkout.attempts import attempt_id
from checkout.payments.provider import Declined
from tests.integration.checkout.market import buyer
from tests.integration.checkout.stripe_market import StripeMarket
from tests.stripe_account import BANK_IS_SLOW, THREE_DS
from tests.waiting import until

if TYPE_CHECKING:
    from checkout.payments.provider import Charge


@pytest.fixture
def market(stripe_market: StripeMarket) -> StripeMarket:
    return stripe_market


async def expired_with_money(market: StripeMarket) -> str:
    """A checkout that has ended here while its intent is paid at Stripe; returns the intent."""
    checkout = await market.buy()
    paying = asyncio.create_task(market.pay(checkout, BANK_IS_SLOW))
    await until(lambda: bool(market.stripe.sent("/confirm")))
    await until(lambda: market.intent(checkout)["status"] == "processing")
    ident: str = market.intent(checkout)["id"]
    # What only a mistake at the provider can bring about: canceled there, and then paid.
    market.stripe.intents[ident]["status"] = "requires_action"
    await market.node.purchases.cancel(buyer(), checkout.id)
    assert (await paying).state == "cancelled"
    market.stripe.intents[ident]["status"] = "processing"
    return ident


async def test_late_money_buys_the_goods_while_they_are_there(market: StripeMarket) -> None:
    ident = await expired_with_money(market)

    market.stripe.settle(ident)

    checkout = await market.buy_of(ident)
    assert (await market.becomes(checkout, "paid")).state == "paid"
    assert await market.off() == []


@pytest.mark.parametrize("fault", ["", "drop_after", "down_after"])
async def test_late_money_goes_back_once_when_the_goods_are_gone(
    market: StripeMarket, fault: str
) -> None:
    ident = await expired_with_money(market)
    others = await market.buy(qty=5, who="otto", key="key-0002")
    await market.pay(others, who="otto")
    market.stripe.faults = [(fault, "/refunds")] * bool(fault)

    market.stripe.settle(ident)

    checkout = await market.buy_of(ident)
    async with asyncio.timeout(20):
        while (await market.get(checkout)).state != "refunded":
            market.clock.advance(2_500)
            await market.node.sweeper.sweep()
            await asyncio.sleep(0.05)
    assert (checkout.id, 1999, 1999) in await market.charges()
    assert len(market.stripe.refunds) == 1
    assert await market.off() == []


async def test_a_refund_is_made_once_a_key_even_after_stripe_has_forgotten_it(
    market: StripeMarket,
) -> None:
    checkout = await market.pay(await market.buy())
    attempt = attempt_id(checkout.id)

    await market.provider.refund(attempt, 500, "refund-1")
    market.clock.advance(25 * 3600 * 1000)
    await market.provider.refund(attempt, 500, "refund-1")
    assert await market.charges() == [(checkout.id, 1999, 500)]
    await market.provider.refund(attempt, 100, "refund-2")

    assert await market.charges() == [(checkout.id, 1999, 600)]
    assert len(market.stripe.refunds) == 2


async def test_a_refund_that_fails_at_the_bank_is_not_done(market: StripeMarket) -> None:
    checkout = await market.pay(await market.buy())
    market.stripe.refund_status = "failed"

    with pytest.raises(Outage):
        await market.provider.refund(attempt_id(checkout.id), 1999, "refund-1")

    assert await market.charges() == [(checkout.id, 1999, 0)]


async def test_more_than_was_paid_is_not_refunded(market: StripeMarket) -> None:
    checkout = await market.pay(await market.buy())

    with pytest.raises(Declined):
        await market.provider.refund(attempt_id(checkout.id), 2000, "refund-1")

    assert market.stripe.refunds == {}


async def test_a_sum_that_stripe_cannot_give_back_is_refused_for_good(
    market: StripeMarket,
) -> None:
    await market.shelves.put("vase", 2, price=3_335, currency="KWD")
    checkout = await market.pay(await market.buy("vase", qty=2))

    with pytest.raises(Declined, match=r"3\.335 KWD"):
        await market.provider.refund(attempt_id(checkout.id), 3_335, "refund-1")
    await market.provider.refund(attempt_id(checkout.id), 3_330, "refund-2")

    assert await market.charges() == [(checkout.id, 6_670, 3_330)]


async def test_the_audit_sees_money_that_no_order_is_for(market: StripeMarket) -> None:
    checkout = await market.pay(await market.buy())
    assert await market.off() == []

    market.stripe.give_back(market.intent(checkout)["id"], 1)

    assert await market.off() == ["payments"]


async def test_charges_come_in_pages_without_the_accounts_other_sales(
    market: StripeMarket,
) -> None:
    paid = [await market.pay(await market.buy(key=f"key-000{number}")) for number in range(3)]
    other = dict(next(iter(market.stripe.charges.values())), id="ch_other", metadata={})
    market.stripe.charges["ch_other"] = other

    found: list[Charge] = []
    after = None
    while True:
        page, after = await market.provider.charges(after, 1)
        found += page
        if after is None:
            break

    assert {charge.checkout for charge in found} == {checkout.id for checkout in paid}
    assert len(found) == 3


@pytest.mark.parametrize(
    "lie",
    [
        {"amount": 100, "amount_received": 100},
        {"amount_received": 1998},
        {"currency": "eur"},
        {"livemode": True},
        {"id": "pi_another"},
        {"metadata": {"checkout": "co_other", "attempt": "pay_other"}},
        {"metadata": {}},
    ],
    ids=str,
)
async def test_another_payments_money_never_pays_a_checkout(
    market: StripeMarket, lie: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    market.stripe.hooks = False
    checkout = await market.buy()
    await market.pay(checkout, THREE_DS)
    intent = market.intent(checkout)
    market.stripe.settle(intent["id"])
    intent.update(lie)

    market.clock.advance(31_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "pay_pending"
    assert "break" in caplog.text


@pytest.mark.parametrize(
    ("price", "currency", "sent"),
    [(1999, "JPY", "1999"), (50, "ISK", "5000"), (5120, "KWD", "5120")],
)
async def test_sums_are_sent_in_stripes_units_and_read_in_ours(
    market: StripeMarket, price: int, currency: str, sent: str
) -> None:
    await market.shelves.put("vase", 1, price=price, currency=currency)
    checkout = await market.buy("vase")

    paid = await market.pay(checkout)

    assert (paid.state, paid.total) == ("paid", price)
    assert market.stripe.sent("/payment_intents")[0].form["amount"] == sent
    assert await market.charges() == [(checkout.id, price, 0)]
    assert await market.off() == []


@pytest.mark.parametrize(
    ("price", "currency", "words"),
    [
        (49, "USD", "too little to be paid by card"),
        (5124, "KWD", "5.124 KWD cannot be paid by card"),
        (500, "UGX", "UGX cannot be paid by card here"),
        (500, "CHF", "This currency cannot be paid by card here"),
    ],
)
async def test_what_stripe_can_never_take_is_refused_when_paying_begins(
    market: StripeMarket, price: int, currency: str, words: str
) -> None:
    await market.shelves.put("vase", 1, price=price, currency=currency)
    checkout = await market.buy("vase")

    with pytest.raises(Invalid, match=words):
        await market.pay(checkout)

    assert (await market.get(checkout)).state == "reserved"
    cancelled = await market.node.purchases.cancel(buyer(), checkout.id)
    assert cancelled.state == "cancelled"


async def test_a_wrong_key_charges_nothing_and_is_not_logged(
    market: StripeMarket, caplog: pytest.LogCaptureFixture
) -> None:
    await market.replace_node(market.stripe_client(key="sk_test_wrong"))
    checkout = await market.buy()

    with pytest.raises(Outage):
        await market.pay(checkout)

    assert "does not accept the secret key" in caplog.text
    assert "sk_test" not in caplog.text
    assert (await market.get(checkout)).state == "reserved"


async def test_a38_nothing_that_was_sent_is_logged(
    market: StripeMarket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    checkout = await market.buy()

    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "pm_card_visa_chargeDeclined")
    await market.pay(checkout)

    for secret in ("pm_card", "sk_test", "whsec", "_secret_x"):
        assert secret not in caplog.text


async def test_a_connected_account_is_named_in_every_request(market: StripeMarket) -> None:
    market.stripe.account = "acct_1"
    await market.replace_node(market.stripe_client(account="acct_1"))

    assert (await market.pay(await market.buy())).state == "paid"
