"""The HTTP API: every route, in the order of the contract."""

from __future__ import annotations

from typing import Final

from checkout.order import Order
from live.show import NewShow, Show
from shop.product import NewProduct, PatchProduct, Product, Sku
from web import (
    bank,
    books,
    carts,
    checkouts,
    documents,
    files,
    health,
    later,
    orders,
    products,
    shows,
    upgrade,
)
from web.answers import (
    Alive,
    AuditAnswer,
    BagAnswer,
    CartAnswer,
    ChargePage,
    CheckoutAnswer,
    Done,
    OrderPage,
    ProductPage,
    Ready,
    ShowPage,
)
from web.bodies import (
    LineUnits,
    NewCheckout,
    NewLine,
    NoFields,
    OneProduct,
    Payment,
    StockChange,
)
from web.route import Route, Who

__all__ = ["ROUTES"]

HTML: Final = "text/html"
ADDRESS: Final = {"name": "Ada", "line1": "1 Sea Road", "city": "Porto", "country": "PT"}
MUG: Final = {
    "id": "mug",
    "title": "Sunrise mug",
    "description": "Stoneware, 350 ml.",
    "images": ["/demo/mug-sunrise.svg"],
    "skus": [{"id": "mug-blue", "title": "Blue", "price": 1999, "currency": "USD"}],
}

HEALTH: Final = (
    Route(
        method="GET",
        path="/healthz",
        does="Tell that the server runs.",
        handle=health.alive,
        answer=Alive,
        limited=False,
    ),
    Route(
        method="GET",
        path="/readyz",
        does="Tell whether this node can sell: 200, or 503 with the part that it lacks.",
        handle=health.ready,
        answer=Ready,
        limited=False,
    ),
    Route(
        method="GET",
        path="/metrics",
        does="Measurements of all workers of this machine, for Prometheus; off loopback only"
        " to an admin.",
        handle=health.measure,
        media="text/plain",
        errors=("unauthorized", "forbidden"),
        limited=False,
    ),
)

DOCUMENTS: Final = (
    Route(
        method="GET",
        path="/openapi.json",
        does="This API, for machines (OpenAPI 3.1).",
        handle=documents.openapi,
        media="application/json",
    ),
    Route(
        method="GET",
        path="/asyncapi.json",
        does="The WebSocket protocol, for machines (AsyncAPI 3.0).",
        handle=documents.asyncapi,
        media="application/json",
    ),
    Route(
        method="GET",
        path="/docs",
        does="Both, for people.",
        handle=documents.page,
        media=HTML,
    ),
    Route(
        method="GET",
        path="/live",
        does="Open a WebSocket; the protocol has a document of its own.",
        handle=upgrade.hand_over,
        media="application/octet-stream",
        errors=("invalid",),
    ),
)

SHOWS: Final = (
    Route(
        method="GET",
        path="/v1/shows",
        does="List shows by id.",
        handle=shows.list_all,
        answer=ShowPage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/shows/{show}",
        does="Read a show.",
        handle=shows.get,
        answer=Show,
    ),
    Route(
        method="POST",
        path="/v1/shows",
        does="Make a show; who makes it is its host.",
        handle=shows.create,
        who=Who.HOST,
        body=NewShow,
        answer=Show,
        made=True,
        errors=("conflict",),
        example={"id": "friday", "title": "Friday night mugs"},
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/start",
        does="Go live; a live show stays as it is.",
        handle=shows.start,
        who=Who.HOST,
        body=NoFields,
        answer=Done,
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/end",
        does="End the show, unpinning first.",
        handle=shows.end,
        who=Who.HOST,
        body=NoFields,
        answer=Done,
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/pin",
        does="Show a product of the bag to everybody.",
        handle=shows.pin,
        who=Who.HOST,
        body=OneProduct,
        answer=Done,
        errors=("closed",),
        example={"product": "mug"},
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/unpin",
        does="Take the pinned product away.",
        handle=shows.unpin,
        who=Who.HOST,
        body=NoFields,
        answer=Done,
        errors=("closed",),
    ),
    Route(
        method="POST",
        path="/v1/shows/{show}/bag",
        does="Put a product at the end of the bag.",
        handle=shows.add_product,
        who=Who.HOST,
        body=OneProduct,
        answer=BagAnswer,
        errors=("limit",),
        example={"product": "mug"},
    ),
    Route(
        method="DELETE",
        path="/v1/shows/{show}/bag/{product}",
        does="Take a product out of the bag, unpinning it first.",
        handle=shows.remove_product,
        who=Who.HOST,
        body=NoFields,
        answer=BagAnswer,
    ),
)

PRODUCTS: Final = (
    Route(
        method="GET",
        path="/v1/products",
        does="List products by id.",
        handle=products.list_all,
        answer=ProductPage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/products/{product}",
        does="Read a product in full.",
        handle=products.get,
        answer=Product,
    ),
    Route(
        method="POST",
        path="/v1/products",
        does="List a product; a seller may leave its shop out.",
        handle=products.create,
        who=Who.SELLER,
        body=NewProduct,
        answer=Product,
        made=True,
        errors=("conflict",),
        example=MUG,
    ),
    Route(
        method="PATCH",
        path="/v1/products/{product}",
        does="Change what the body names; SKUs are changed and added, never removed.",
        handle=products.patch,
        who=Who.SELLER,
        body=PatchProduct,
        answer=Product,
        errors=("conflict", "limit"),
        example={"title": "Sunset mug"},
    ),
    Route(
        method="POST",
        path="/v1/skus/{sku}/stock",
        does="Add units, or set how many are left to sell; once per key.",
        handle=products.change_stock,
        who=Who.SELLER,
        body=StockChange,
        answer=Sku,
        errors=("conflict", "key_reused", "limit"),
        example={"add": 20, "key": "delivery-0815"},
    ),
)

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
)

BOOKS: Final = (
    Route(
        method="POST",
        path="/v1/payments/{provider}/webhook",
        does="Take a webhook of the payment provider in; its raw bytes are verified first.",
        handle=books.take_webhook,
        who=Who.PROVIDER,
        answer=Done,
        raw=True,
        limited=False,
    ),
    Route(
        method="GET",
        path="/v1/sandbox/charges",
        does="List what the practice provider itself holds.",
        handle=books.list_charges,
        who=Who.ADMIN,
        answer=ChargePage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/audit",
        does="Check the invariants now.",
        handle=books.audit,
        who=Who.ADMIN,
        answer=AuditAnswer,
    ),
    Route(
        method="GET",
        path="/sandbox/{tail}",
        does="The practice bank's confirmation page.",
        handle=bank.show,
        media=HTML,
        free=True,
        errors=("unavailable",),
    ),
    Route(
        method="POST",
        path="/sandbox/{tail}",
        does="Confirm or refuse a payment on that page.",
        handle=bank.show,
        media=HTML,
        free=True,
        errors=("unavailable",),
    ),
)

FILES: Final = (
    Route(
        method="GET",
        path="/demo/{file}",
        does="A picture of the demo's products.",
        handle=files.picture,
        media="image/svg+xml",
        free=True,
        limited=False,
    ),
    Route(
        method="GET",
        path="/assets/{file}",
        does="What our own pages look like.",
        handle=files.asset,
        media="text/css",
        free=True,
        limited=False,
    ),
)


def _later(method: str, path: str, does: str) -> Route:
    return Route(method=method, path=path, does=does, handle=later.route, later=True)


def _page(path: str, does: str) -> Route:
    return Route(method="GET", path=path, does=does, handle=later.page, media=HTML, later=True)


LATER: Final = (
    _page("/", "The shows on air."),
    _page("/watch/{show}", "The viewer's page."),
    _page("/host/{show}", "The host's console."),
    _page("/yellowcart.js", "The SDK for browsers."),
    _later("GET", "/v1/events", "What happened, in order."),
    _later("POST", "/v1/orders/{order}/cancel", "Cancel an order."),
    _later("POST", "/v1/orders/{order}/refunds", "Refund an order."),
    _later("POST", "/v1/orders/{order}/shipment", "Tell that an order was sent."),
    _later("GET", "/v1/orders/{order}/ledger", "An order's entries in the ledger."),
)

ROUTES: Final[tuple[Route, ...]] = (
    *HEALTH,
    *DOCUMENTS,
    *SHOWS,
    *PRODUCTS,
    *CART,
    *CHECKOUTS,
    *ORDERS,
    *BOOKS,
    *FILES,
    *LATER,
)
"""Every route."""
