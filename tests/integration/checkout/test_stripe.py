"""Purchases paid by Stripe: each way in which a payment can end."""

from __future__ import annotations

import asyncio

import pytest

from base.errors import Invalid, Outage, PaymentDeclined
from checkout.attempts import attempt_id
from checkout.parts import Terms
from checkout.payments import stripe_calls
from tests.integration.checkout.market import buyer
from tests.integration.checkout.stripe_market import BACK, StripeMarket
from tests.stripe_account import BANK_IS_SLOW, OK, THREE_DS
from tests.waiting import until


@pytest.fixture
def market(stripe_market: StripeMarket) -> StripeMarket:
    return stripe_market


async def test_a_card_pays_and_the_books_agree(market: StripeMarket) -> None:
    checkout = await market.buy(qty=2)

    paid = await market.pay(checkout)

    assert (paid.state, len(paid.orders)) == ("paid", 1)
    assert await market.units() == (3, 0, 2)
    assert await market.charges() == [(checkout.id, 3998, 0)]
    assert await market.off() == []


async def test_stripe_is_told_what_is_bought_and_each_step_has_its_key(
    market: StripeMarket,
) -> None:
    checkout = await market.buy()

    await market.pay(checkout)

    create, confirm = [each for each in market.stripe.requests if each.method == "POST"]
    attempt = attempt_id(checkout.id)
    assert create.key == attempt
    assert create.form == {
        "amount": "1999",
        "currency": "usd",
        "allowed_payment_method_types[0]": "card",
        "capture_method": "automatic",
        "metadata[checkout]": checkout.id,
        "metadata[attempt]": attempt,
    }
    assert confirm.key == f"{attempt}-2"
    assert confirm.form == {"payment_method": OK, "return_url": BACK}


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("pm_card_visa_chargeDeclined", "The card was declined. Try another one."),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "The card does not have enough money"),
        ("pm_card_visa_chargeDeclinedLostCard", "The card was declined. Try another one."),
        ("pm_card_chargeDeclinedExpiredCard", "The card has expired. Try another one."),
    ],
)
async def test_a_declined_card_says_what_to_do_and_another_one_pays(
    market: StripeMarket, token: str, words: str
) -> None:
    checkout = await market.buy()

    with pytest.raises(PaymentDeclined) as declined:
        await market.pay(checkout, token)

    assert declined.value.message.startswith(words)
    assert (await market.get(checkout)).state == "reserved"
    assert (await market.pay(checkout)).state == "paid"
    assert len(market.stripe.intents) == 1
    assert await market.charges() == [(checkout.id, 1999, 0)]
    assert await market.off() == []


async def test_a_method_that_stripe_does_not_know_changes_nothing(market: StripeMarket) -> None:
    checkout = await market.buy()

    with pytest.raises(Invalid, match="cannot be used"):
        await market.pay(checkout, "pm_nobody")

    assert (await market.get(checkout)).state == "reserved"
    assert (await market.pay(checkout)).state == "paid"


async def test_tokens_of_another_form_do_not_reach_stripe(market: StripeMarket) -> None:
    checkout = await market.buy()

    for token in ("tok_ok", "4242424242424242", "pm_x/../../charges", "pm_"):
        with pytest.raises(Invalid):
            await market.pay(checkout, token)

    assert market.stripe.requests == []


@pytest.mark.parametrize("ok", [True, False])
async def test_the_bank_asks_the_buyer_who_comes_back_to_our_page(
    market: StripeMarket, ok: bool
) -> None:
    checkout = await market.buy()

    waiting = await market.pay(checkout, THREE_DS)

    assert (waiting.state, waiting.action) == ("pay_pending", waiting.action)
    assert waiting.action
    assert waiting.action.url.startswith("https://hooks.stripe.com/")
    market.stripe.settle(market.intent(checkout)["id"], ok=ok)
    after = await market.becomes(checkout, "paid" if ok else "reserved")
    assert not after.action
    assert bool(after.failure) is not ok
    assert await market.off() == []


async def test_without_webhooks_the_sweeper_finds_out(market: StripeMarket) -> None:
    market.stripe.hooks = False
    checkout = await market.buy()
    await market.pay(checkout, THREE_DS)
    market.stripe.settle(market.intent(checkout)["id"])

    market.clock.advance(31_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "paid"


async def test_only_the_webhook_tells(market: StripeMarket) -> None:
    checkout = await market.buy()
    paying = asyncio.create_task(market.pay(checkout, BANK_IS_SLOW))
    await until(lambda: bool(market.stripe.sent("/confirm")))
    await until(lambda: market.intent(checkout)["status"] == "processing")

    market.stripe.settle(market.intent(checkout)["id"])

    assert (await paying).state == "paid"
    assert await market.off() == []


@pytest.mark.parametrize("fault", ["drop_after", "down_after", "drop", "nonsense", "locked"])
async def test_an_answer_that_got_lost_is_found_out_and_charged_once(
    market: StripeMarket, fault: str
) -> None:
    checkout = await market.buy()
    market.stripe.hooks = False
    market.stripe.faults = [(fault, "/confirm")]

    paid = await market.pay(checkout)

    assert paid.state == "paid"
    assert await market.charges() == [(checkout.id, 1999, 0)]
    assert len({request.key for request in market.stripe.sent("/confirm")}) == 1
    assert await market.off() == []


async def test_a_500_that_did_nothing_gives_the_checkout_back_once_it_is_sure(
    market: StripeMarket,
) -> None:
    await market.replace_node(terms=Terms(answer_ms=2_000))
    checkout = await market.buy()
    market.stripe.faults = [("down", "/confirm")]

    unknown = await market.pay(checkout)

    # The same key brings the same 500 for a day, so only the intent itself can tell.
    assert unknown.state == "pay_pending"
    market.clock.advance(41_000)
    await market.node.sweeper.sweep()
    assert (await market.get(checkout)).state == "reserved"
    assert (await market.pay(checkout)).state == "paid"
    assert await market.charges() == [(checkout.id, 1999, 0)]


@pytest.mark.parametrize("path", ["/payment_intents", "/confirm"])
async def test_too_many_requests_mean_that_nothing_was_charged(
    market: StripeMarket, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_calls, "PAUSES_S", (0.01, 0.02))
    checkout = await market.buy()
    market.stripe.faults = [("limit", path)] * 3

    with pytest.raises(Outage):
        await market.pay(checkout)

    assert (await market.get(checkout)).state == "reserved"
    assert len(market.stripe.sent(path)) == 3
    assert (await market.pay(checkout)).state == "paid"
    assert len(market.stripe.intents) == 1


async def test_who_is_asked_to_wait_a_moment_waits_and_pays(
    market: StripeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_calls, "PAUSES_S", (0.01, 0.02))
    checkout = await market.buy()
    market.stripe.faults = [("limit", "/payment_intents"), ("limit", "/confirm")]

    assert (await market.pay(checkout)).state == "paid"

    assert len({request.key for request in market.stripe.sent("/confirm")}) == 1


async def test_a_stripe_that_is_away_charges_nothing_and_the_stock_comes_back(
    market: StripeMarket,
) -> None:
    gone = market.stripe_client("http://127.0.0.1:1")
    await market.replace_node(gone)
    checkout = await market.buy()

    with pytest.raises(Outage):
        await market.pay(checkout)

    assert (await market.get(checkout)).state == "reserved"
    market.clock.advance(300_001)
    await market.node.sweeper.sweep()
    # It never had an id in the book, so nobody needs Stripe's word for it.
    assert (await market.get(checkout)).state == "expired"
    assert await market.units() == (5, 0, 0)


async def test_an_answer_to_create_that_got_lost_makes_no_second_intent(
    market: StripeMarket,
) -> None:
    checkout = await market.buy()
    market.stripe.faults = [("drop_after", "/payment_intents")]
    with pytest.raises(Outage):
        await market.pay(checkout)

    assert (await market.pay(checkout)).state == "paid"

    assert len(market.stripe.intents) == 1


async def test_after_the_keys_day_a_forgotten_intent_is_replaced_and_never_charged(
    market: StripeMarket,
) -> None:
    checkout = await market.buy()
    market.stripe.faults = [("drop_after", "/payment_intents")]
    with pytest.raises(Outage):
        await market.pay(checkout)
    attempt = attempt_id(checkout.id)
    market.clock.advance(25 * 3600 * 1000)

    await market.stripe_provider.create(attempt, 1999, "USD", checkout.id)
    payment = await market.stripe_provider.confirm(attempt, OK, "another-key")

    assert payment.status == "succeeded"
    assert [intent["status"] for intent in market.stripe.intents.values()] == [
        "requires_payment_method",
        "succeeded",
    ]


async def test_a_canceled_attempt_can_never_be_confirmed(market: StripeMarket) -> None:
    checkout = await market.buy()
    market.stripe.faults = [("drop", "/payment_intents")]
    with pytest.raises(Outage):
        await market.pay(checkout)
    attempt = attempt_id(checkout.id)

    canceled = await market.provider.cancel(attempt)
    await market.stripe_provider.create(attempt, 1999, "USD", checkout.id)
    confirmed = await market.stripe_provider.confirm(attempt, OK, "a-key-of-its-own")

    assert (canceled.status, confirmed.status) == ("canceled", "canceled")
    assert market.stripe.sent("/confirm") == []
    assert await market.charges() == []


async def test_cancelling_while_the_intent_is_being_made_wins(market: StripeMarket) -> None:
    checkout = await market.buy()
    market.stripe.faults = [("hang", "/payment_intents")]
    paying = asyncio.create_task(market.pay(checkout))
    await until(lambda: bool(market.stripe.intents))

    cancelled = await market.node.purchases.cancel(buyer(), checkout.id)
    market.stripe.released.set()
    await paying

    assert cancelled.state == "cancelled"
    assert (await market.get(checkout)).state == "cancelled"
    assert market.intent(checkout)["status"] == "canceled"
    assert market.stripe.sent("/confirm") == []
    assert await market.units() == (5, 0, 0)


async def test_cancelling_against_a_success_ends_as_paid(market: StripeMarket) -> None:
    market.stripe.hooks = False
    checkout = await market.buy()
    await market.pay(checkout, THREE_DS)
    market.stripe.settle(market.intent(checkout)["id"])

    cancelled = await market.node.purchases.cancel(buyer(), checkout.id)

    assert cancelled.state == "paid"
    assert await market.off() == []


async def test_cancelling_while_the_bank_asks_is_final(market: StripeMarket) -> None:
    checkout = await market.buy()
    await market.pay(checkout, THREE_DS)

    cancelled = await market.node.purchases.cancel(buyer(), checkout.id)

    assert cancelled.state == "cancelled"
    assert market.intent(checkout)["status"] == "canceled"
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []
