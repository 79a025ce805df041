"""Refunds carried out whatever fails in between, and the units that come back with them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from base.errors import Conflict, Outage
from checkout import refunds as refund_rows
from checkout.attempts import attempt_id
from checkout.checkout import Failure
from checkout.order_terms import OrderTerms
from checkout.payments.provider import Declined, Lost, NotSent
from checkout.payments.sandbox import SandboxProvider
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.outbox import Handler
from store.sql.rows import Connection, insert, select
from store.sql.tables import refunds
from tests.integration.checkout.after import (
    PRICE,
    balances,
    bought,
    checkout_of,
    given_back,
    order_of,
    refund,
    ship,
    some,
)
from tests.integration.checkout.dying import DyingBook, Killed
from tests.integration.checkout.market import Market


class UnwellProvider(SandboxProvider):
    """A provider that is down, or whose answers to refunds are lost, until it is well."""

    ill: Any = None
    loses = False

    async def refund(self, attempt: str, amount: int, key: str) -> None:
        if self.ill is not None:
            raise self.ill
        await super().refund(attempt, amount, key)
        if self.loses:
            raise Lost


async def unwell(market: Market, *, ill: Any = None, loses: bool = False) -> UnwellProvider:
    provider = market.client(kind=UnwellProvider)
    assert isinstance(provider, UnwellProvider)
    provider.ill, provider.loses = ill, loses
    market.node = await market.start_node(provider)
    return provider


def unmarked(handler: Handler) -> Handler:
    """Delivers, and says that it did not."""

    async def deliver(row: int, payload: dict[str, Any]) -> None:
        await handler(row, payload)
        raise Outage

    return deliver


def refund_often(conn: Connection, order: str) -> None:
    """A hundred refunds that failed."""
    common = {"order": order, "body": "", "state": "failed", "amount": 1, "restock": False}
    rows = [{"id": f"rf_{n}", "key": f"k-{n}", "created_at": 1, **common} for n in range(100)]
    conn.execute(insert(refunds), rows)


def states(conn: Connection) -> list[str]:
    return sorted(conn.execute(select(refunds.c.state)).scalars())


@pytest.mark.parametrize("ill", [NotSent(), Lost()])
async def test_while_the_provider_is_down_it_stays_pending_and_the_sweeper_repeats_it(
    market: Market, ill: Exception
) -> None:
    order = await bought(market)
    provider = await unwell(market, ill=ill)

    made = await refund(market, order)
    assert (made.state, (await order_of(market, order.id)).refunded_total) == ("pending", 0)
    assert await market.off() == []

    provider.ill = None
    await market.node.sweeper.sweep()
    assert await given_back(market) == 0, "it is not due yet"
    market.clock.advance(30_000)
    await market.node.sweeper.sweep()

    assert (await refund(market, order)).state == "succeeded"
    assert await given_back(market) == 3 * PRICE
    assert await market.off() == []


async def test_a_broken_refund_is_no_longer_in_front_of_the_others(market: Market) -> None:
    order = await bought(market)
    provider = await unwell(market, ill=NotSent())
    made = await refund(market, order)
    provider.ill = RuntimeError("nobody thought of this")
    market.clock.advance(30_000)
    now = market.clock.now_ms()
    assert len(await market.book.read(refund_rows.due, now, 10)) == 1

    await market.node.sweeper.sweep()

    assert await market.book.read(refund_rows.due, now, 10) == []
    provider.ill = None
    market.clock.advance(30_000)
    await market.node.sweeper.sweep()
    assert (await refund(market, order)) == replace(made, state="succeeded")


async def test_a_lost_answer_pays_once(market: Market) -> None:
    order = await bought(market)
    provider = await unwell(market, loses=True)

    made = await refund(market, order)
    assert (made.state, await given_back(market)) == ("pending", 3 * PRICE)
    assert await market.off() == []
    # The same key asks again, with the same key at the provider, whenever that is.
    market.clock.advance(30_000)
    assert (await refund(market, order)).state == "pending"
    provider.loses = False

    assert (await refund(market, order)).state == "succeeded"
    assert await given_back(market) == 3 * PRICE
    assert await market.off() == []


async def test_a_start_asks_about_what_is_pending_at_once(market: Market) -> None:
    order = await bought(market)
    await unwell(market, loses=True)
    await refund(market, order)
    await market.replace_node()

    await market.node.sweeper.recover()

    assert (await order_of(market, order.id)).refunded_total == 3 * PRICE
    assert await market.off() == []


async def test_what_is_pending_is_reserved(market: Market) -> None:
    order = await bought(market, 1)
    await unwell(market, ill=NotSent())
    await refund(market, order, amount=1500)

    with pytest.raises(Conflict, match="Only 499"):
        await refund(market, order, key="refund-2", amount=500)


async def test_a_refusal_of_the_provider_frees_what_was_reserved(market: Market) -> None:
    order = await bought(market, 1)
    attempt = attempt_id(await checkout_of(market))
    # Somebody has given it back in the provider's own console.
    await market.provider.refund(attempt, PRICE, "by-hand-0001")

    made = await refund(market, order)

    assert made.state == "failed"
    assert (await order_of(market, order.id)).refunded_total == 0
    assert (await refund(market, order)).state == "failed", "a key stands for one try"
    assert (await refund(market, order, key="refund-2")).state == "failed"
    assert await market.off() == ["payments"]


async def test_a_line_that_failed_may_be_refunded_again_to_the_cent(market: Market) -> None:
    order = await bought(market, 3)
    refusal = Declined(Failure(code="refund_refused", message="No."))
    provider = await unwell(market, ill=refusal)
    await refund(market, order, lines=some(mug_blue=1))
    provider.ill = None

    for number in range(3):
        await refund(market, order, key=f"again-{number}", lines=some(mug_blue=1))

    assert await market.book.read(states) == ["failed", "succeeded", "succeeded", "succeeded"]
    assert await given_back(market) == 3 * PRICE
    assert await market.off() == []


@pytest.mark.parametrize(
    "moment",
    [{"after": "begin"}, {"before": "note_succeeded"}, {"after": "note_succeeded"}],
    ids=str,
)
async def test_killed_between_two_steps_another_process_finishes_it(
    market: Market, moment: dict[str, str]
) -> None:
    order = await bought(market)
    market.node = await market.start_node(book=DyingBook(market.book, **moment))
    with pytest.raises(Killed):
        await refund(market, order, restock=True)
    await market.replace_node()

    await market.node.sweeper.recover()

    assert (await refund(market, order, restock=True)).state == "succeeded"
    assert (await order_of(market, order.id)).refunded_total == 3 * PRICE
    assert await given_back(market) == 3 * PRICE
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_restocked_units_are_on_sale_again_and_no_longer_sent(market: Market) -> None:
    order = await bought(market, 3)

    await refund(market, order, lines=some(mug_blue=1), restock=True)
    assert await market.units() == (3, 0, 2)
    assert await market.off() == []
    with pytest.raises(Conflict, match="Of mug-blue 2 can still be sent"):
        await ship(market, order, lines=some(mug_blue=3))

    await refund(market, order, key="refund-2", restock=True)
    assert await market.units() == (5, 0, 0)
    assert (await order_of(market, order.id)).state == "cancelled"
    assert await market.off() == []
    assert (await market.buy(qty=5, who="otto")).state == "reserved"


async def test_what_comes_back_from_the_buyer_is_on_sale_again(market: Market) -> None:
    order = await bought(market, 3)
    await ship(market, order, "delivered")

    await refund(market, order, lines=some(mug_blue=2), restock=True)

    assert await market.units() == (4, 0, 1)
    assert (await order_of(market, order.id)).state == "delivered"
    assert await market.off() == []


async def test_a_restock_whose_mark_was_lost_is_not_done_twice(market: Market) -> None:
    order = await bought(market, 3)
    handlers = market.node.outbox.handlers
    handlers["restock"] = unmarked(handlers["restock"])
    await refund(market, order, restock=True)
    await market.node.outbox.flush(20.0)
    await market.replace_node()

    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_a_gate_filled_from_the_book_does_not_get_a_restock_twice(market: Market) -> None:
    order = await bought(market, 3)
    market.node.outbox.handlers.pop("restock")
    await refund(market, order, restock=True)
    await market.node.outbox.flush(20.0)
    await market.scripts.command("FLUSHALL")
    await rebuild(market.book, market.scripts, calm_s=0)
    assert await market.units() == (5, 0, 0)

    await market.replace_node()
    await market.node.outbox.flush(20.0)

    assert await market.units() == (5, 0, 0)
    marker = keys.restocked("ada", (await refund(market, order, restock=True)).id)
    assert await market.scripts.command("EXISTS", marker) == 1
    assert await market.off() == []


async def test_a_restock_that_another_process_did_before_the_loss_is_not_done_twice(
    market: Market,
) -> None:
    order = await bought(market, 3)
    made = await refund(market, order, restock=True)
    await market.node.outbox.flush(20.0)
    assert await market.units() == (5, 0, 0)
    await market.buy(qty=2, who="otto")
    await market.scripts.command("FLUSHALL")
    await rebuild(market.book, market.scripts, calm_s=0)

    row = {"cause": made.id, "shop": "ada", "lines": [["mug-blue", 3]]}
    await market.node.outbox.handlers["restock"](1, row)

    assert await market.units() == (3, 2, 0)
    assert await market.off() == []


async def test_when_an_order_is_complete_nothing_is_refunded_any_more(market: Market) -> None:
    order = await bought(market)
    await ship(market, order, "delivered")
    market.clock.advance(OrderTerms().complete_ms)
    await market.node.sweeper.sweep()
    assert (await order_of(market, order.id)).state == "completed"

    with pytest.raises(Conflict, match="time for refunds is over"):
        await refund(market, order)


async def test_many_small_refunds_do_not_drift(market: Market) -> None:
    terms = OrderTerms(platform_fee_bps=1_333)
    market.node = await market.start_node(order_terms=terms)
    order = await bought(market, 1)
    fee = PRICE * 1_333 // 10_000
    assert await balances(market, order) == {
        "provider_clearing": PRICE,
        "platform_fee": -fee,
        "shop_payable": -(PRICE - fee),
    }

    for number in range(9):
        await refund(market, order, key=f"refund-{number:02d}", amount=211)
        assert number % 4 or await market.off() == []
    await refund(market, order, key="the-rest")

    assert set((await balances(market, order)).values()) == {0}
    assert await market.off() == []


async def test_an_order_is_refunded_a_hundred_times_at_most(market: Market) -> None:
    order = await bought(market, 1)
    await market.book.write(refund_often, order.id)

    with pytest.raises(Conflict, match="100 times"):
        await refund(market, order, key="one-more", amount=1)
