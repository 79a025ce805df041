"""What each failure of a confirm says about the money."""

from __future__ import annotations

import pytest

from base.errors import Invalid
from checkout.payments import stripe, stripe_calls
from checkout.payments.provider import Declined, Lost, NotSent, Status
from tests.integration.checkout.stripe_market import StripeMarket
from tests.stripe_account import OK

KEY = "confirm-1"


@pytest.fixture
def market(stripe_market: StripeMarket) -> StripeMarket:
    return stripe_market


async def made(market: StripeMarket) -> str:
    """An attempt whose intent is made and not confirmed."""
    return await market.begin(await market.buy())


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("limit", NotSent),
        ("locked", Lost),
        ("down", Lost),
        ("down_after", Lost),
        ("drop", Lost),
        ("drop_after", Lost),
        ("nonsense", Lost),
    ],
)
async def test_t15_a_failure_is_told_by_what_may_have_happened(
    market: StripeMarket, fault: str, meaning: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "Key in use" was a failure: mailed as failed, and paid (gateway-stripe 3442).

    Guard: checkout/payments/stripe_calls.py, a 409 is ``Lost``.
    Kills: "stripe: a key in use is no refusal".
    """
    monkeypatch.setattr(stripe_calls, "PAUSES_S", ())
    attempt = await made(market)
    market.stripe.faults = [(fault, "/confirm")]

    with pytest.raises(meaning):
        await market.stripe_provider.confirm(attempt, OK, KEY)

    assert len(market.stripe.sent("/confirm")) == 1


async def test_a_refused_connection_has_sent_nothing(market: StripeMarket) -> None:
    attempt = await made(market)

    with pytest.raises(NotSent):
        await market.stripe_client("http://127.0.0.1:1").confirm(attempt, OK, KEY)


async def test_a_key_that_stripe_does_not_know_has_done_nothing(market: StripeMarket) -> None:
    attempt = await made(market)

    with pytest.raises(NotSent):
        await market.stripe_client(key="sk_test_wrong").confirm(attempt, OK, KEY)
    with pytest.raises(NotSent):
        await market.stripe_client(account="acct_strange").confirm(attempt, OK, KEY)


async def test_a_slow_answer_is_lost_and_the_same_key_finds_it(
    market: StripeMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe, "CONFIRM_S", 0.2)
    attempt = await made(market)
    market.stripe.faults = [("hang", "/confirm")]

    with pytest.raises(Lost):
        await market.stripe_provider.confirm(attempt, OK, KEY)
    # It is still being carried out: a failure for a careless reader, and none.
    with pytest.raises(Lost):
        await market.stripe_provider.confirm(attempt, OK, KEY)
    market.stripe.released.set()
    monkeypatch.setattr(stripe, "CONFIRM_S", 5.0)
    payment = await market.stripe_provider.confirm(attempt, OK, KEY)

    assert (payment.status, payment.captured) == (Status.SUCCEEDED, 1999)
    assert len(market.stripe.charges) == 1


async def test_a_refused_card_and_a_card_that_is_none_are_told_apart(
    market: StripeMarket,
) -> None:
    attempt = await made(market)

    with pytest.raises(Declined):
        await market.stripe_provider.confirm(attempt, "pm_card_visa_chargeDeclined", KEY)
    with pytest.raises(Invalid):
        await market.stripe_provider.confirm(attempt, "pm_of_nobody", "confirm-2")


async def test_what_has_ended_is_told_instead_of_confirmed_again(market: StripeMarket) -> None:
    attempt = await made(market)
    await market.stripe_provider.confirm(attempt, OK, KEY)

    again = await market.stripe_provider.confirm(attempt, OK, "confirm-2")
    canceled = await market.provider.cancel(attempt)

    assert [again.status, canceled.status] == [Status.SUCCEEDED, Status.SUCCEEDED]
    assert len(market.stripe.charges) == 1


async def test_without_an_id_in_the_book_nothing_is_confirmed_or_asked(
    market: StripeMarket,
) -> None:
    checkout = await market.buy()
    market.stripe.faults = [("drop_after", "/payment_intents")]
    with pytest.raises(Lost):
        await market.begin(checkout)
    attempt = market.intent(checkout)["metadata"]["attempt"]
    asked = len(market.stripe.requests)

    with pytest.raises(NotSent):
        await market.stripe_provider.confirm(attempt, OK, KEY)

    assert await market.provider.fetch(attempt) is None
    assert len(market.stripe.requests) == asked


async def test_who_makes_an_intent_later_than_another_gives_way(market: StripeMarket) -> None:
    checkout = await market.buy()
    market.stripe.faults = [("drop_after", "/payment_intents")]
    with pytest.raises(Lost):
        await market.begin(checkout)
    attempt = market.intent(checkout)["metadata"]["attempt"]

    await market.provider.cancel(attempt)
    await market.stripe_provider.create(attempt, 1999, "USD", checkout.id)

    # The book says never, so it was not even asked for.
    assert len(market.stripe.sent("/payment_intents")) == 1
    payment = await market.provider.fetch(attempt)
    assert payment is not None
    assert payment.status is Status.CANCELED
