"""Stripe's webhooks: believed only when signed, and then only as a hint."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Invalid
from store.sql.rows import Connection, func, select
from store.sql.tables import webhook_inbox
from tests.integration.checkout.stripe_market import OLD_SECRET, StripeMarket
from tests.stripe_account import THREE_DS

if TYPE_CHECKING:
    from checkout.checkout import Checkout


@pytest.fixture
def market(stripe_market: StripeMarket) -> StripeMarket:
    """Its Stripe sends nothing by itself."""
    stripe_market.stripe.hooks = False
    return stripe_market


async def paid_at_stripe(market: StripeMarket) -> Checkout:
    """A checkout that is paid at Stripe, and we have not heard of it."""
    checkout = await market.pay(await market.buy(), THREE_DS)
    market.stripe.settle(market.intent(checkout)["id"])
    return checkout


def succeeded(market: StripeMarket, checkout: Checkout, **changes: Any) -> bytes:
    return market.stripe.event("payment_intent.succeeded", market.intent(checkout), **changes)


def kept(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(webhook_inbox)).scalar_one())


@pytest.mark.parametrize("about", ["payment_intent", "charge"])
async def test_a_signed_webhook_has_the_payment_looked_at(
    market: StripeMarket, about: str
) -> None:
    checkout = await paid_at_stripe(market)
    intent = market.intent(checkout)
    thing = intent if about == "payment_intent" else market.stripe.charges[intent["latest_charge"]]

    await market.take_in(market.stripe.event(f"{about}.succeeded", thing))

    assert (await market.becomes(checkout, "paid")).orders
    assert await market.off() == []


async def test_ten_identical_ones_at_once_have_one_effect(market: StripeMarket) -> None:
    checkout = await paid_at_stripe(market)
    raw = succeeded(market, checkout)

    await asyncio.gather(*(market.take_in(raw) for _ in range(10)))

    assert len((await market.becomes(checkout, "paid")).orders) == 1
    assert await market.book.read(kept) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "t=1,v1=é"},
        {"Stripe-Signature": "v1=" + "0" * 64},
        {"Stripe-Signature": "t=1790000000,v0=" + "0" * 64},
        {"Stripe-Signature": "t=1790000000,v1=" + "0" * 64},
        {"Stripe-Signature": "t=1790000000,t=1,v1=" + "0" * 64},
        {"Stripe-Signature": "t=1790000000," + ",".join(["v1=" + "0" * 64] * 40)},
    ],
    ids=lambda forged: forged.get("Stripe-Signature", "none")[:30],
)
async def test_a_webhook_that_stripe_did_not_sign_is_refused_unread(
    market: StripeMarket, forged: dict[str, str]
) -> None:
    checkout = await paid_at_stripe(market)
    raw = succeeded(market, checkout)

    with pytest.raises(Invalid, match="sign"):
        await market.take_in(raw, forged)

    assert await market.book.read(kept) == 0


async def test_a_body_that_was_changed_on_its_way_is_refused(market: StripeMarket) -> None:
    checkout = await paid_at_stripe(market)
    raw = succeeded(market, checkout)
    headers = market.stripe.signature(raw)

    for changed in (raw.replace(b"1999", b"1"), raw + b" ", b"\xff" + raw, raw[:-1]):
        with pytest.raises(Invalid, match="does not hold"):
            await market.take_in(changed, headers)


async def test_a23_each_active_secret_may_sign_and_no_other(market: StripeMarket) -> None:
    checkout = await paid_at_stripe(market)
    raw = succeeded(market, checkout)

    with pytest.raises(Invalid):
        await market.take_in(raw, market.stripe.signature(raw, "whsec_strangers"))
    await market.take_in(raw, market.stripe.signature(raw, OLD_SECRET))

    assert (await market.becomes(checkout, "paid")).orders


@pytest.mark.parametrize(("late_ms", "is_taken"), [(300_000, True), (301_000, False)])
async def test_an_old_signature_does_not_hold(
    market: StripeMarket, late_ms: int, is_taken: bool
) -> None:
    checkout = await paid_at_stripe(market)
    raw = succeeded(market, checkout)
    headers = market.stripe.signature(raw)
    market.clock.advance(late_ms)

    if is_taken:
        await market.take_in(raw, headers)
    else:
        with pytest.raises(Invalid, match="too old"):
            await market.take_in(raw, headers)

    assert await market.book.read(kept) == is_taken


async def test_a24_one_from_the_future_does_not_hold(market: StripeMarket) -> None:
    checkout = await paid_at_stripe(market)
    market.clock.advance(400_000)
    raw = succeeded(market, checkout)
    headers = market.stripe.signature(raw)
    market.clock.advance(-400_000)

    with pytest.raises(Invalid, match="too old"):
        await market.take_in(raw, headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"livemode": True},
        {"livemode": None},
        {"account": "acct_stranger"},
        {"data": {"object": {"object": "payment_intent", "metadata": {}}}},
        {"data": {"object": {"object": "payment_intent", "metadata": None}}},
        {"data": {"object": {"object": "payment_intent", "metadata": {"attempt": "a}b\n"}}}},
        {"data": {"object": {"object": "customer", "metadata": {"attempt": "pay_1"}}}},
        {"data": {}, "object": "v2.core.event"},
    ],
    ids=str,
)
async def test_what_is_none_of_our_payments_is_answered_and_ignored(
    market: StripeMarket, changes: dict[str, Any]
) -> None:
    checkout = await paid_at_stripe(market)

    await market.take_in(succeeded(market, checkout, **changes))

    assert await market.book.read(kept) == 0
    assert (await market.get(checkout)).state == "pay_pending"


async def test_a25_a_genuine_one_of_another_account_is_ignored_where_we_act_for_one(
    market: StripeMarket,
) -> None:
    market.stripe.account = "acct_1"
    await market.replace_node(market.stripe_client(account="acct_1"))
    market.provider = market.node.parts.provider
    checkout = await paid_at_stripe(market)

    await market.take_in(succeeded(market, checkout, account="acct_2"))
    assert await market.book.read(kept) == 0
    await market.take_in(succeeded(market, checkout))

    assert (await market.becomes(checkout, "paid")).orders


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'{"id": 7}', b'{"id": "x\\ny"}', b"{"])
async def test_a_signed_body_of_another_form_is_refused(market: StripeMarket, raw: bytes) -> None:
    with pytest.raises(Invalid, match="not of its form"):
        await market.take_in(raw)


async def test_a_webhook_that_lies_pays_nothing(market: StripeMarket) -> None:
    checkout = await market.pay(await market.buy(), THREE_DS)
    lie = {**market.intent(checkout), "status": "succeeded", "amount_received": 1999}
    asked = len(market.stripe.requests)

    await market.take_in(market.stripe.event("payment_intent.succeeded", lie))

    assert await market.webhooks() == 1
    assert len(market.stripe.requests) > asked
    assert (await market.get(checkout)).state == "pay_pending"


async def test_a25_another_intent_that_names_our_attempt_pays_nothing(
    market: StripeMarket,
) -> None:
    checkout = await market.pay(await market.buy(), THREE_DS)
    mine = market.intent(checkout)
    other = {**mine, "id": "pi_other", "status": "succeeded", "amount_received": 1999}
    market.stripe.intents["pi_other"] = other
    asked = len(market.stripe.requests)

    await market.take_in(market.stripe.event("payment_intent.succeeded", other))

    assert await market.webhooks() == 1
    assert len(market.stripe.requests) > asked
    assert (await market.get(checkout)).state == "pay_pending"
    assert [each.path for each in market.stripe.sent("pi_other")] == []


@pytest.mark.parametrize(
    "wrong", [{"amount": 100, "amount_received": 100}, {"currency": "eur"}], ids=str
)
async def test_a_webhook_of_another_sum_does_not_decide_what_was_paid(
    market: StripeMarket, wrong: dict[str, Any]
) -> None:
    checkout = await paid_at_stripe(market)
    told = {**market.intent(checkout), **wrong}

    await market.take_in(market.stripe.event("payment_intent.succeeded", told))

    # Stripe itself says 19.99 USD when asked, and that is what counts.
    paid = await market.becomes(checkout, "paid")
    assert (paid.total, paid.currency) == (1999, "USD")
    assert await market.off() == []


async def test_a_webhook_of_an_attempt_that_we_never_made_is_done_with(
    market: StripeMarket,
) -> None:
    stranger = {"object": "payment_intent", "metadata": {"attempt": "pay_nobody"}}

    await market.take_in(market.stripe.event("payment_intent.succeeded", stranger))

    assert await market.webhooks() == 1
    assert market.stripe.requests == []


async def test_raw_bytes_are_kept_as_they_came(market: StripeMarket) -> None:
    checkout = await paid_at_stripe(market)
    raw = succeeded(market, checkout)

    await market.take_in(raw)

    found = await market.book.read(first_raw)
    assert found == raw
    assert json.loads(found)["id"].startswith("evt_")


def first_raw(conn: Connection) -> bytes:
    return bytes(conn.execute(select(webhook_inbox.c.raw)).scalar_one())
