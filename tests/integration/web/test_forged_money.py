"""Money that a client makes up, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.web.conftest import Api

PRICES: list[dict[str, Any]] = [
    {"price": 1},
    {"unit_price": 1},
    {"total": 1},
    {"discount": 1998},
    {"currency": "JPY"},
    {"lines": [{"sku": "mug-blue", "qty": 1, "price": 1}]},
]


@pytest.mark.parametrize("qty", [-415, -1, 0, 1.5, "1", True, None, 1000, 2**63])
async def test_t31_a_negative_quantity_lowers_no_total_and_raises_no_stock(
    api: Api, qty: object
) -> None:
    """500 + (-415) = 85, and the stock rose from 998 to 1003 (newbee-mall 127).

    Guard: cart/cart.py ``Qty``; behind it store/redis/lua/hold.lua and cart_change.lua, each of
    which is enough for a number. Only web/reading.py refuses what is none.
    Kills: "bodies: a text is no number".
    """
    sku = await api.stocked(units=998)
    await api.ask("POST", "/v1/cart/lines", {"sku": sku, "qty": 500}, as_=api.buyer)

    body = {"sku": sku, "qty": qty}
    added = await api.ask("POST", "/v1/cart/lines", body, as_=api.buyer)
    bought = await api.opened(sku, qty=qty)

    assert [(answer.status, answer.code) for answer in (added, bought)] == [(400, "invalid")] * 2
    cart = (await api.ask("GET", "/v1/cart", as_=api.buyer)).body["cart"]
    assert (cart["count"], cart["total"]) == (500, 500 * 1999)
    product = (await api.ask("GET", "/v1/products/mug")).body
    assert product["skus"][0]["left"] == 998


@pytest.mark.parametrize("more", PRICES, ids=lambda more: next(iter(more)))
async def test_t32_a_price_that_the_client_sends_is_charged_nobody(
    api: Api, more: dict[str, Any]
) -> None:
    """The price in the request was the price that was charged (liberu 747, sahidawa 3048).

    Guard: ``forbid_unknown_fields`` of every body (web/bodies.py); checkout/pricing.py computes.
    Kills: "bodies: what nobody asked for is refused".
    """
    sku = await api.stocked()

    refused = await api.opened(sku, **more)
    opened = await api.opened(sku, key="second-try")
    checkout = opened.body["checkout"]
    ship_to = {"name": "Bea", "line1": "1 Sea Road", "city": "Porto", "country": "PT"}
    method = {"type": "card", "token": "tok_ok"}
    pay = {"method": method, "ship_to": ship_to, **more}
    paying = await api.ask("POST", f"/v1/checkouts/{checkout['id']}/pay", pay, as_=api.buyer)
    paid = await api.pay(checkout["id"])

    assert (refused.status, refused.code) == (400, "invalid")
    assert (paying.status, paying.code) == (400, "invalid")
    assert (paid.body["checkout"]["state"], paid.body["checkout"]["total"]) == ("paid", 1999)
    charges = await api.ask("GET", "/v1/sandbox/charges", as_=api.admin)
    assert [charge["captured"] for charge in charges.body["items"]] == [1999]


async def test_a28_an_order_goes_to_an_address_that_can_be_read(api: Api) -> None:
    """Line breaks, control characters and blanks went to the shop's labels and mails as typed."""
    checkout = (await api.opened(await api.stocked())).body["checkout"]
    method = {"type": "card", "token": "tok_ok"}
    home = {"name": "Bea\r\nBcc: x", "line1": "1 Sea\x00 Road", "city": "Porto", "country": "PT"}

    async def pay(**changes: str) -> Any:
        body = {"method": method, "ship_to": home | changes}
        return await api.ask("POST", f"/v1/checkouts/{checkout['id']}/pay", body, as_=api.buyer)

    blank = await pay(city=" ")
    (order,) = (await pay()).body["checkout"]["orders"]

    assert (blank.status, blank.code) == (400, "invalid")
    kept = (await api.ask("GET", f"/v1/orders/{order}", as_=api.buyer)).body["ship_to"]
    assert kept == {"name": "Bea Bcc: x", "line1": "1 Sea Road", "city": "Porto", "country": "PT"}
