"""The HTTP API: every route there is."""

from __future__ import annotations

from typing import Final

from web import (
    audit,
    bank,
    client,
    documents,
    files,
    health,
    pages,
    static_files,
    upgrade,
    webhooks,
)
from web.answers import Alive, AuditAnswer, ChargePage, Done, Ready
from web.buying_routes import CART, CHECKOUTS, ORDERS
from web.event_routes import EVENTS
from web.route import Handle, Route, Who
from web.selling_routes import PRODUCTS, SHOWS
from web.static_files import ELEMENT

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


def _page(path: str, does: str, handle: Handle, *errors: str) -> Route:
    return Route(
        method="GET",
        path=path,
        does=does,
        handle=handle,
        media=HTML,
        errors=("unavailable", *errors),
    )


PAGES: Final = (
    _page("/", "The LIVEs: on air, to come, over.", pages.shows),
    _page("/watch/{show}", "The viewer's page.", pages.watch),
    _page(
        "/embed/{show}",
        "The viewer's page for a frame of an allowed origin.",
        pages.embed,
        "forbidden",
    ),
    _page("/host/{show}", "The host's console.", pages.host),
    Route(
        method="GET",
        path="/v1/client",
        does="Tell a browser's page whether it may connect, and what to set if not.",
        handle=client.client,
        answer=client.ClientAnswer,
        needs_stores=False,
    ),
)


def _script(path: str, does: str, name: str, media: str = "text/javascript") -> Route:
    return Route(
        method="GET",
        path=path,
        does=does,
        handle=static_files.entry(name),
        media=media,
        limited=False,
    )


FILES: Final = (
    _script("/yellowcart.js", "The SDK for browsers.", "yellowcart.js"),
    _script("/yellowcart.d.ts", "Its types.", "yellowcart.d.ts", "application/typescript"),
    _script("/yellow-cart.js", "The element for other people's pages.", ELEMENT),
    _script("/sdk/v1/yellowcart.js", "The SDK by its version.", "yellowcart.js"),
    _script("/sdk/v1/yellow-cart.js", "The element by its version.", ELEMENT),
    Route(
        method="GET",
        path="/static/{file}",
        does="What our pages load, under a hash of it all.",
        handle=static_files.hashed,
        media="application/octet-stream",
        free=True,
        limited=False,
    ),
    Route(
        method="GET",
        path="/demo/{file}",
        does="A picture of the demo's products, or its film.",
        handle=files.demo,
        media="application/octet-stream",
        free=True,
        limited=False,
    ),
    Route(
        method="GET",
        path="/assets/{file}",
        does="What /docs looks like.",
        handle=files.asset,
        media="text/css",
        free=True,
        limited=False,
    ),
)


ROUTES: Final[tuple[Route, ...]] = (
    *HEALTH,
    *DOCUMENTS,
    *SHOWS,
    *PRODUCTS,
    *CART,
    *CHECKOUTS,
    *ORDERS,
    *EVENTS,
    *BOOKS,
    *PAGES,
    *FILES,
)
"""Every route."""
