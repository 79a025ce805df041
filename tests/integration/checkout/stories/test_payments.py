"""Stories of other shops about money: taken without goods, taken twice, or never noticed.

Each test says what went wrong elsewhere, and which guard of ours it kills.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from base.errors import InProgress, Outage, PaymentDeclined, SoldOut, YellowcartError
from checkout import attempts, breaks, rows
from checkout.checkout import Failure
from checkout.parts import Terms
from checkout.payments.provider import Due, Payment, Status
from checkout.payments.sandbox import SandboxProvider
from store.sql.rows import Connection, func, select
from store.sql.tables import claims, orders, payments
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.waiting import until_told

if TYPE_CHECKING:
    from store.sql.book import Book

pytestmark = pytest.mark.redis

FAILURE = Failure(code="payment_declined", message="No.")


def claimed(conn: Connection, checkout: str) -> int:
    query = select(func.count()).where(claims.c.checkout == checkout, claims.c.state == "open")
    return conn.execute(query).scalar_one()


def counted(conn: Connection) -> tuple[int, int]:
    """Payments and orders in the book."""
    tables = (payments, orders)
    found = [conn.execute(select(func.count()).select_from(table)) for table in tables]
    return found[0].scalar_one(), found[1].scalar_one()


class Witness(SandboxProvider):
    """A provider whose client notes what the book has when the provider first hears of it."""

    book: Book
    claimed: list[int]

    async def take(self, due: Due, token: str, key: str) -> Payment:
        self.claimed.append(await self.book.read(claimed, due.checkout))
        return await super().take(due, token, key)


async def test_t07_the_loser_never_sees_a_payment(market: Market) -> None:
    """Two paid for one item; the slower was charged without stock (vendure 3065, 2030).

    Guard: checkout/reservation.py claims in the book before there is anything to pay, so the
    provider never hears of a checkout without its claim.
    Kills: "enter: what is claimed is written down".
    """
    await market.put("mug-last", 1)
    provider = market.client(kind=Witness)
    assert isinstance(provider, Witness)
    provider.book, provider.claimed = market.book, []
    market.node = await market.start_node(provider)

    answers = await asyncio.gather(
        *(market.buy("mug-last", who=who) for who in ("vera", "otto")), return_exceptions=True
    )
    (won,) = (answer for answer in answers if not isinstance(answer, BaseException))
    (lost,) = (answer for answer in answers if isinstance(answer, BaseException))
    winner = "vera" if answers[0] is won else "otto"
    paid = await market.pay(won, who=winner)

    assert isinstance(lost, SoldOut)
    assert paid.state == "paid"
    assert provider.claimed == [1]
    assert await market.book.read(counted) == (1, 1)


async def test_t08_one_unit_is_charged_once(market: Market) -> None:
    """Three payments, one order (openfoodnetwork 3925).

    Guard: checkout/rows.py ``claim``, though the gate has granted all three.
    Kills: "claim: no more than there is".
    """
    await market.put("mug-last", 1)
    await market.give_gate_units(2, "mug-last")

    async def shop(who: str) -> None:
        await market.pay(await market.buy("mug-last", who=who), who=who)

    ends = await asyncio.gather(*(shop(f"buyer-{n}") for n in range(3)), return_exceptions=True)

    # An outage: the gate is closed once it is known to be wrong.
    assert {type(end) for end in ends} <= {type(None), SoldOut, Outage}
    assert [captured for _, captured, _ in await market.charges()] == [1999]
    assert await market.book.read(counted) == (1, 1)


async def test_t10_webhook_return_poll_and_sweeper_make_one_order(market: Market) -> None:
    """Webhook and redirect both completed the cart; orders went missing (medusa 4798, 13301).

    Guard: checkout/paid.py ``record_paid``, what is paid is not booked again.
    Kills: "paid: once".
    """
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)
    other = await market.start_node()
    attempt = attempts.attempt_id(checkout.id)

    answers = await asyncio.gather(
        market.node.purchases.reconciler.reconcile(attempt),
        other.purchases.reconciler.reconcile(attempt),
        market.node.purchases.cancel(buyer(), checkout.id),
        other.sweeper.recover(),
        other.purchases.cancel(buyer(), checkout.id),
    )

    assert {answer.state for answer in answers if answer is not None} == {"paid"}
    assert len({answer.orders for answer in answers if answer is not None}) == 1
    assert await market.book.read(counted) == (1, 1)
    assert await market.units() == (4, 0, 1)
    assert await market.off() == []


async def test_t11_one_checkout_is_one_payment_at_the_provider(market: Market) -> None:
    """Webhook and completion each made an intent (saleor 19220, unconfirmed).

    Guard: checkout/attempts.py ``attempt_id`` follows from the checkout.
    Kills: "pay: one payment a checkout".
    """
    checkout = await market.buy()
    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "tok_declined")
    nodes = [market.node, await market.start_node()]

    await asyncio.gather(
        *(nodes[n % 2].purchases.pay(buyer(), checkout.id, card(), HOME) for n in range(6)),
        nodes[0].purchases.reconciler.reconcile(attempts.attempt_id(checkout.id)),
        return_exceptions=True,
    )

    paid = await market.becomes(checkout, "paid")
    assert await market.charges() == [(paid.id, 1999, 0)]
    assert await market.book.read(counted) == (1, 1)


async def test_t14_the_echo_of_an_earlier_try_does_not_end_a_later_one(market: Market) -> None:
    """Looked first, asked the provider slowly, then acted on the old look (gateway-stripe 890).

    Guard: checkout/attempts.py, each note compares the version that it was learnt about.
    Kills: "declined: old news changes nothing".
    """
    checkout = await market.buy()
    with pytest.raises(PaymentDeclined):
        await market.pay(checkout, "tok_declined")
    seen = (await market.get(checkout)).version
    pending = await market.pay(checkout, "tok_3ds")

    now = market.clock.now_ms()
    attempt = attempts.attempt_id(checkout.id)
    declined = await market.book.write(attempts.note_declined, attempt, seen + 1, FAILURE, now)
    unsent = await market.book.write(attempts.note_unsent, attempt, seen + 1)
    acted = await market.book.write(attempts.note_action, attempt, seen, None, now)

    assert [change.changed for change in (declined, unsent, acted)] == [False] * 3
    assert await market.get(checkout) == pending


async def test_t16_a_page_that_is_loaded_again_finds_its_checkout(market: Market) -> None:
    """A reload before the answer made a second order (woocommerce-gateway-stripe 4878).

    Guard: checkout/opening.py, the id follows from viewer and key; ``_make_room`` refuses while
    the other one is being paid.
    Kills: "open: who is paying opens no other".
    """
    pending = await market.pay(await market.buy(), "tok_3ds")

    assert await market.buy() == pending
    with pytest.raises(InProgress) as refused:
        await market.buy(key="key-0002")
    assert refused.value.data == {"checkout": pending.id}
    assert await market.node.purchases.get(buyer()) == pending
    await market.press(pending, 0)
    paid = await market.becomes(pending, "paid")

    assert await market.buy() == paid
    assert len((await market.node.orders.list(buyer(), None, 10))[0]) == 1
    assert await market.units() == (4, 0, 1)


async def test_t18_what_is_being_processed_is_no_sale(market: Market) -> None:
    """Carts were completed while the payment was processing; numbers had gaps (medusa 14205).

    Guard: checkout/reconcile.py ``apply``, only ``succeeded`` leads to orders; numbers are
    given in checkout/paid.py.
    Kills: "paid: only what the provider has captured".
    """
    market.sandbox._bank._webhook_only_s = 3600
    node = await market.start_node(terms=Terms(answer_ms=1))
    first = await market.buy()
    attempt = attempts.attempt_id(first.id)
    await node.purchases.pay(buyer(), first.id, card("tok_webhook_only"), HOME)

    async def is_processing() -> bool:
        payment = await market.provider.fetch(attempt)
        return payment is not None and payment.status is Status.PROCESSING

    await until_told(is_processing)
    assert (await node.purchases.reconciler.reconcile(attempt)).state == "pay_pending"
    assert await market.book.read(counted) == (1, 0)

    await node.purchases.cancel(buyer(), first.id)
    await market.pay(await market.buy(who="otto"), who="otto")

    sold, _ = await market.node.orders.list(buyer("otto"), None, 10)
    assert [order.number for order in sold] == ["000001"]
    assert await market.off() == []


async def test_t20_a_failed_checkout_leaves_the_cart_as_it_was(market: Market) -> None:
    """A failed completion marked the cart as completed for good (medusa 11906).

    Guard: checkout/paid.py ``_tell``, only what is paid leaves the cart.
    Kills: "ended: the cart stays as it was".
    """
    await market.node.parts.carts.set("vera", "mug-blue", 2)
    first = await market.node.purchases.open(buyer(), "key-0001", None, "demo")
    for _ in range(5):
        with pytest.raises(PaymentDeclined):
            await market.pay(first, "tok_declined")
    assert (await market.get(first)).state == "failed"

    await market.node.outbox.flush(20.0)
    assert (await market.node.parts.carts.get("vera")).count == 2
    second = await market.node.purchases.open(buyer(), "key-0002", None, "demo")

    assert (await market.pay(second)).state == "paid"
    await market.node.outbox.flush(20.0)
    assert (await market.node.parts.carts.get("vera")).count == 0
    assert await market.off() == []


@pytest.mark.parametrize(
    ("amount", "currency", "of"),
    [(1, "USD", ""), (1999, "EUR", ""), (1999, "USD", "co_of_somebody_else")],
    ids=["amount", "currency", "checkout"],
)
async def test_t29_a_genuine_payment_of_other_money_never_pays(
    market: Market, amount: int, currency: str, of: str
) -> None:
    """A genuine payment of $1 made an order of $2,000 paid (CVE-2026-9189).

    Guard: checkout/reconcile.py ``_succeeded``, id, amount, currency and checkout are ours.
    Kills: "paid: the amount and the payment are ours".
    """
    market.node = await market.start_node(terms=Terms(answer_ms=300))
    checkout = await market.buy()
    attempt = attempts.attempt_id(checkout.id)
    due = Due(attempt=attempt, checkout=of or checkout.id, amount=amount, currency=currency)
    await market.provider.take(due, "tok_ok", "forged-0001")

    with suppress(YellowcartError):
        await market.pay(checkout)

    async def has_begun() -> bool:
        return await market.book.read(rows.by_attempt, attempt) is not None

    await until_told(has_begun)
    await market.node.purchases.reconciler.reconcile(attempt)

    assert (await market.get(checkout)).state in {"reserved", "pay_pending"}
    assert await market.book.read(counted) == (1, 0)
    assert await market.book.write(breaks.settle, market.clock.now_ms()) == 0
    [seen] = await market.book.read(breaks.read_open, 10)
    assert (seen.kind, seen.key) == ("mismatch", attempt)
