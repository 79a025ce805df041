"""An order's ledger: every cent, in plain words, to those whose business it is."""

from __future__ import annotations

from collections import defaultdict

import pytest

from base.errors import NotFound
from checkout import ledger, order_rows
from checkout.order_terms import OrderTerms
from store.sql.rows import Connection
from tests.integration.checkout.after import PRICE, bought, cancel, order_of, refund
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.selling import ADMIN, seller


async def test_the_shop_sees_where_every_cent_went(market: Market) -> None:
    market.node = await market.start_node(order_terms=OrderTerms(platform_fee_bps=250))
    order = await bought(market, 1)
    market.clock.advance(1000)
    await refund(market, order, amount=1000)

    entries = await market.node.orders.ledger(seller(), order.id)

    assert [(entry.kind, entry.account, entry.amount, entry.what) for entry in entries] == [
        ("capture", "platform_fee", -49, "Of that 0.49 USD is the platform's fee."),
        (
            "capture",
            "provider_clearing",
            PRICE,
            "The buyer paid 19.99 USD; the payment provider holds it.",
        ),
        ("capture", "shop_payable:ada", -1950, "Of that 19.50 USD is owed to the shop."),
        ("refund", "platform_fee", 24, "Of that 0.24 USD is fee that the platform gives up."),
        (
            "refund",
            "provider_clearing",
            -1000,
            "The payment provider gave 10.00 USD back to the buyer.",
        ),
        (
            "refund",
            "shop_payable:ada",
            976,
            "Of that the shop bears 9.76 USD: it is owed less.",
        ),
    ]
    sums: dict[str, int] = defaultdict(int)
    for entry in entries:
        sums[entry.txn] += entry.amount
    assert set(sums.values()) == {0}
    assert len(sums) == 2
    assert await market.node.orders.ledger(ADMIN, order.id) == entries
    assert await market.off() == []


async def test_the_buyer_sees_what_they_paid_and_got_back(market: Market) -> None:
    market.node = await market.start_node(order_terms=OrderTerms(platform_fee_bps=250))
    order = await bought(market, 1)
    market.clock.advance(1000)
    await refund(market, order, amount=1000)

    entries = await market.node.orders.ledger(buyer(), order.id)

    assert [(entry.amount, entry.what) for entry in entries] == [
        (PRICE, "You paid 19.99 USD."),
        (-1000, "You got 10.00 USD back."),
    ]


async def test_others_see_nothing(market: Market) -> None:
    order = await bought(market, 1)

    for stranger in (buyer("otto"), seller("bob")):
        with pytest.raises(NotFound):
            await market.node.orders.ledger(stranger, order.id)


async def test_each_shop_of_a_purchase_has_its_own(market: Market) -> None:
    await market.put("hat", 3, shop="bob", price=500)
    for sku in ("mug-blue", "hat"):
        await market.node.parts.carts.set("vera", sku, 1)
    checkout = await market.node.purchases.open(buyer(), "key-0001")
    paid = await market.node.purchases.pay(buyer(), checkout.id, card(), HOME)
    orders = {order.shop: order for order in [await order_of(market, o) for o in paid.orders]}
    await cancel(market, orders["bob"])

    entries = await market.node.orders.ledger(seller("bob"), orders["bob"].id)

    assert sorted(entry.amount for entry in entries) == [-500, -500, 500, 500]
    assert sum(e.amount for e in await market.node.orders.ledger(ADMIN, orders["ada"].id)) == 0
    assert await market.charges() == [(checkout.id, PRICE + 500, 500)]
    assert await market.off() == []


async def test_a_fee_is_that_of_the_day_of_the_payment(market: Market) -> None:
    order = await bought(market, 1)
    market.node = await market.start_node(order_terms=OrderTerms(platform_fee_bps=5000))
    await refund(market, order, amount=1000)

    accounts = {entry.account for entry in await market.node.orders.ledger(ADMIN, order.id)}

    assert accounts == {"provider_clearing", "shop_payable:ada"}
    assert await market.off() == []


def post_again(conn: Connection, order: str, refunded: str, amount: int) -> None:
    record = order_rows.find(conn, order)
    assert record is not None
    ledger.post_refund(conn, record, refunded, amount, record.order.paid_at)


async def test_what_was_posted_is_not_posted_again(market: Market) -> None:
    order = await bought(market, 1)
    made = await refund(market, order, amount=1000)
    before = await market.node.orders.ledger(ADMIN, order.id)

    await market.book.write(post_again, order.id, made.id, made.amount)

    assert await market.node.orders.ledger(ADMIN, order.id) == before
    assert await market.off() == []
