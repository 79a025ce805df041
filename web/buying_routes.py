"""Routes for those who buy: the cart, checkouts and orders."""

from __future__ import annotations

from typing import Final

from checkout.order import Order
from checkout.refund import Refund
from web import aftercare, carts, checkouts, orders
from web.answers import CartAnswer, CheckoutAnswer, LedgerAnswer, OrderPage
from web.bodies import (
    Cancellation,
    LineUnits,
    NewCheckout,
    NewLine,
    NewRefund,
    NewShipment,
    NoFields,
    Payment,
)
from web.route import Route, Who

__all__ = ["CART", "CHECKOUTS", "ORDERS"]

ADDRESS: Final = {"name": "Ada", "line1": "1 Sea Road", "city": "Porto", "country": "PT"}
CART: Final = (
    Route(
        method="GET",
        path="/v1/cart",
        does="Read the cart.",
        handle=carts.get,
        who=Who.ANYBODY,
        answer=CartAnswer,
    ),
    Route(
        method="POST",
        path="/v1/cart/lines",
        does="Add units of a SKU; not repeatable, retries set them.",
        handle=carts.add,
        who=Who.ANYBODY,
        body=NewLine,
        answer=CartAnswer,
        errors=("not_found", "conflict", "limit"),
        example={"sku": "mug-blue", "qty": 1},
    ),
    Route(
        method="PUT",
        path="/v1/cart/lines/{sku}",
        does="Set the units of a SKU; 0 removes it.",
        handle=carts.set_line,
        who=Who.ANYBODY,
        body=LineUnits,
        answer=CartAnswer,
        errors=("conflict", "limit"),
        example={"qty": 2},
    ),
    Route(
        method="DELETE",
        path="/v1/cart",
        does="Empty the cart.",
        handle=carts.clear,
        who=Who.ANYBODY,
        body=NoFields,
        answer=CartAnswer,
    ),
)

CHECKOUTS: Final = (
    Route(
        method="POST",
        path="/v1/checkouts",
        does="Buy one product, or check out the cart; the same key gives the same checkout.",
        handle=checkouts.create,
        who=Who.ANYBODY,
        body=NewCheckout,
        answer=CheckoutAnswer,
        made=True,
        keyed=True,
        errors=(
            "conflict",
            "forbidden",
            "in_progress",
            "key_reused",
            "not_found",
            "price_changed",
            "sold_out",
        ),
        example={"sku": "mug-blue", "qty": 1, "show": "friday"},
    ),
    Route(
        method="GET",
        path="/v1/checkouts/{checkout}",
        does="Read a checkout.",
        handle=checkouts.get,
        who=Who.ANYBODY,
        answer=CheckoutAnswer,
    ),
    Route(
        method="POST",
        path="/v1/checkouts/{checkout}/pay",
        does="Pay; answers when the outcome is definite or something is to be done, at the"
        " latest after 10 s.",
        handle=checkouts.pay,
        who=Who.ANYBODY,
        body=Payment,
        answer=CheckoutAnswer,
        errors=("conflict", "expired", "in_progress", "payment_declined"),
        example={"method": {"type": "card", "token": "tok_ok"}, "ship_to": ADDRESS},
    ),
    Route(
        method="POST",
        path="/v1/checkouts/{checkout}/cancel",
        does="Give a checkout up; what is paid or has ended stays as it is.",
        handle=checkouts.cancel,
        who=Who.ANYBODY,
        body=NoFields,
        answer=CheckoutAnswer,
    ),
)

ORDERS: Final = (
    Route(
        method="GET",
        path="/v1/orders",
        does="List orders, the latest first: one's own, or the shop's.",
        handle=orders.list_all,
        who=Who.OWNER,
        answer=OrderPage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/orders/{order}",
        does="Read an order.",
        handle=orders.get,
        who=Who.OWNER,
        answer=Order,
    ),
    Route(
        method="POST",
        path="/v1/orders/{order}/cancel",
        does="Cancel an order, or units of it, that was not sent; the same again is a repeat.",
        handle=aftercare.cancel,
        who=Who.OWNER,
        body=Cancellation,
        answer=Order,
        errors=("conflict",),
        example={"reason": "Ordered twice.", "lines": [{"sku": "mug-blue", "qty": 1}]},
    ),
    Route(
        method="POST",
        path="/v1/orders/{order}/refunds",
        does="Refund an order, by its shop; the same key gives the same refund.",
        handle=aftercare.refund,
        who=Who.OWNER,
        body=NewRefund,
        answer=Refund,
        made=True,
        keyed=True,
        errors=("conflict", "key_reused"),
        example={"lines": [{"sku": "mug-blue", "qty": 1}], "reason": "Broken.", "restock": False},
    ),
    Route(
        method="POST",
        path="/v1/orders/{order}/shipment",
        does="Tell how far an order is, by its shop.",
        handle=aftercare.ship,
        who=Who.OWNER,
        body=NewShipment,
        answer=Order,
        errors=("conflict",),
        example={"tracking": "00340434161094042557", "carrier": "DHL", "status": "in_transit"},
    ),
    Route(
        method="GET",
        path="/v1/orders/{order}/ledger",
        does="Where an order's money went; its buyer sees what they paid and got back.",
        handle=aftercare.ledger,
        who=Who.OWNER,
        answer=LedgerAnswer,
    ),
)
