"""Ends without an order: cancelled, expired, and money that comes afterwards."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from base.errors import Conflict, Expired, Outage, PaymentDeclined
from checkout import sweeper
from checkout.attempts import attempt_id
from checkout.parts import Terms
from tests.integration.checkout.dying import (
    BusyProvider,
    ForgetfulProvider,
    MiserlyProvider,
)
from tests.integration.checkout.market import Market, buyer
from tests.waiting import until_told


async def cancel(market: Market, ident: str) -> str:
    return (await market.node.purchases.cancel(buyer(), ident)).state


async def test_cancelling_gives_the_stock_back(market: Market) -> None:
    checkout = await market.buy(qty=2)

    cancelled = await market.node.purchases.cancel(buyer(), checkout.id)

    assert (cancelled.state, cancelled.version) == ("cancelled", 2)
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []
    with pytest.raises(Conflict):
        await market.pay(checkout)


async def test_cancelling_what_is_paid_or_has_ended_gives_its_state(market: Market) -> None:
    paid = await market.pay(await market.buy())
    ended = await market.buy(key="key-0002")
    await cancel(market, ended.id)

    assert await market.node.purchases.cancel(buyer(), paid.id) == paid
    assert await cancel(market, ended.id) == "cancelled"


async def test_cancelling_while_the_buyer_should_confirm_cancels(market: Market) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")

    assert await cancel(market, checkout.id) == "cancelled"

    assert not (await market.get(checkout)).action
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_cancelling_while_the_provider_works_asks_the_provider(market: Market) -> None:
    checkout = await market.buy()
    paying = asyncio.create_task(market.pay(checkout, "tok_slow"))
    await market.becomes(checkout, "pay_pending")
    await asyncio.sleep(0.1)

    assert await cancel(market, checkout.id) == "cancelled"

    assert (await paying).state == "cancelled"
    assert await market.charges() == []
    assert await market.units() == (5, 0, 0)


async def test_while_the_provider_is_away_a_cancelled_payment_keeps_its_stock(
    market: Market,
) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    market.node = await market.start_node(market.client(market.socket + ".gone"))

    assert await cancel(market, checkout.id) == "pay_pending"
    assert await market.units() == (4, 1, 0)

    market.node = await market.start_node()
    market.clock.advance(5_000)
    await market.node.sweeper.sweep()
    assert (await market.get(checkout)).state == "cancelled"
    assert await market.units() == (5, 0, 0)


async def test_what_is_not_paid_in_time_expires(market: Market) -> None:
    checkout = await market.buy()

    market.clock.advance(299_999)
    await market.node.sweeper.sweep()
    assert (await market.get(checkout)).state == "reserved"
    market.clock.advance(1)
    await market.node.sweeper.sweep()

    expired = await market.get(checkout)
    assert (expired.state, expired.failure and expired.failure.code) == ("expired", "expired")
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []
    with pytest.raises(Expired):
        await market.pay(checkout)


@pytest.mark.parametrize("token", ["tok_3ds", "tok_webhook_only"])
async def test_expiry_cancels_at_the_provider_first(market: Market, token: str) -> None:
    market.sandbox._bank._webhook_only_s = 3600
    market.node = await market.start_node(terms=Terms(answer_ms=50))
    checkout = await market.buy()
    attempt = attempt_id(checkout.id)
    await market.pay(checkout, token)

    async def is_pending() -> bool:
        payment = await market.provider.fetch(attempt)
        return payment is not None and payment.status in {"processing", "requires_action"}

    await until_told(is_pending)

    market.clock.advance(300_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "expired"
    payment = await market.provider.fetch(attempt)
    assert payment is not None
    assert payment.status == "canceled"
    assert await market.off() == []


@pytest.mark.parametrize("provider", ["away", "busy"])
@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_the_provider_does_not_settle_keeps_nobody_elses_stock(
    market: Market, provider: str, cancelled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "PAGE", 1)
    left = await market.buy(who="otto")
    market.clock.advance(200_000)
    waits = await market.pay(await market.buy(), "tok_3ds")
    gone = market.client(market.socket + ".gone")
    asked = gone if provider == "away" else market.client(kind=BusyProvider)
    await market.replace_node(asked, terms=Terms(answer_ms=50))
    if cancelled:
        await cancel(market, waits.id)
    market.clock.advance(100_000)

    for _ in range(2):
        await market.node.sweeper.sweep()

    assert (await market.get(left, "otto")).state == "expired"
    assert (await market.get(waits)).state == "pay_pending"
    assert await market.units() == (4, 1, 0)
    await market.replace_node(market.provider)
    market.clock.advance(200_000)
    await market.node.sweeper.sweep()
    assert (await market.get(waits)).state == ("cancelled" if cancelled else "expired")


async def test_money_that_cannot_be_given_back_keeps_nobody_elses_stock(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "PAGE", 1)
    ident = await late(market)
    await market.pay(await market.buy(who="otto"), who="otto")
    await market.order_faults(webhooks="drop")
    await _confirm(market, ident)
    await market.replace_node(market.client(kind=MiserlyProvider))
    with pytest.raises(Outage):
        await market.node.purchases.reconciler.reconcile(attempt_id(ident))
    left = await market.buy(who="anna")
    market.clock.advance(300_000)

    for _ in range(2):
        await market.node.sweeper.sweep()

    assert (await market.get(left, "anna")).state == "expired"
    await market.replace_node(market.provider)
    market.clock.advance(5_000)
    await market.node.sweeper.sweep()
    assert (await market.node.purchases.get(buyer(), ident)).state == "refunded"


async def test_expiry_that_finds_the_money_taken_ends_as_paid(market: Market) -> None:
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)

    market.clock.advance(300_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "paid"
    assert await market.off() == []


async def late(market: Market) -> str:
    """A cancelled checkout whose provider takes the money all the same."""
    market.node = await market.start_node(market.client(kind=ForgetfulProvider))
    checkout = await market.pay(await market.buy(qty=5), "tok_3ds")
    assert await cancel(market, checkout.id) == "cancelled"
    return checkout.id


async def test_late_money_that_is_told_again_changes_nothing(market: Market) -> None:
    ident = await late(market)
    await market.pay(await market.buy(who="otto"), who="otto")
    await _confirm(market, ident)
    checkout = await market.node.purchases.get(buyer(), ident)
    refunded = await market.becomes(checkout, "refunded")

    attempt = attempt_id(ident)
    await asyncio.gather(*(market.node.purchases.reconciler.reconcile(attempt) for _ in range(4)))

    assert await market.get(checkout) == refunded
    assert await market.off() == []


async def _confirm(market: Market, ident: str) -> None:
    """The buyer confirms at the provider, whose page is still open."""
    payment = await market.provider.fetch(attempt_id(ident))
    assert payment is not None
    checkout = await market.node.purchases.get(buyer(), ident)
    assert payment.action is not None
    await market.press(structs.replace(checkout, action=payment.action), 0)


async def test_a_payment_that_its_provider_cancelled_leaves_the_checkout_to_its_buyer(
    market: Market,
) -> None:
    checkout = await market.buy()
    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "tok_declined")
    attempt = attempt_id(checkout.id)

    await market.provider.cancel(attempt)
    await market.node.purchases.reconciler.reconcile(attempt)

    assert (await market.get(checkout)).state == "reserved"
    assert (await market.pay(checkout)).state == "failed"
    assert await market.units() == (5, 0, 0)
