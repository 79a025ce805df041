"""Orders that were paid, and what their shop and buyer do with them; for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkout.cancels import CancelWish
from checkout.order import Order, SkuUnits
from checkout.order_state import OrderState
from checkout.order_terms import OrderTerms
from checkout.refund import Refund, RefundWish
from checkout.shipments import ShipmentWish
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.selling import ADMIN, SHOP, seller

if TYPE_CHECKING:
    from base.identity import Actor

PRICE = 1999


def some(**units: int) -> tuple[SkuUnits, ...]:
    """Units by SKU; an underscore stands for the dash of its name."""
    return tuple(SkuUnits(sku=sku.replace("_", "-"), qty=qty) for sku, qty in units.items())


async def bought(market: Market, qty: int = 3, who: str = "vera", key: str = "key-0001") -> Order:
    """An order of blue mugs."""
    paid = await market.pay(await market.buy(qty=qty, who=who, key=key), who=who)
    return await order_of(market, paid.orders[0])


async def bought_both(market: Market, who: str = "vera") -> Order:
    """An order of two blue mugs and a pot, of one shop."""
    await market.put("pot", 5, price=500)
    for sku, qty in (("mug-blue", 2), ("pot", 1)):
        await market.node.parts.carts.set(who, sku, qty)
    checkout = await market.node.purchases.open(buyer(who), "key-both")
    paid = await market.node.purchases.pay(buyer(who), checkout.id, card(), HOME)
    return await order_of(market, paid.orders[0])


async def checkout_of(market: Market) -> str:
    """The one that was charged first."""
    return (await market.charges())[0][0]


async def order_of(market: Market, ident: str) -> Order:
    return await market.node.orders.get(ADMIN, ident)


async def refund(
    market: Market, order: Order, *, key: str = "refund-1", actor: Actor | None = None, **wish: Any
) -> Refund:
    wish = {"key": key, **wish}
    aftercare = market.node.purchases.aftercare
    return await aftercare.refund(actor or seller(), order.id, RefundWish(**wish))


async def cancel(
    market: Market, order: Order, *, actor: Actor | None = None, **wish: Any
) -> Order:
    aftercare = market.node.purchases.aftercare
    return await aftercare.cancel(actor or buyer(), order.id, CancelWish(**wish))


async def ship(
    market: Market,
    order: Order,
    status: str = "in_transit",
    *,
    actor: Actor | None = None,
    fresh: str = "parcel-1",
    **wish: Any,
) -> Order:
    wish = {"status": OrderState(status), "fresh": fresh, **wish}
    aftercare = market.node.purchases.aftercare
    return await aftercare.ship(actor or seller(), order.id, ShipmentWish(**wish))


async def on_terms(market: Market, terms: OrderTerms) -> None:
    """From here on these terms are in force."""
    market.node = await market.start_node(order_terms=terms)


def heard(market: Market) -> list[Order]:
    """The orders that buyers were told of, in turn."""
    return [thing for _, _, thing in market.node.told.told if isinstance(thing, Order)]


async def given_back(market: Market) -> int:
    """What the provider itself says that it has given back."""
    return sum(refunded for _, _, refunded in await market.charges())


async def balances(market: Market, order: Order) -> dict[str, int]:
    """The order's accounts, as its ledger has them."""
    sums: dict[str, int] = {}
    for entry in await market.node.orders.ledger(ADMIN, order.id):
        account = entry.account.removesuffix(f":{SHOP}")
        sums[account] = sums.get(account, 0) + entry.amount
    return sums
