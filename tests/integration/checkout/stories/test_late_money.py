"""Stories of other shops about money that comes late, or that nobody waits for any more.

Each test says what went wrong elsewhere, and which guard of ours it kills.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from checkout import attempts, breaks, paid, rows
from checkout.parts import Terms
from checkout.payments.provider import Status
from tests.integration.checkout.dying import DyingBook, ForgetfulProvider, InterruptedBook, Killed
from tests.integration.checkout.market import Market, buyer
from tests.waiting import until_told

if TYPE_CHECKING:
    from checkout.checkout import Checkout

pytestmark = pytest.mark.redis


async def late(market: Market) -> Checkout:
    """A cancelled checkout of all five mugs, whose provider takes the money all the same."""
    market.node = await market.start_node(market.client(kind=ForgetfulProvider))
    pending = await market.pay(await market.buy(qty=5), "tok_3ds")
    ended = await market.node.purchases.cancel(buyer(), pending.id)
    assert ended.state == "cancelled"
    return structs.replace(ended, action=pending.action)


async def test_t09_what_is_charged_already_is_not_cancelled(market: Market) -> None:
    """Compensation cancelled a payment that had succeeded, and failed (medusa 4946).

    Guard: checkout/ending.py hands what the provider answers to the reconciler.
    Kills: "end: what the provider answers decides".
    """
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)

    ended = await market.node.purchases.cancel(buyer(), checkout.id)

    assert (ended.state, len(ended.orders)) == ("paid", 1)
    assert await market.off() == []


async def test_t19_who_loses_a_race_does_not_undo_the_winner(market: Market) -> None:
    """A failed run refunded what the successful one had captured (medusa 15527).

    Guard: checkout/paid.py ``record_refunding`` changes nothing that is paid;
    checkout/late.py ``_unless_refunded``.
    Kills: "late: what is being given back is not decided again".
    """
    checkout = await late(market)
    nodes = [market.node, await market.start_node()]
    await market.order_faults(webhooks="drop")
    await market.press(checkout, 0)
    attempt = attempts.attempt_id(checkout.id)

    await asyncio.gather(
        *(nodes[n % 2].purchases.reconciler.reconcile(attempt) for n in range(6)),
        return_exceptions=True,
    )
    refunding = await market.book.write(paid.record_refunding, attempt, market.clock.now_ms())

    assert (refunding.changed, refunding.record.state) == (False, "paid")
    assert await market.charges() == [(checkout.id, 9995, 0)]
    assert await market.units() == (0, 0, 5)
    assert await market.off() == []


async def test_t21_who_never_comes_back_has_an_order(market: Market) -> None:
    """Paid, the tab closed, no order (saleor-docs 1380); here the webhook is lost as well.

    Guard: checkout/sweeper.py ``_attend`` asks about every pending payment.
    Kills: "sweep: what is pending is asked about".
    """
    market.node = await market.start_node(terms=Terms(answer_ms=100))
    checkout = await market.buy()
    await market.order_faults(webhooks="drop")
    await market.pay(checkout, "tok_webhook_only")

    async def is_taken() -> bool:
        payment = await market.provider.fetch(attempts.attempt_id(checkout.id))
        return payment is not None and payment.status is Status.SUCCEEDED

    await until_told(is_taken)

    market.clock.advance(40_000)
    await market.node.sweeper.sweep()

    assert (await market.get(checkout)).state == "paid"
    assert await market.off() == []


async def test_t22_late_money_buys_the_goods_while_they_are_there(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    """Money for an order that was cancelled was kept in silence (WooCommerce 12467).

    Guard: checkout/paid.py ``record_paid`` raises ``Late``, checkout/late.py decides.
    Kills: "late: a hold of its own".
    """
    checkout = await late(market)

    with caplog.at_level(logging.ERROR):
        await market.press(checkout, 0)
        sold = await market.becomes(checkout, "paid")

    assert len(sold.orders) == 1
    assert "late money" in caplog.text
    assert await market.units() == (0, 0, 5)
    assert await market.off() == []
    [seen] = await market.book.read(breaks.read_open, 10)
    assert (seen.kind, seen.key) == ("late_money", attempts.attempt_id(checkout.id))
    assert await market.book.write(breaks.settle, market.clock.now_ms()) == 1


async def test_t22_late_money_goes_back_when_the_goods_are_gone(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    """As above.

    Guard: checkout/late.py ``give_back``.
    Kills: "paid: only while it is open".
    """
    checkout = await late(market)
    otto = await market.pay(await market.buy(who="otto"), who="otto")

    with caplog.at_level(logging.ERROR):
        await market.press(checkout, 0)
        refunded = await market.becomes(checkout, "refunded")

    assert refunded.orders == ()
    assert "late money" in caplog.text
    assert sorted(await market.charges()) == sorted(
        [(checkout.id, 9995, 9995), (otto.id, 1999, 0)]
    )
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def too_late(market: Market) -> str:
    """The attempt of late money whose goods are gone; nobody has heard of it yet."""
    checkout = await late(market)
    await market.pay(await market.buy(who="otto"), who="otto")
    await market.order_faults(webhooks="drop")
    await market.press(checkout, 0)
    return attempts.attempt_id(checkout.id)


async def dies_before_the_note(market: Market, attempt: str) -> None:
    """A process gives the money back, and is killed before the book knows."""
    node = await market.start_node(book=DyingBook(market.book, before="record_refunded"))
    with pytest.raises(Killed):
        await node.purchases.reconciler.reconcile(attempt)


async def test_t22_killed_between_the_refund_and_the_note_gives_back_once(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    """As above, and whoever gave it back died before it could say so.

    Guard: checkout/late.py ``give_back`` asks with the same key, however much later.
    Kills: "late: given back once".
    """
    attempt = await too_late(market)
    await dies_before_the_note(market, attempt)
    record = await market.book.read(rows.by_attempt, attempt)
    assert record is not None
    assert record.state == "refunding"

    market.clock.advance(60_000)
    await market.node.sweeper.sweep()

    record = await market.book.read(rows.by_attempt, attempt)
    assert record is not None
    assert record.state == "refunded"
    assert (record.id, 9995, 9995) in await market.charges()
    assert "cannot be given back" not in caplog.text
    assert await market.off() == []


@pytest.mark.parametrize("other_is", ["done", "killed before its note"])
async def test_t22_two_who_meet_the_same_late_money_give_back_once(
    market: Market, other_is: str
) -> None:
    """As above, and webhook and sweeper decide at the same moment, in two processes.

    Guard: checkout/paid.py ``record_refunding`` changes nothing that is being given back.
    Kills: "late: what is being given back is not decided again".
    """
    attempt = await too_late(market)
    other = await market.start_node()

    async def decide() -> None:
        if other_is == "done":
            await other.purchases.reconciler.reconcile(attempt)
        else:
            await dies_before_the_note(market, attempt)

    await market.replace_node(book=InterruptedBook(market.book, "record_refunding", decide))

    record = await market.node.purchases.reconciler.reconcile(attempt)

    assert record.state == "refunded"
    assert (record.id, 9995, 9995) in await market.charges()
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []
