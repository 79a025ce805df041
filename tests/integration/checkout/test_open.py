"""Opening checkouts: keys, prices, one at a time, several shops."""

from __future__ import annotations

import asyncio

import pytest

from base.errors import (
    Conflict,
    KeyReused,
    NotFound,
    PriceChanged,
    SoldOut,
)
from cart.cart import Cart
from checkout.attempts import attempt_id
from checkout.checkout import Checkout
from shop.product import NewSku, PatchProduct
from store.redis import keys
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.selling import SHOP, seller


async def fill(market: Market, *lines: tuple[str, int], who: str = "vera") -> Cart:
    cart = await market.node.parts.carts.get(who)
    for sku, qty in lines:
        cart = await market.node.parts.carts.set(who, sku, qty)
    return cart


async def reprice(market: Market, sku: str, price: int, shop: str = "ada") -> None:
    patch = PatchProduct(skus=[NewSku(id=sku, title="One", price=price, currency="USD")])
    await market.shelves.catalog.patch(seller(shop), sku, patch)


async def test_buying_holds_and_claims_the_units(market: Market) -> None:
    checkout = await market.buy(qty=2)

    now = market.clock.now_ms()
    assert (checkout.state, checkout.version, checkout.total) == ("reserved", 1, 3998)
    assert (checkout.pay_by, checkout.hold_until) == (now + 300_000, now + 420_000)
    assert [(line.title, line.qty) for line in checkout.lines] == [("Mug-Blue", 2)]
    assert await market.units() == (3, 2, 0)
    assert await market.off() == []


async def test_the_deadline_of_the_hold_is_the_buyers_hold_until(market: Market) -> None:
    checkout = await market.buy()
    holds = market.node.parts.holds

    assert await holds.due(checkout.hold_until - 1, 10) == []
    assert await holds.due(checkout.hold_until, 10) == [("ada", checkout.id)]


async def test_the_same_key_and_body_give_the_same_checkout(market: Market) -> None:
    first = await market.buy()

    again = [await market.buy() for _ in range(3)]

    assert again == [first] * 3
    assert await market.units() == (4, 1, 0)


async def test_a_key_finds_its_checkout_after_it_has_ended(market: Market) -> None:
    paid = await market.pay(await market.buy())
    cancelled = await market.node.purchases.cancel(buyer(), (await market.buy(key="key-0002")).id)

    assert await market.buy() == paid
    assert await market.buy(key="key-0002") == cancelled
    assert await market.units() == (4, 0, 1)


async def test_a_key_finds_its_checkout_when_the_gate_has_forgotten_it_and_all_are_sold(
    market: Market,
) -> None:
    cancelled = await market.node.purchases.cancel(buyer(), (await market.buy()).id)
    await market.buy(qty=5, who="otto")
    # A week later, or after a rebuild, which knows no holds of what has ended.
    await market.scripts.command("DEL", keys.hold(SHOP, cancelled.id))

    assert await market.buy() == cancelled


async def test_a05_a_key_with_another_body_is_reused(market: Market) -> None:
    await market.buy()

    with pytest.raises(KeyReused):
        await market.buy(qty=2)
    with pytest.raises(KeyReused):
        await market.node.purchases.open(buyer(), "key-0001")

    assert await market.units() == (4, 1, 0)


async def test_the_show_is_not_part_of_the_body(market: Market) -> None:
    first = await market.buy()

    again = await market.node.purchases.buy(buyer(), "mug-blue", 1, "key-0001", "another-show")

    assert again == first


async def test_a07_each_viewer_has_keys_of_their_own(market: Market) -> None:
    first = await market.buy()
    second = await market.buy(who="otto")

    assert first.id != second.id
    assert await market.units() == (3, 2, 0)


async def test_clicks_at_the_same_time_with_one_key_get_the_same_answer(market: Market) -> None:
    answers = await asyncio.gather(*(market.buy() for _ in range(20)))

    assert len({answer.id for answer in answers}) == 1
    assert await market.units() == (4, 1, 0)


async def test_a06_two_processes_with_one_key_get_the_same_answer(market: Market) -> None:
    other = await market.start_node()

    async def click() -> Checkout:
        return await other.purchases.buy(buyer(), "mug-blue", 1, "key-0001", "demo")

    answers = await asyncio.gather(*(click() for _ in range(5)), market.buy(), market.buy())

    idents = {answer.id for answer in answers}
    assert len(idents) == 1
    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_clicks_at_the_same_time_with_other_bodies_are_reused(market: Market) -> None:
    answers = await asyncio.gather(
        market.buy(), market.buy(qty=2), market.buy(qty=3), return_exceptions=True
    )

    assert [isinstance(answer, KeyReused) for answer in answers] == [False, True, True]
    assert await market.units() == (4, 1, 0)


async def test_an_error_never_uses_the_key_up(market: Market) -> None:
    with pytest.raises(SoldOut):
        await market.buy(qty=6)
    with pytest.raises(NotFound):
        await market.buy("no-such-mug")

    checkout = await market.buy(qty=1)

    assert checkout.state == "reserved"


async def test_a19_more_than_is_left_is_sold_out_and_tells_no_number(market: Market) -> None:
    with pytest.raises(SoldOut) as refused:
        await market.buy(qty=6)

    assert refused.value.data == {"sku": "mug-blue"}
    assert await market.units() == (5, 0, 0)


async def test_a_new_key_cancels_a_declined_payment_at_the_provider_first(
    market: Market,
) -> None:
    first = await market.buy(qty=5)
    with pytest.raises(Exception, match="declined"):
        await market.pay(first, "tok_declined")

    await market.buy(qty=5, key="key-0002")

    assert (await market.get(first)).state == "cancelled"
    payment = await market.provider.fetch(attempt_id(first.id))
    assert payment is not None
    assert payment.status == "canceled"


async def test_two_keys_at_the_same_time_leave_one_open_checkout(market: Market) -> None:
    await asyncio.gather(*(market.buy(key=f"key-000{number}") for number in range(5)))

    assert await market.units() == (4, 1, 0)
    assert await market.off() == []


async def test_an_empty_cart_cannot_be_checked_out(market: Market) -> None:
    with pytest.raises(Conflict):
        await market.node.purchases.open(buyer(), "key-0001")


async def test_a_cart_of_several_shops_becomes_one_payment_and_an_order_each(
    market: Market,
) -> None:
    await market.put("pot", 3, shop="bob", price=500)
    await fill(market, ("mug-blue", 2), ("pot", 1))

    checkout = await market.node.purchases.open(buyer(), "key-0001", 4498, "demo")
    paid = await market.node.purchases.pay(buyer(), checkout.id, card(), HOME)

    assert len(paid.orders) == 2
    orders, _ = await market.node.orders.list(buyer(), None, 10)
    assert {(order.shop, order.number, order.total) for order in orders} == {
        ("ada", "000001", 3998),
        ("bob", "000001", 500),
    }
    assert await market.charges() == [(checkout.id, 4498, 0)]
    assert await market.units() == (3, 0, 2)
    assert await market.units("pot", "bob") == (2, 0, 1)
    assert (await market.node.parts.carts.get("vera")).lines == ()
    assert await market.off() == []
    theirs, _ = await market.node.orders.list(seller("bob"), None, 10)
    assert [order.shop for order in theirs] == ["bob"]


async def test_what_was_put_into_the_cart_meanwhile_stays(market: Market) -> None:
    await fill(market, ("mug-blue", 1))
    checkout = await market.node.purchases.open(buyer(), "key-0001")
    await fill(market, ("mug-blue", 3))

    await market.node.purchases.pay(buyer(), checkout.id, card(), HOME)

    cart = await market.node.parts.carts.get("vera")
    assert [(line.sku, line.qty) for line in cart.lines] == [("mug-blue", 2)]


async def test_buying_at_once_leaves_the_cart_alone(market: Market) -> None:
    await fill(market, ("mug-blue", 1))

    await market.pay(await market.buy())

    assert (await market.node.parts.carts.get("vera")).count == 1


async def test_a_cart_is_held_whole_or_not_at_all(market: Market) -> None:
    await market.put("pot", 1, shop="bob")
    await fill(market, ("mug-blue", 2), ("pot", 2))

    with pytest.raises(SoldOut) as refused:
        await market.node.purchases.open(buyer(), "key-0001")

    assert refused.value.data == {"sku": "pot"}
    assert await market.units() == (5, 0, 0)
    assert await market.units("pot", "bob") == (1, 0, 0)
    assert await market.off() == []


async def test_the_key_of_a_failed_cart_works_once_the_cart_fits(market: Market) -> None:
    await fill(market, ("mug-blue", 6))
    with pytest.raises(SoldOut):
        await market.node.purchases.open(buyer(), "key-0001")

    await fill(market, ("mug-blue", 5))
    checkout = await market.node.purchases.open(buyer(), "key-0001")

    assert checkout.lines[0].qty == 5


async def test_another_total_than_expected_is_price_changed(market: Market) -> None:
    await fill(market, ("mug-blue", 2))

    with pytest.raises(PriceChanged) as refused:
        await market.node.purchases.open(buyer(), "key-0001", 1)

    assert refused.value.data == {"total": 3998}
    assert await market.units() == (5, 0, 0)


async def test_a_price_that_this_process_has_not_heard_of_is_found_at_the_gate(
    market: Market,
) -> None:
    await fill(market, ("mug-blue", 1))
    await reprice(market, "mug-blue", 2500)

    with pytest.raises(PriceChanged) as refused:
        await market.node.purchases.open(buyer(), "key-0001", 1999)

    assert refused.value.data == {"total": 2500}
    assert (await market.buy()).total == 2500


async def test_a_price_that_changed_in_the_second_shop_lets_the_first_one_go(
    market: Market,
) -> None:
    await market.put("mug-zinc", 5, shop="zoe", price=500)
    await fill(market, ("mug-blue", 1), ("mug-zinc", 1))
    await reprice(market, "mug-zinc", 700, shop="zoe")

    with pytest.raises(PriceChanged):
        await market.node.purchases.open(buyer(), "key-0001", 2499)

    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_a35_a_later_price_does_not_touch_an_open_checkout(market: Market) -> None:
    checkout = await market.buy()
    await reprice(market, "mug-blue", 9999)

    paid = await market.pay(checkout)

    assert (paid.state, paid.total) == ("paid", 1999)
    assert await market.off() == []


async def test_without_an_id_the_open_checkout_is_found(market: Market) -> None:
    with pytest.raises(NotFound):
        await market.node.purchases.get(buyer())

    checkout = await market.buy()

    assert await market.node.purchases.get(buyer()) == checkout


async def test_a08_somebody_elses_checkout_is_not_found(market: Market) -> None:
    checkout = await market.buy()

    with pytest.raises(NotFound):
        await market.get(checkout, who="mallory")
    with pytest.raises(NotFound):
        await market.node.purchases.cancel(buyer("mallory"), checkout.id)
