"""Somebody else acts between two of our steps, or a store has lost what it knew."""

from __future__ import annotations

import asyncio
import logging

import pytest

from base.errors import PaymentDeclined, SoldOut
from cart.holds import Wanted
from checkout import attempts, rows
from checkout.checkout import Failure
from checkout.race import Raced
from checkout.record import Record
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.rows import Connection
from tests.integration.checkout.dying import ForgetfulProvider, InterruptedBook
from tests.integration.checkout.market import Market, buyer
from tests.selling import SHOP

FIVE = Wanted(sku="mug-blue", qty=5, pv=1)
FAILURE = Failure(code="payment_declined", message="No.")


def attempt_of(ident: str) -> str:
    return attempts.attempt_id(ident)


async def give_gate_units(market: Market, units: int) -> None:
    """The gate believes in more than there are, as after a failover that lost writes."""
    for field in ("avail", "total"):
        await market.scripts.command("HINCRBY", keys.stock(SHOP, "mug-blue"), field, units)


async def test_the_book_refuses_what_a_forgetful_gate_has_granted(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    await give_gate_units(market, 10)

    with caplog.at_level(logging.ERROR), pytest.raises(SoldOut):
        await market.buy(qty=6)

    assert await market.units() == (15, 0, 0)
    assert "drift" in caplog.text
    assert (await market.buy(qty=5)).state == "reserved"


async def test_a_hold_that_somebody_ended_before_the_claim_ends_the_checkout(
    market: Market,
) -> None:
    other = await market.start_node()

    async def take_it_away() -> None:
        due = await other.parts.holds.due(market.clock.now_ms() + 999_999, 10)
        for shop, checkout in due:
            await other.parts.holds.settle(checkout, shop, "forgotten")
        await other.parts.holds.hold(
            "co_thief", SHOP, [FIVE], fingerprint="f", deadline_ms=market.clock.now_ms()
        )

    book = InterruptedBook(market.book, "enter", take_it_away)
    market.node = await market.start_node(book=book)

    checkout = await market.buy(qty=5)

    assert checkout.state == "cancelled"
    await other.parts.holds.settle("co_thief", SHOP, "forgotten")
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_a_lost_hold_that_can_be_held_again_is(market: Market) -> None:
    other = await market.start_node()

    async def take_it_away() -> None:
        ((shop, checkout),) = await other.parts.holds.due(market.clock.now_ms() + 999_999, 10)
        await other.parts.holds.settle(checkout, shop, "forgotten")

    book = InterruptedBook(market.book, "enter", take_it_away)
    market.node = await market.start_node(book=book)

    checkout = await market.buy()

    assert checkout.state == "reserved"
    assert await market.off() == []


async def test_the_echo_of_an_earlier_decline_does_not_end_a_later_try(market: Market) -> None:
    checkout = await market.buy()
    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "tok_declined")
    seen = (await market.get(checkout)).version
    pending = await market.pay(checkout, "tok_3ds")

    now = market.clock.now_ms()
    attempt = attempt_of(checkout.id)
    declined = await market.book.write(attempts.note_declined, attempt, seen + 1, FAILURE, now)
    unsent = await market.book.write(attempts.note_unsent, attempt, seen + 1)
    acted = await market.book.write(attempts.note_action, attempt, seen, None, now)

    assert [change.changed for change in (declined, unsent, acted)] == [False] * 3
    assert await market.get(checkout) == pending


async def test_an_answer_after_the_try_was_given_up_still_pays(market: Market) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    attempt = attempt_of(checkout.id)
    await market.book.write(attempts.note_unsent, attempt, checkout.version)
    assert (await market.get(checkout)).state == "reserved"

    await market.press(checkout, 0)

    await market.becomes(checkout, "paid")
    assert await market.off() == []


async def test_a_change_of_what_has_changed_meanwhile_is_raced(market: Market) -> None:
    checkout = await market.buy()
    seen = await market.book.read(rows.by_id, checkout.id)
    assert seen is not None
    await market.book.write(touch_action, seen)

    with pytest.raises(Raced):
        await market.book.write(touch_action, seen)

    assert (await market.get(checkout)).version == 2


async def test_four_callers_of_reconcile_make_one_order(market: Market) -> None:
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)
    other = await market.start_node()
    nodes = [market.node, other, market.node, other]

    records = await asyncio.gather(
        *(node.purchases.reconciler.reconcile(attempt_of(checkout.id)) for node in nodes)
    )

    assert {record.state for record in records} == {"paid"}
    assert len({record.orders for record in records}) == 1
    assert len((await market.node.orders.list(buyer(), None, 10))[0]) == 1
    assert await market.off() == []


async def test_late_money_is_refunded_when_only_the_gate_believes_in_the_stock(
    market: Market,
) -> None:
    market.node = await market.start_node(market.client(kind=ForgetfulProvider))
    checkout = await market.pay(await market.buy(qty=5), "tok_3ds")
    await market.node.purchases.cancel(buyer(), checkout.id)
    await market.buy(who="otto")
    await give_gate_units(market, 1)

    await market.press(checkout, 0)
    await market.becomes(checkout, "refunded")

    assert await market.units() == (5, 1, 0)


async def test_a_gate_that_is_rebuilt_between_the_sale_and_its_settling_still_agrees(
    market: Market,
) -> None:
    market.node.outbox.handlers.pop("settle")
    await market.pay(await market.buy())
    await market.buy(key="key-0002", qty=2)
    await market.scripts.command("FLUSHALL")

    await rebuild(market.book, market.scripts, calm_s=0.0)
    await market.replace_node()

    assert await market.units() == (2, 2, 1)
    assert await market.off() == []


def touch_action(conn: Connection, seen: Record) -> Record:
    return rows.touch(conn, seen, action=None)
