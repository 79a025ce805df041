"""The route table: consistent in itself, and as the documents say."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from base.errors import STATUS
from web.route import Route, Who
from web.routes import ROUTES

HTTP = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")

CONTRACT = """
GET /
GET /watch/{show}
GET /host/{show}
GET /yellowcart.js
GET /healthz
GET /readyz
GET /metrics
GET /openapi.json
GET /asyncapi.json
GET /docs
GET /v1/shows
GET /v1/shows/{show}
POST /v1/shows
POST /v1/shows/{show}/start
POST /v1/shows/{show}/end
POST /v1/shows/{show}/pin
POST /v1/shows/{show}/unpin
POST /v1/shows/{show}/bag
DELETE /v1/shows/{show}/bag/{product}
GET /v1/products
GET /v1/products/{product}
POST /v1/products
PATCH /v1/products/{product}
POST /v1/skus/{sku}/stock
GET /v1/cart
POST /v1/cart/lines
PUT /v1/cart/lines/{sku}
DELETE /v1/cart
POST /v1/checkouts
GET /v1/checkouts/{checkout}
POST /v1/checkouts/{checkout}/pay
POST /v1/checkouts/{checkout}/cancel
GET /v1/orders
GET /v1/orders/{order}
POST /v1/orders/{order}/cancel
POST /v1/orders/{order}/refunds
POST /v1/orders/{order}/shipment
GET /v1/orders/{order}/ledger
POST /v1/payments/{provider}/webhook
GET /v1/events
GET /v1/sandbox/charges
GET /v1/audit
"""


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_every_route_of_the_contract_is_there_once() -> None:
    names = [name(route) for route in ROUTES]

    assert len(names) == len(set(names))
    assert set(names) >= set(CONTRACT.split("\n")[1:-1])


@pytest.mark.parametrize("route", [r for r in ROUTES if r.body is not None], ids=name)
def test_an_example_is_a_body_of_its_route(route: Route) -> None:
    assert route.body is not None
    assert isinstance(msgspec.convert(dict(route.example), route.body), route.body)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_route_says_what_it_does_and_gives_codes_that_exist(route: Route) -> None:
    assert route.does.endswith(".")
    assert set(route.codes) <= set(STATUS)


def test_codes_follow_from_what_a_route_is() -> None:
    codes = {name(route): set(route.codes) for route in ROUTES}

    assert codes["GET /healthz"] == set()
    assert codes["GET /v1/shows/{show}"] == {"not_found", "rate_limited", "unavailable"}
    assert codes["GET /v1/cart"] == {"rate_limited", "unauthorized", "unavailable"}
    assert codes["POST /v1/shows/{show}/pin"] == {
        "closed",
        "forbidden",
        "invalid",
        "not_found",
        "rate_limited",
        "too_large",
        "unauthorized",
        "unavailable",
    }


def rows() -> dict[str, list[str]]:
    """The tables of docs/http.md by route."""
    found = {}
    for line in HTTP.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.match(r"\| `(GET|POST|PUT|PATCH|DELETE) ", line):
            found[cells[0].strip("`")] = cells
    return found


def test_the_document_lists_exactly_the_routes_there_are() -> None:
    assert set(rows()) == {name(route) for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_the_document_says_who_may_ask_and_which_codes_come(route: Route) -> None:
    """Codes that every such route gives stand once, above the tables."""
    _, who, status, codes, _ = rows()[name(route)]

    everywhere = {"rate_limited", "unavailable", "invalid", "too_large", "unauthorized"}
    assert who == SHORT[route.who]
    good = "201" if route.made else "200"
    assert status == ("101" if "/live" in name(route) else good)
    assert set(re.findall(r"`(\w+)`", codes)) == set(route.codes) - everywhere


SHORT = {
    Who.PUBLIC: "all",
    Who.ANYBODY: "token",
    Who.HOST: "host",
    Who.SELLER: "seller",
    Who.OWNER: "owner",
    Who.ADMIN: "admin",
    Who.PROVIDER: "signature",
}


@pytest.mark.parametrize("code", STATUS)
def test_the_document_lists_every_error_with_its_status(code: str) -> None:
    assert re.search(rf"^\| `{code}` \| {STATUS[code]} \|", HTTP, re.MULTILINE)
