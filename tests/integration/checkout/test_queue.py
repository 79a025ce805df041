"""The queue to the provider: whose turn it is, what they see, and what is kept for them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from msgspec import UNSET

from base.errors import InProgress, Outage, PaymentDeclined
from cart.holds import LONGEST_MS
from checkout import queue
from checkout.purchase import Purchases
from checkout.queue import RENEW_MS, PaymentQueue
from store.redis import keys
from tests.integration.checkout.market import Market, buyer
from tests.integration.checkout.queueing import (
    NAMES,
    PAY_MS,
    SOON,
    ByHand,
    Listed,
    all_pay,
    finds_room,
    is_declined,
    opened,
    places_told,
    queued,
    record_of,
    waiting_at,
)
from tests.selling import SHOP
from tests.waiting import until, until_told


@pytest.fixture
def untended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the test tends."""
    monkeypatch.setattr(queue, "TICK_S", 3600.0)


async def test_the_oldest_hold_is_served_first_and_everybody_sees_their_place(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkouts = await opened(market)
    await all_pay(market, checkouts)

    shown = [await market.get(of, name) for of, name in zip(checkouts, NAMES, strict=True)]

    assert [one.place for one in shown] == [1, 2, 3]
    assert provider.asked == []
    pace.give()
    paid = await market.becomes(checkouts[0], "paid", NAMES[0])
    assert paid.place is UNSET
    left = [await market.get(of, name) for of, name in zip(checkouts, NAMES, strict=True)]
    assert [one.place for one in left] == [UNSET, 1, 2]
    pace.give(2)
    for name, checkout in zip(NAMES, checkouts, strict=True):
        await market.becomes(checkout, "paid", name)
    assert provider.made == [checkout.id for checkout in checkouts]
    assert await market.off() == []


async def test_the_answer_to_pay_has_the_place(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    # Time enough on a busy machine too: what is asked for is the answer itself.
    await market.replace_node(provider, pace=pace, terms=replace(SOON, answer_ms=2_000))
    checkout = await market.buy()

    shown = await market.pay(checkout)

    assert (shown.state, shown.place) == ("pay_pending", 1)
    with pytest.raises(InProgress):
        await market.pay(checkout)


@pytest.mark.usefixtures("untended")
async def test_buyers_are_told_of_a_new_place_only_and_not_too_often(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkouts = await opened(market)
    await all_pay(market, checkouts)
    line = waiting_at(market)
    last = NAMES[2]
    await line.tend()
    assert places_told(market, last)[-1] == 3
    market.node.told.told.clear()

    await line.tend()
    assert places_told(market, last) == []
    pace.give()
    await market.becomes(checkouts[0], "paid", NAMES[0])
    await line.tend()
    assert places_told(market, last) == []
    for _ in range(3):
        market.clock.advance(queue.TELL_MS)
        await line.tend()

    assert places_told(market, last) == [2]


async def test_waiting_does_not_count_against_the_time_to_pay(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    market.clock.advance(100_000)
    await queued(market.node, checkout)
    line = waiting_at(market)

    for _ in range(40):
        market.clock.advance(10_000)
        await line.tend()
        await market.node.sweeper.sweep()

    record = await record_of(market, checkout)
    now = market.clock.now_ms()
    # What was left on arrival, and what the renewal gives ahead.
    assert PAY_MS - 100_000 <= record.pay_by - now <= PAY_MS - 100_000 + 2 * RENEW_MS
    assert record.hold_until - record.pay_by == SOON.grace_ms
    assert now < (record.next_at or 0) <= record.pay_by
    deadline = await market.scripts.command("HGET", keys.hold(SHOP, checkout.id), "dl")
    assert int(deadline) == record.hold_until
    shown = await market.get(checkout)
    assert (shown.state, shown.place, shown.pay_by) == ("pay_pending", 1, record.pay_by)
    assert provider.asked == []
    pace.give()
    await market.becomes(checkout, "paid")
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def test_who_comes_in_the_last_second_is_kept_at_once(
    market: Market, provider: Listed
) -> None:
    checkout = await market.buy()
    market.clock.advance(PAY_MS - 500)
    kept_until = market.clock.now_ms() + 500 + 2 * RENEW_MS

    await queued(market.node, checkout)

    async def is_kept() -> bool:
        return (await record_of(market, checkout)).pay_by == kept_until

    await until_told(is_kept)


async def test_nobody_is_kept_for_longer_than_a_day(market: Market, provider: Listed) -> None:
    checkout = await market.buy()
    opened_at = market.clock.now_ms()
    await queued(market.node, checkout)
    line = waiting_at(market)

    market.clock.advance(LONGEST_MS - SOON.hold_ms - 1)
    await line.tend()
    market.clock.advance(RENEW_MS)
    await line.tend()

    record = await record_of(market, checkout)
    assert record.hold_until == opened_at + LONGEST_MS
    deadline = await market.scripts.command("HGET", keys.hold(SHOP, checkout.id), "dl")
    assert int(deadline) == record.hold_until
    market.clock.advance(record.pay_by - market.clock.now_ms())
    await market.node.sweeper.sweep()
    assert (await market.get(checkout)).state == "expired"
    assert len(line) == 0
    assert provider.asked == []
    assert await market.units() == (5, 0, 0)


async def test_who_cancels_leaves_and_the_provider_never_hears_of_it(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkouts = await opened(market)
    await all_pay(market, checkouts)

    ended = await market.node.purchases.cancel(buyer(NAMES[0]), checkouts[0].id)

    assert (ended.state, ended.place) == ("cancelled", UNSET)
    assert (await market.get(checkouts[1], NAMES[1])).place == 1
    pace.give()
    await market.becomes(checkouts[1], "paid", NAMES[1])
    assert provider.made == [checkouts[1].id]
    assert "cancel" not in {what for what, _ in provider.asked}
    assert await market.units() == (3, 1, 1)
    assert await market.off() == []


async def test_what_another_process_cancelled_is_passed_over_in_the_same_turn(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkouts = await opened(market)
    await all_pay(market, checkouts)
    other = await market.start_node(provider, terms=SOON)

    ended = await other.purchases.cancel(buyer(NAMES[0]), checkouts[0].id)

    assert ended.state == "cancelled"
    assert len(waiting_at(market)) == 3
    pace.give()
    await market.becomes(checkouts[1], "paid", NAMES[1])
    assert provider.made == [checkouts[1].id]
    assert "cancel" not in {what for what, _ in provider.asked}


async def test_a_renewal_finds_out_who_was_cancelled_elsewhere(
    market: Market, provider: Listed
) -> None:
    checkout = await market.buy()
    await queued(market.node, checkout)
    other = await market.start_node(provider, terms=SOON)
    await other.purchases.cancel(buyer(), checkout.id)

    market.clock.advance(RENEW_MS)
    await waiting_at(market).tend()

    assert len(waiting_at(market)) == 0


async def test_the_sweeper_of_another_process_leaves_those_alone_who_wait(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    await queued(market.node, checkout)
    other = await market.start_node(provider, terms=SOON)

    await other.sweeper.recover()
    await other.sweeper.sweep()

    assert (await market.get(checkout)).place == 1
    assert provider.asked == []
    pace.give()
    await market.becomes(checkout, "paid")


async def test_after_a_crash_the_buyer_may_pay_again(market: Market, provider: Listed) -> None:
    checkout = await market.buy()
    await queued(market.node, checkout)

    await market.replace_node(provider, terms=SOON)
    await market.node.sweeper.recover()
    assert (await market.get(checkout)).state == "pay_pending"
    market.clock.advance(41_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "reserved"
    assert provider.asked == []
    assert (await record_of(market, checkout)).paying.tries == 0
    await market.pay(checkout)
    await market.becomes(checkout, "paid")
    assert await market.off() == []


@pytest.mark.usefixtures("untended")
async def test_what_the_sweeper_took_for_dead_is_not_sent_after_all(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    await queued(market.node, checkout)
    other = await market.start_node(provider, terms=SOON)
    market.clock.advance(41_000)
    await other.sweeper.sweep()
    assert (await market.get(checkout)).state == "reserved"

    pace.give()
    await until(lambda: len(waiting_at(market)) == 0)

    assert provider.asked == []
    assert (await market.get(checkout)).state == "reserved"


@pytest.mark.usefixtures("untended")
async def test_the_try_of_before_is_not_sent_in_place_of_the_one_of_now(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    await queued(market.node, checkout)
    later = ByHand()
    other = await market.start_node(provider, pace=later, terms=SOON)
    market.clock.advance(41_000)
    await other.sweeper.sweep()
    again = await queued(other, checkout, token="tok_3ds")
    assert again.place == 1

    pace.give()
    await until(lambda: len(waiting_at(market)) == 0)

    assert provider.asked == []
    later.give()
    await until(lambda: bool(provider.made))
    assert len(other.purchases.queue) == 0
    await other.stop(0)


async def test_a_full_queue_changes_nothing(market: Market, provider: Listed) -> None:
    checkouts = await opened(market)
    purchases = market.node.purchases
    tiny = PaymentQueue(market.node.parts, most=2)
    purchases.queue = purchases._paying._queue = purchases.ending._queue = tiny
    await queued(market.node, checkouts[1], NAMES[1])
    await queued(market.node, checkouts[2], NAMES[2])

    with pytest.raises(Outage) as refused:
        await market.pay(checkouts[0], who=NAMES[0])

    assert refused.value.data == {"retry_after_ms": queue.FULL_MS}
    assert await market.get(checkouts[0], NAMES[0]) == checkouts[0]
    await purchases.cancel(buyer(NAMES[1]), checkouts[1].id)
    await until_told(lambda: finds_room(market, checkouts[0], NAMES[0]))


async def test_no_more_than_allowed_are_at_the_provider_at_once(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkouts = await opened(market)
    purchases: Purchases = market.node.purchases
    narrow = PaymentQueue(market.node.parts, in_flight=1)
    purchases.queue = purchases._paying._queue = purchases.ending._queue = narrow
    pace.give(3)
    provider.may_confirm.clear()

    await market.pay(checkouts[0], who=NAMES[0])
    await until(lambda: provider.made == [checkouts[0].id])
    await queued(market.node, checkouts[1], NAMES[1])

    assert provider.made == [checkouts[0].id]
    provider.may_confirm.set()
    await market.becomes(checkouts[1], "paid", NAMES[1])


async def test_a_payment_that_was_turned_away_goes_again_in_the_next_turn(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    provider.turns_away = 2
    pace.give(2)

    await market.pay(checkout)
    await until(lambda: pace.slowed == 2)
    await until(lambda: len(waiting_at(market)) == 1)

    assert (await market.get(checkout)).state == "pay_pending"
    pace.give()
    await market.becomes(checkout, "paid")
    assert [what for what, _ in provider.asked if what == "take"] == ["take"] * 3
    assert (await record_of(market, checkout)).paying.tries == 1
    assert await market.off() == []


async def test_a_second_try_waits_as_the_first_did(
    market: Market, pace: ByHand, provider: Listed
) -> None:
    checkout = await market.buy()
    pace.give()
    # Declined or not yet answered: that is the same here.
    with suppress(PaymentDeclined):
        await market.pay(checkout, token="tok_declined")

    await until_told(lambda: is_declined(market, checkout))
    shown = await queued(market.node, checkout)

    assert (shown.state, shown.place) == ("pay_pending", 1)
    ended = await market.node.purchases.cancel(buyer(), checkout.id)
    assert ended.state == "cancelled"
    # The first try has made a payment there, so it is closed there too.
    assert [what for what, _ in provider.asked].count("cancel") == 1
    assert len(waiting_at(market)) == 0


async def test_without_a_pace_nobody_waits(market: Market, provider: Listed) -> None:
    await market.replace_node(provider, terms=replace(SOON, answer_ms=9_000))
    checkout = await market.buy()

    paid = await market.pay(checkout)

    assert (paid.state, paid.version) == ("paid", 3)
