"""Each way in which a payment can end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from base.errors import (
    Conflict,
    Expired,
    InProgress,
    Invalid,
    NotFound,
    Outage,
    PaymentDeclined,
)
from checkout.attempts import attempt_id
from checkout.parts import Terms
from tests.integration.checkout.market import HOME, Market, buyer, card

if TYPE_CHECKING:
    from checkout.checkout import Checkout


async def test_a_paid_checkout_has_its_order_and_its_stock_is_sold(market: Market) -> None:
    checkout = await market.buy(qty=2)

    paid = await market.pay(checkout)

    assert (paid.state, paid.total) == ("paid", 3998)
    orders, more = await market.node.orders.list(buyer(), None, 10)
    assert more is None
    assert [(order.id, order.number, order.state) for order in orders] == [
        (paid.orders[0], "000001", "awaiting_shipment")
    ]
    assert orders[0].ship_to == HOME
    assert orders[0].lines == checkout.lines
    assert await market.units() == (3, 0, 2)
    assert await market.charges() == [(checkout.id, 3998, 0)]
    assert await market.off() == []


async def test_the_buyer_is_told_each_step_and_the_version_rises(market: Market) -> None:
    checkout = await market.buy()

    await market.pay(checkout)

    told = [(name, thing) for _, name, thing in market.node.told.told]
    steps = [thing for name, thing in told if name == "checkout"]
    assert [(step.version, step.state) for step in steps] == [  # type: ignore[attr-defined]
        (1, "reserved"),
        (2, "pay_pending"),
        (3, "paid"),
    ]
    assert [name for name, _ in told].count("order") == 1


async def test_a39_a_purchase_is_told_to_the_show_under_a_masked_name(market: Market) -> None:
    checkout = await market.buy(qty=2)

    await market.pay(checkout)

    assert market.node.purchased == [
        {
            "show": "demo",
            "event": f"purchase-{checkout.id}",
            "name": "V***",
            "items": [{"product": "mug-blue", "units": 2}],
            "orders": 1,
            "units": 2,
            "revenue": 3998,
            "currency": "USD",
        }
    ]


async def test_paying_needs_an_address_once(market: Market) -> None:
    checkout = await market.buy()
    purchases = market.node.purchases

    with pytest.raises(Invalid):
        await purchases.pay(buyer(), checkout.id, card("tok_declined"), None)
    assert await market.get(checkout) == checkout
    with pytest.raises(PaymentDeclined):
        await purchases.pay(buyer(), checkout.id, card("tok_declined"), HOME)
    paid = await purchases.pay(buyer(), checkout.id, card(), None)

    assert paid.state == "paid"


@pytest.mark.parametrize("token", ["tok_declined", "tok_insufficient_funds"])
async def test_after_a_decline_it_is_reserved_again(market: Market, token: str) -> None:
    checkout = await market.buy()

    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, token)

    now = await market.get(checkout)
    assert now.state == "reserved"
    assert now.failure
    assert now.failure.code == "payment_declined"
    assert await market.units() == (4, 1, 0)
    paid = await market.pay(checkout)
    assert paid.state == "paid"
    assert not paid.failure


async def test_a22_the_fifth_decline_ends_it_and_gives_the_stock_back(market: Market) -> None:
    checkout = await market.buy()

    words = []
    for _ in range(5):
        with pytest.raises(PaymentDeclined) as declined:
            await market.pay(checkout, "tok_declined")
        words.append(declined.value.message)

    # Who has no try left is not told to try another card.
    assert [text.endswith("Try another one.") for text in words] == [True] * 4 + [False]
    assert words[-1].endswith("Start a new one.")
    failed = await market.get(checkout)
    assert failed.state == "failed"
    assert await market.units() == (5, 0, 0)
    with pytest.raises(Conflict):
        await market.pay(checkout)
    await market.node.sweeper.sweep()
    # Nothing can be charged for it any more, not even by a confirm that was under way.
    payment = await market.provider.fetch(attempt_id(checkout.id))
    assert payment is not None
    assert payment.status == "canceled"
    assert await market.off() == []


async def test_a_provider_that_is_down_charges_nothing_and_costs_no_try(market: Market) -> None:
    checkout = await market.buy()

    for _ in range(6):
        with pytest.raises(Outage):
            await market.pay(checkout, "tok_unavailable")

    assert (await market.get(checkout)).state == "reserved"
    assert await market.charges() == []
    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "tok_declined")
    assert (await market.pay(checkout)).state == "paid"


async def test_a_provider_that_cannot_be_reached_charges_nothing(market: Market) -> None:
    nobody = market.client(market.socket + ".gone")
    market.node = await market.start_node(nobody)
    checkout = await market.buy()

    with pytest.raises(Outage):
        await market.pay(checkout)

    assert (await market.get(checkout)).state == "reserved"


async def test_an_unknown_token_is_invalid_and_changes_nothing(market: Market) -> None:
    checkout = await market.buy()

    with pytest.raises(Invalid):
        await market.pay(checkout, "tok_gold")

    assert await market.get(checkout) == checkout


async def test_paying_what_is_pending_is_in_progress(market: Market) -> None:
    checkout = await market.buy()
    pending = await market.pay(checkout, "tok_3ds")

    with pytest.raises(InProgress) as refused:
        await market.pay(checkout)

    assert pending.state == "pay_pending"
    assert refused.value.data == {"checkout": checkout.id}
    assert refused.value.message.startswith("This purchase is being paid already.")


async def test_paying_what_is_paid_gives_its_state(market: Market) -> None:
    paid = await market.pay(await market.buy())

    assert await market.pay(paid, "tok_declined") == paid
    assert len(await market.charges()) == 1


async def test_paying_somebody_elses_checkout_finds_nothing(market: Market) -> None:
    checkout = await market.buy()

    with pytest.raises(NotFound):
        await market.pay(checkout, who="mallory")


async def test_a36_paying_after_the_time_is_expired_by_our_clock(market: Market) -> None:
    checkout = await market.buy()
    market.clock.advance(300_000)

    with pytest.raises(Expired):
        await market.pay(checkout)

    assert (await market.get(checkout)).state == "expired"
    assert await market.units() == (5, 0, 0)
    with pytest.raises(Expired):
        await market.pay(checkout)


async def test_a_slow_payment_is_answered_in_time_and_paid_later(market: Market) -> None:
    market.node = await market.start_node(terms=Terms(answer_ms=1_000))
    checkout = await market.buy()

    answer = await market.pay(checkout, "tok_slow")

    assert answer.state == "pay_pending"
    assert (await market.becomes(checkout, "paid")).orders
    assert await market.off() == []


async def test_a_payment_goes_on_when_the_buyer_hangs_up(market: Market) -> None:
    checkout = await market.buy()
    paying = asyncio.create_task(market.pay(checkout, "tok_slow"))
    await market.becomes(checkout, "pay_pending")

    paying.cancel()

    assert (await market.becomes(checkout, "paid")).orders
    assert await market.off() == []


@pytest.mark.parametrize("token", ["tok_ok", "tok_timeout", "tok_webhook_only", "tok_slow"])
async def test_hanging_up_at_once_changes_nothing_about_the_outcome(
    market: Market, token: str
) -> None:
    checkout = await market.buy()
    paying = asyncio.create_task(market.pay(checkout, token))
    await asyncio.sleep(0)

    paying.cancel()

    await market.becomes(checkout, "paid")
    assert len(await market.charges()) == 1


async def test_a_lost_answer_is_found_out(market: Market) -> None:
    checkout = await market.buy()

    paid = await market.pay(checkout, "tok_timeout")

    assert paid.state == "paid"
    assert await market.charges() == [(checkout.id, 1999, 0)]


async def test_an_error_after_the_charge_is_found_out(market: Market) -> None:
    checkout = await market.buy()
    await market.order_faults(next_confirm="500_then_success", webhooks="drop")

    paid = await market.pay(checkout)

    assert paid.state == "paid"


async def test_only_a_webhook_tells_and_the_answer_waits_for_it(market: Market) -> None:
    checkout = await market.buy()

    paid = await market.pay(checkout, "tok_webhook_only")

    assert paid.state == "paid"


async def confirmed(market: Market, button: int) -> Checkout:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    assert checkout.action
    assert checkout.action.url.startswith("/sandbox/")
    await market.press(checkout, button)
    return checkout


async def test_a_confirmed_payment_becomes_paid(market: Market) -> None:
    checkout = await confirmed(market, 0)

    paid = await market.becomes(checkout, "paid")

    assert not paid.action


async def test_a_refused_payment_is_reserved_again_with_the_reason(market: Market) -> None:
    checkout = await confirmed(market, 1)

    now = await market.becomes(checkout, "reserved")

    assert not now.action
    assert now.failure
    assert now.failure.code == "payment_declined"
    assert (await market.pay(checkout)).state == "paid"


async def test_a_free_purchase_asks_nobody_for_money(market: Market) -> None:
    await market.put("sticker", 3, price=0)
    checkout = await market.buy("sticker")

    paid = await market.pay(checkout)

    assert (paid.state, paid.total, len(paid.orders)) == ("paid", 0, 1)
    assert await market.charges() == []
    assert await market.off() == []


async def test_a_buyer_sees_only_their_own_orders(market: Market) -> None:
    paid = await market.pay(await market.buy())
    mallory = replace(buyer(), id="mallory")

    assert await market.node.orders.list(mallory, None, 10) == ([], None)
    with pytest.raises(NotFound):
        await market.node.orders.get(mallory, paid.orders[0])
