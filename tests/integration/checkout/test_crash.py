"""A process is killed between two steps; another one on the same stores carries on."""

from __future__ import annotations

import asyncio

import pytest

from store.redis import keys
from tests.integration.checkout.dying import (
    DyingBook,
    DyingHolds,
    DyingProvider,
    InterruptedBook,
    Killed,
    SilentBook,
)
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.selling import SHOP, seller

HOLD_MS = 420_000


async def dies(market: Market, *, before: str = "", after: str = "") -> None:
    """From now on the node is killed there."""
    book = DyingBook(market.book, before=before, after=after)
    market.node = await market.start_node(book=book)


async def test_killed_between_hold_and_claim_the_next_start_ends_the_orphan(
    market: Market,
) -> None:
    await market.buy(who="otto")
    await dies(market, before="enter")
    with pytest.raises(Killed):
        await market.buy()
    await market.replace_node()

    await market.node.sweeper.recover()
    assert await market.units() == (3, 2, 0)  # too young: its buyer may be about to claim it
    market.clock.advance(1_000)
    await market.node.sweeper.recover()

    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_a_started_sweeper_recovers_though_a_dead_one_has_the_lease(
    market: Market,
) -> None:
    await market.scripts.command("SET", keys.lease("sweeper"), "dead-node")
    await dies(market, before="enter")
    with pytest.raises(Killed):
        await market.buy()
    await market.replace_node()
    market.clock.advance(1_000)

    market.node.running.append(asyncio.create_task(market.node.sweeper.run()))

    for _ in range(100):
        if await market.units() == (5, 0, 0):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the orphan is still held")


async def test_a_sweeper_does_what_is_due_every_second(market: Market) -> None:
    checkout = await market.buy()
    market.node.running.append(asyncio.create_task(market.node.sweeper.run()))

    market.clock.advance(300_000)

    await market.becomes(checkout, "expired")


async def test_a_sweeper_that_cannot_recover_does_what_is_due_all_the_same(
    market: Market,
) -> None:
    checkout = await market.buy()
    await market.replace_node(book=SilentBook(market.book, "_pending"))
    market.node.running.append(asyncio.create_task(market.node.sweeper.run()))

    market.clock.advance(300_000)

    await market.becomes(checkout, "expired")


async def test_only_one_of_two_sweepers_leads(market: Market) -> None:
    await market.scripts.command("SET", keys.lease("sweeper"), "another-node")
    checkout = await market.buy()
    market.node.running.append(asyncio.create_task(market.node.sweeper.run()))

    market.clock.advance(300_000)
    await asyncio.sleep(0.2)

    assert (await market.get(checkout)).state == "reserved"


async def test_killed_between_hold_and_claim_the_same_key_takes_the_hold_over(
    market: Market,
) -> None:
    await dies(market, before="enter")
    with pytest.raises(Killed):
        await market.buy()
    await market.replace_node()
    market.clock.advance(200_000)

    checkout = await market.buy()

    assert checkout.state == "reserved"
    assert await market.units() == (4, 1, 0)
    # The old deadline would be sooner than the new one.
    market.clock.advance(250_000)
    await market.node.sweeper.sweep()
    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_an_open_checkout_keeps_a_hold_that_is_past_its_deadline(market: Market) -> None:
    """As when the book has kept it for longer while the gate was away."""
    checkout = await market.buy()
    past = market.clock.now_ms() - 1
    deadlines = keys.shard_deadlines(int(keys.shard(SHOP)))
    await market.scripts.command("ZADD", deadlines, past, f"{checkout.id}.{SHOP}")
    await market.scripts.command("HSET", keys.hold(SHOP, checkout.id), "dl", past)

    await market.node.sweeper.sweep()

    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_killed_between_hold_and_claim_the_cart_may_have_changed(market: Market) -> None:
    await market.node.parts.carts.set("vera", "mug-blue", 2)
    await dies(market, before="enter")
    with pytest.raises(Killed):
        await market.node.purchases.open(buyer(), "key-0001")
    await market.replace_node()
    await market.node.parts.carts.set("vera", "mug-blue", 3)

    checkout = await market.node.purchases.open(buyer(), "key-0001")

    assert checkout.lines[0].qty == 3
    assert await market.units() == (2, 3, 0)
    assert await market.off() == []


@pytest.mark.parametrize("waits_until", ["it is an orphan", "its deadline"])
async def test_killed_between_hold_and_claim_the_cart_may_be_of_another_shop_by_then(
    market: Market, waits_until: str
) -> None:
    await market.put("pot", 1, shop="bob")
    await market.node.parts.carts.set("vera", "pot", 1)
    await dies(market, before="enter")
    with pytest.raises(Killed):
        await market.node.purchases.open(buyer(), "key-0001")
    await market.replace_node()
    await market.node.parts.carts.set("vera", "pot", 0)
    await market.node.parts.carts.set("vera", "mug-blue", 1)
    checkout = await market.node.purchases.open(buyer(), "key-0001")
    assert (await market.pay(checkout)).state == "paid"

    if waits_until == "its deadline":
        market.clock.advance(HOLD_MS)
        await market.node.sweeper.sweep()
    else:
        market.clock.advance(1_000)
        await market.node.sweeper.recover()

    assert await market.units("pot", "bob") == (1, 0, 0)
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def test_a_hold_that_is_being_claimed_is_no_orphan(market: Market) -> None:
    other, seen = await market.start_node(), []

    async def sweep_as_every_minute() -> None:
        await other.sweeper._sweep_number(0)
        seen.append(await market.units())

    book = InterruptedBook(market.book, "enter", sweep_as_every_minute)
    market.node = await market.start_node(book=book)

    assert (await market.buy()).state == "reserved"

    assert seen == [(4, 1, 0)]
    assert await market.off() == []


async def test_killed_between_an_adjustment_and_the_gate_it_is_finished_by_the_sweeper(
    market: Market,
) -> None:
    await dies(market, after="begin_adjustment")
    with pytest.raises(Killed):
        await market.node.stock.adjust(seller(), "mug-blue", add=3, set_to=None, key="key-0001")
    await market.replace_node()
    assert await market.units() == (5, 0, 0)

    await market.node.sweeper.sweep()

    assert await market.units() == (8, 0, 0)
    assert await market.off() == []


async def test_killed_between_two_shops_the_first_hold_is_swept(market: Market) -> None:
    await market.put("pot", 1, shop="bob")
    for sku in ("mug-blue", "pot"):
        await market.node.parts.carts.set("vera", sku, 1)
    holds = DyingHolds(market.scripts, market.clock)
    market.node = await market.start_node(holds=holds)
    with pytest.raises(Killed):
        await market.node.purchases.open(buyer(), "key-0001")
    await market.replace_node()
    assert await market.units() == (4, 1, 0)

    market.clock.advance(HOLD_MS)
    await market.node.sweeper.sweep()

    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_killed_between_claim_and_reply_the_same_key_finds_it(market: Market) -> None:
    await dies(market, after="enter")
    with pytest.raises(Killed):
        await market.buy()
    await market.replace_node()

    checkout = await market.buy()

    assert (checkout.state, checkout.version) == ("reserved", 1)
    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_killed_before_the_provider_was_asked_it_is_reserved_again(market: Market) -> None:
    market.node = await market.start_node(market.client(kind=DyingProvider))
    checkout = await market.buy()
    with pytest.raises(Killed):
        await market.pay(checkout)
    await market.replace_node()
    await market.node.sweeper.recover()
    assert (await market.get(checkout)).state == "pay_pending"

    market.clock.advance(40_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "reserved"
    assert (await market.pay(checkout)).state == "paid"
    assert await market.off() == []


async def test_killed_between_the_charge_and_the_orders_reconcile_finishes(
    market: Market,
) -> None:
    await market.order_faults(webhooks="drop")
    await dies(market, before="record_paid")
    checkout = await market.buy()
    with pytest.raises(Killed):
        await market.pay(checkout)
    await market.replace_node()
    assert (await market.get(checkout)).state == "pay_pending"

    await market.node.sweeper.recover()

    paid = await market.get(checkout)
    assert (paid.state, len(paid.orders)) == ("paid", 1)
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def test_killed_between_the_orders_and_the_gate_the_outbox_replays(market: Market) -> None:
    await market.node.parts.carts.set("vera", "mug-blue", 2)
    await dies(market, after="record_paid")
    checkout = await market.node.purchases.open(buyer(), "key-0001", None, "demo")
    with pytest.raises(Killed):
        await market.node.purchases.pay(buyer(), checkout.id, card(), HOME)
    await market.replace_node()

    await market.node.outbox.flush(20.0)

    assert await market.units() == (3, 0, 2)
    assert (await market.node.parts.carts.get("vera")).lines == ()
    assert len(market.node.purchased) == 1
    assert await market.off() == []


async def test_killed_after_a_cancel_began_the_sweeper_finishes_it(market: Market) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await dies(market, after="start_cancel")
    with pytest.raises(Killed):
        await market.node.purchases.cancel(buyer(), checkout.id)
    await market.replace_node()

    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "cancelled"
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_a_sold_hold_whose_word_was_lost_is_settled_at_its_deadline(
    market: Market,
) -> None:
    checkout = await market.buy()
    market.node.outbox.handlers.pop("settle")
    await market.pay(checkout)
    market.clock.advance(HOLD_MS)

    await market.node.sweeper.sweep()

    assert await market.units() == (4, 0, 1)
