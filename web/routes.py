"""The HTTP API: every route there is."""

from __future__ import annotations

from typing import Final

from web import audit, bank, documents, files, health, later, upgrade, webhooks
from web.answers import Alive, AuditAnswer, ChargePage, Done, Ready
from web.buying_routes import CART, CHECKOUTS, ORDERS
from web.route import Route, Who
from web.selling_routes import PRODUCTS, SHOWS

__all__ = ["ROUTES"]

HTML: Final = "text/html"
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

BOOKS: Final = (
    Route(
        method="POST",
        path="/v1/payments/{provider}/webhook",
        does="Take a webhook of the payment provider in; its raw bytes are verified first.",
        handle=webhooks.receive,
        who=Who.PROVIDER,
        answer=Done,
        raw=True,
        limited=False,
    ),
    Route(
        method="GET",
        path="/v1/sandbox/charges",
        does="List what the practice provider itself holds.",
        handle=audit.list_charges,
        who=Who.ADMIN,
        answer=ChargePage,
        lists=True,
    ),
    Route(
        method="GET",
        path="/v1/audit",
        does="Check the invariants now.",
        handle=audit.audit,
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
