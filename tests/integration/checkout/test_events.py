"""What shops are told of checkouts and orders: once each, in the public shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from base.errors import PaymentDeclined
from checkout.events import EndedCheckout, note_order
from checkout.order import Order
from checkout.order_terms import OrderTerms
from shop.events import Events
from shop.happened import Kind
from tests.integration.checkout import after
from tests.integration.checkout.market import HOME, Market, buyer
from tests.selling import ADMIN, SHOP, seller

if TYPE_CHECKING:
    from shop.happened import Event

pytestmark = pytest.mark.redis

PAY_MS = 300_000


async def told(market: Market, shop: str = "") -> list[Event]:
    """Events of orders and checkouts."""
    actor = seller(shop) if shop else ADMIN
    found, _ = await Events(market.book, market.clock).list(actor, None, 100)
    return [event for event in found if event.kind.startswith(("order.", "checkout."))]


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


async def test_a_paid_order_is_told_once_as_it_can_be_read(market: Market) -> None:
    paid = await market.pay(await market.buy(qty=2))
    await market.pay(paid)
    await market.node.sweeper.sweep()

    (event,) = await told(market)

    (ident,) = paid.orders
    order = await market.node.orders.get(seller(), ident)
    assert (event.kind, event.shop, event.at) == ("order.paid", SHOP, order.paid_at)
    assert msgspec.convert(event.data, dict[str, Order]) == {"order": order}
    assert event.data == msgspec.json.decode(msgspec.json.encode({"order": order}))


async def test_each_shop_is_told_of_its_own_part(market: Market) -> None:
    await market.put("bowl", 5, shop="bob", price=500)
    carts = market.node.parts.carts
    await carts.add(buyer().id, "mug-blue", 1)
    await carts.add(buyer().id, "bowl", 2)
    opened = await market.node.purchases.open(buyer(), "key-0001", None, "demo")
    await market.node.purchases.cancel(buyer(), opened.id)
    again = await market.node.purchases.open(buyer(), "key-0002", None, "demo")
    await market.pay(again)

    ada, bob = await told(market, "ada"), await told(market, "bob")

    assert kinds(ada) == kinds(bob) == ["checkout.cancelled", "order.paid"]
    ended = msgspec.convert(bob[0].data["checkout"], EndedCheckout)
    assert (ended.id, ended.state, ended.total) == (opened.id, "cancelled", 1000)
    assert [line.sku for line in ended.lines] == ["bowl"]
    assert "mug-blue" not in str(msgspec.to_builtins(bob))


async def test_a_checkout_that_ran_out_is_expired_once(market: Market) -> None:
    checkout = await market.buy()
    market.clock.advance(PAY_MS)
    await market.node.sweeper.sweep()
    await market.node.sweeper.sweep()

    (event,) = await told(market)

    assert event.kind == "checkout.expired"
    assert event.data["checkout"]["id"] == checkout.id
    assert event.data["checkout"]["failure"]["code"] == "expired"


async def test_five_declined_payments_are_a_failure_told_once(market: Market) -> None:
    checkout = await market.buy()
    for _ in range(5):
        with pytest.raises(PaymentDeclined):
            await market.pay(checkout, "tok_declined")
    await market.node.sweeper.sweep()

    assert kinds(await told(market)) == ["checkout.failed"]


async def test_one_that_makes_room_for_another_is_cancelled(market: Market) -> None:
    first = await market.buy(key="key-0001")
    await market.buy(key="key-0002")

    (event,) = await told(market)

    assert (event.kind, event.data["checkout"]["id"]) == ("checkout.cancelled", first.id)


async def test_other_news_of_an_order_is_noted_once_a_change(market: Market) -> None:
    (ident,) = (await market.pay(await market.buy())).orders
    order = await market.node.orders.get(seller(), ident)

    for change in ("", "", "re_1", "re_2", "re_1"):
        args: tuple[Any, ...] = (Kind.ORDER_REFUNDED, order, market.clock.now_ms(), change)
        await market.book.write(note_order, *args)

    assert kinds(await told(market)) == ["order.paid", *["order.refunded"] * 3]


async def test_the_life_of_an_order_is_told_step_by_step(market: Market) -> None:
    order = await after.bought(market, qty=3)
    await after.cancel(market, order, lines=after.some(mug_blue=1))
    for _ in range(2):
        await after.refund(market, order, amount=100)
    await after.ship(market, order, tracking="DHL-1")
    for _ in range(2):
        await after.ship(market, order, "delivered")
    market.clock.advance(OrderTerms().complete_ms)
    await market.node.sweeper.sweep()

    events = await told(market)

    # The cancelled unit's refund is one of the two.
    assert kinds(events) == [
        "order.paid",
        "order.cancelled",
        "order.refunded",
        "order.refunded",
        "order.shipped",
        "order.delivered",
        "order.completed",
    ]
    last = msgspec.convert(events[-1].data["order"], Order)
    assert last == await after.order_of(market, order.id)


async def test_a_shop_is_not_told_the_address_while_the_order_is_on_hold(market: Market) -> None:
    await after.on_terms(market, OrderTerms(free_cancel_ms=3_600_000))
    order = await after.bought(market)

    (event,) = await told(market, SHOP)

    assert (order.state, order.ship_to.line1) == ("on_hold", HOME.line1)
    assert event.data["order"]["ship_to"]["line1"] == "***"


async def test_a_shop_is_told_the_address_once_the_hold_is_over(market: Market) -> None:
    await after.on_terms(market, OrderTerms(free_cancel_ms=3_600_000))
    order = await after.bought(market)
    market.clock.advance(3_600_000)

    for _ in range(2):
        await market.node.sweeper.sweep()

    first, second = await told(market, SHOP)
    assert (first.kind, first.data["order"]["state"]) == ("order.paid", "on_hold")
    assert (second.kind, second.data["order"]["state"]) == ("order.paid", "awaiting_shipment")
    assert second.data["order"]["id"] == order.id
    assert second.data["order"]["ship_to"]["line1"] == HOME.line1
    assert (second.id != first.id, second.at) == (True, market.clock.now_ms())


async def test_a_shop_is_told_once_of_an_order_that_was_never_on_hold(market: Market) -> None:
    await after.bought(market)
    market.clock.advance(3_600_000)

    await market.node.sweeper.sweep()

    assert kinds(await told(market, SHOP)) == ["order.paid"]
