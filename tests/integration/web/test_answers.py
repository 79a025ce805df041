"""Good answers: of the shape that the documents promise, and true."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.integration.web.conftest import Answer, Api, MakeApi
from tests.integration.web.refusing import ordered, refund, ship
from tests.receiver import receiver, verified
from tests.selling import ADMIN
from tests.waiting import until, until_told
from web.route import Route
from web.routes import ROUTES


class Walk:
    """Asks routes of the table, and keeps which ones it has seen."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.seen: set[tuple[str, str]] = set()

    async def __call__(
        self, method: str, template: str, as_: str | None = None, **more: Any
    ) -> Any:
        (route,) = [r for r in ROUTES if (r.method, r.path) == (method, template)]
        path = template
        for name in route.path_ids:
            path = path.replace("{" + name + "}", more.pop(name))
        answer = await self._api.ask(method, path, more.pop("body", None), as_=as_, **more)
        fits(route, answer)
        self.seen.add((method, template))
        return answer.body


def fits(route: Route, answer: Answer) -> None:
    assert answer.status == (201 if route.made else 200), answer.body
    assert answer.media == route.media
    if route.answer is not None:
        told = msgspec.convert(answer.body, route.answer)
        # Nothing more, and nothing lost: what the document names is all there is.
        assert msgspec.json.decode(msgspec.json.encode(told)) == answer.body


async def test_every_route_answers_with_the_shape_that_it_declares(api: Api) -> None:
    walk = Walk(api)
    await sell(walk, api)
    bought = await buy(walk, api)
    await look_around(walk, api, bought)
    await hear(walk, api, bought)
    await after_the_payment(walk, api, bought)

    declared = {(r.method, r.path) for r in ROUTES if not r.raw and not r.free}
    assert walk.seen == declared - {("GET", "/live")}


async def sell(walk: Walk, api: Api) -> None:
    example = {(r.method, r.path): dict(r.example) for r in ROUTES}
    new = example["POST", "/v1/products"]
    product = await walk("POST", "/v1/products", api.seller, body=new)
    assert product["shop"] == "mugs"
    patch = example["PATCH", "/v1/products/{product}"]
    patched = await walk("PATCH", "/v1/products/{product}", api.seller, product="mug", body=patch)
    assert patched["title"] == "Sunset mug"
    stock = {"key": "first-delivery", "set": 5}
    sku = await walk("POST", "/v1/skus/{sku}/stock", api.seller, sku="mug-blue", body=stock)
    assert sku["left"] == 5

    show = await walk("POST", "/v1/shows", api.host, body=example["POST", "/v1/shows"])
    assert (show["state"], show["host"]) == ("scheduled", {"id": "hanna", "name": "Hanna"})
    at = {"show": "friday"}
    mug = {"product": "mug"}
    bag = await walk("POST", "/v1/shows/{show}/bag", api.host, body=mug, **at)
    assert bag["bag"][0]["position"] == 1
    assert await walk("POST", "/v1/shows/{show}/start", api.host, **at) == {}
    assert await walk("POST", "/v1/shows/{show}/pin", api.host, body=mug, **at) == {}
    assert await walk("POST", "/v1/shows/{show}/unpin", api.host, **at) == {}
    gone = await walk("DELETE", "/v1/shows/{show}/bag/{product}", api.host, product="mug", **at)
    assert gone == {"bag": []}
    assert await walk("POST", "/v1/shows/{show}/end", api.host, **at) == {}


async def buy(walk: Walk, api: Api) -> dict[str, Any]:
    line = {"sku": "mug-blue", "qty": 1}
    cart = await walk("POST", "/v1/cart/lines", api.buyer, body=line)
    assert cart["cart"]["count"] == 1
    cart = await walk("PUT", "/v1/cart/lines/{sku}", api.buyer, sku="mug-blue", body={"qty": 2})
    assert cart["cart"]["total"] == 3998
    assert (await walk("GET", "/v1/cart", api.buyer)) == cart

    key = {"Idempotency-Key": "whole-cart"}
    body = {"expected_total": 3998}
    opened = await walk("POST", "/v1/checkouts", api.buyer, body=body, headers=key)
    ident = opened["checkout"]["id"]
    ship_to = {"name": "Bea", "line1": "1 Sea Road", "city": "Porto", "country": "PT"}
    card = {"method": {"type": "card", "token": "tok_ok"}, "ship_to": ship_to}
    paid = await walk("POST", "/v1/checkouts/{checkout}/pay", api.buyer, checkout=ident, body=card)
    assert paid["checkout"]["state"] == "paid"
    assert (await walk("GET", "/v1/cart", api.buyer))["cart"]["count"] == 0
    await walk("DELETE", "/v1/cart", api.buyer)
    same = await walk("POST", "/v1/checkouts/{checkout}/cancel", api.buyer, checkout=ident)
    assert same["checkout"]["state"] == "paid"
    found = await walk("GET", "/v1/checkouts/{checkout}", api.buyer, checkout=ident)
    assert found == paid
    return dict(paid["checkout"])


async def look_around(walk: Walk, api: Api, bought: dict[str, Any]) -> None:
    (order,) = bought["orders"]
    orders = await walk("GET", "/v1/orders", api.buyer)
    assert [item["id"] for item in orders["items"]] == [order]
    assert await walk("GET", "/v1/orders", api.seller) == orders
    assert (await walk("GET", "/v1/orders/{order}", api.buyer, order=order))["total"] == 3998
    charges = await walk("GET", "/v1/sandbox/charges", api.admin)
    assert [(item["checkout"], item["captured"]) for item in charges["items"]] == [
        (bought["id"], 3998)
    ]
    audit = await walk("GET", "/v1/audit", api.admin)
    names = {check["name"] for check in audit["checks"]}
    assert audit["ok"]
    assert names >= {"stock", "holds", "claims", "orders", "payments", "ledger"}

    assert (await walk("GET", "/v1/shows/{show}", show="friday"))["state"] == "ended"
    sold = await walk("GET", "/v1/shows/{show}/sales", api.host, show="friday")
    assert sold == {"items": [], "sales": []}, "the cart named no show"
    assert (await walk("GET", "/v1/products/{product}", product="mug"))["skus"][0]["left"] == 3
    for path in ("/v1/shows", "/v1/products"):
        assert len((await walk("GET", path))["items"]) == 1
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/docs"):
        await walk("GET", path)
    for path in ("/", "/yellowcart.js", "/yellowcart.d.ts", "/yellow-cart.js"):
        await walk("GET", path)
    for path in ("/sdk/v1/yellowcart.js", "/sdk/v1/yellow-cart.js"):
        await walk("GET", path)
    for path in ("/watch/{show}", "/embed/{show}", "/host/{show}"):
        await walk("GET", path, show="friday")
    assert (await walk("GET", "/v1/client"))["allowed"]


async def hear(walk: Walk, api: Api, bought: dict[str, Any]) -> None:
    events = await walk("GET", "/v1/events", api.seller)
    assert [event["kind"] for event in events["items"]] == [
        "product.created",
        "product.changed",
        "stock.changed",
        "order.paid",
    ]
    last = events["items"][-1]
    assert last["data"]["order"]["id"] == bought["orders"][0]
    after = await api.ask("GET", f"/v1/events?after={last['id']}", as_=api.seller)
    assert after.body == {"items": [], "next": None}
    lost = await api.ask("GET", "/v1/events?after=evt_unknown", as_=api.seller)
    assert (lost.code, "90 days" in lost.body["detail"]) == ("invalid", True)

    async with receiver() as shop:
        body = {"url": shop.url, "kinds": ["order.paid"]}
        made = await walk("POST", "/v1/webhooks", api.seller, body=body)
        at = {"webhook": made.pop("id")}
        secret = made.pop("secret")
        again = "/v1/webhooks/{webhook}/deliveries/{event}/redeliver"
        await walk("POST", again, api.seller, event=last["id"], **at)
        await until(lambda: bool(shop.got))
        assert shop.got[0].event == last
        assert verified(secret, shop.got[0].headers, shop.got[0].body)

        async def logged() -> bool:
            return bool((await api.node.endpoints.deliveries(ADMIN, at["webhook"], None, 1))[0])

        await until_told(logged)
        tried = await walk("GET", "/v1/webhooks/{webhook}/deliveries", api.seller, **at)
        assert (tried["items"][0]["event"], tried["items"][0]["status"]) == (last["id"], 200)
        found = await walk("GET", "/v1/webhooks", api.seller)
        assert found["items"] == [{"id": at["webhook"], **made}]
        assert await walk("DELETE", "/v1/webhooks/{webhook}", api.seller, **at) == {}


async def after_the_payment(walk: Walk, api: Api, bought: dict[str, Any]) -> None:
    at = {"order": bought["orders"][0]}
    line = {"lines": [{"sku": "mug-blue", "qty": 1}]}
    path = "/v1/orders/{order}/cancel"
    cancelled = await walk("POST", path, api.buyer, body={**line, "reason": "One will do."}, **at)
    assert (cancelled["state"], cancelled["refunded_total"]) == ("awaiting_shipment", 1999)
    body = {"tracking": "DHL-1", "carrier": "DHL"}
    sent = await walk("POST", "/v1/orders/{order}/shipment", api.seller, body=body, **at)
    assert (sent["state"], sent["tracking"]) == ("in_transit", "DHL-1")
    more = {"body": {"amount": 500, "reason": "Scratched."}, **at}
    more["headers"] = {"Idempotency-Key": "scratched"}
    refund = await walk("POST", "/v1/orders/{order}/refunds", api.seller, **more)
    assert (refund["state"], refund["amount"], refund["lines"]) == ("succeeded", 500, [])
    ledger = await walk("GET", "/v1/orders/{order}/ledger", api.seller, **at)
    assert sum(item["amount"] for item in ledger["items"]) == 0
    mine = await walk("GET", "/v1/orders/{order}/ledger", api.buyer, **at)
    assert [item["amount"] for item in mine["items"]] == [3998, -1999, -500]
    assert (await walk("GET", "/v1/audit", api.admin))["ok"]
    assert (await walk("GET", "/v1/products/{product}", product="mug"))["skus"][0]["left"] == 4


async def test_the_same_refund_has_the_same_answer(api: Api) -> None:
    order = await ordered(api)

    first = await refund(api, order, lines=[{"sku": "mug-blue", "qty": 1}])
    again = await refund(api, order, lines=[{"sku": "mug-blue", "qty": 1}])

    assert (first.status, first.body) == (201, again.body)
    assert first.body["amount"] == 1999


async def test_buyers_and_strangers_neither_refund_nor_send(api: Api) -> None:
    order = await ordered(api)
    eve, other_shop = api.token("eve"), api.token("olga", "seller", shop="hats")
    headers = {"Idempotency-Key": "sneaky-refund"}

    for path in ("refunds", "shipment"):
        for who, code in ((api.buyer, "forbidden"), (eve, "not_found"), (other_shop, "not_found")):
            url = f"/v1/orders/{order}/{path}"
            assert (await api.ask("POST", url, {}, as_=who, headers=headers)).code == code
    for who in (eve, other_shop):
        for method, path in (("GET", "ledger"), ("POST", "cancel")):
            answer = await api.ask(method, f"/v1/orders/{order}/{path}", as_=who)
            assert answer.code == "not_found"


async def test_what_a_refund_is_not(api: Api) -> None:
    order = await ordered(api)
    line = {"sku": "mug-blue", "qty": 1}
    bodies: tuple[dict[str, Any], ...] = (
        {"amount": 0},
        {"amount": -1},
        {"amount": 1.5},
        {"amount": True},
        {"amount": 2**53},
        {"amount": 1, "lines": [line]},
        {"amount": 1, "restock": True},
        {"lines": []},
        {"lines": [{**line, "qty": 0}]},
        {"lines": [{**line, "price": 1}]},
        {"lines": [line, line]},
        {"lines": [{"sku": "hat", "qty": 1}]},
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": 7},
    )

    for body in bodies:
        answer = await refund(api, order, **body)
        assert answer.code == "invalid", body
    charges = (await api.ask("GET", "/v1/sandbox/charges", as_=api.admin)).body["items"]
    assert [charge["refunded"] for charge in charges] == [0]


async def test_the_settings_for_orders_are_heard(make_api: MakeApi) -> None:
    terms = {"free_cancel_seconds": 3600, "platform_fee_bps": 250, "cancel_approval": "seller"}
    async with make_api(commands_per_second=10_000, commands_burst=10_000, **terms) as api:
        order = await ordered(api)
        seen = (await api.ask("GET", f"/v1/orders/{order}", as_=api.seller)).body
        ledger = (await api.ask("GET", f"/v1/orders/{order}/ledger", as_=api.seller)).body

        assert (seen["state"], seen["ship_to"]["line1"]) == ("on_hold", "***")
        assert {item["account"]: item["amount"] for item in ledger["items"]} == {
            "provider_clearing": 1999,
            "platform_fee": -49,
            "shop_payable:mugs": -1950,
        }
        sent = await ship(api, order)
        assert (sent.code, "until" in sent.body["data"]) == ("conflict", True)


async def test_the_same_key_and_body_give_the_same_checkout(api: Api) -> None:
    sku = await api.stocked()
    await api.live_show()

    first = await api.opened(sku, show="friday")
    again = await api.opened(sku)

    assert (first.status, first.body) == (201, again.body)


async def test_a08_what_is_somebody_elses_is_not_found(api: Api) -> None:
    opened = await api.opened(await api.stocked())
    ident = opened.body["checkout"]["id"]
    order = (await api.pay(ident)).body["checkout"]["orders"][0]
    eve, other_shop = api.token("eve"), api.token("olga", "seller", shop="hats")

    for path, who in (
        (f"/v1/checkouts/{ident}", eve),
        (f"/v1/orders/{order}", eve),
        (f"/v1/orders/{order}", other_shop),
    ):
        assert (await api.ask("GET", path, as_=who)).code == "not_found"
    assert (await api.ask("GET", "/v1/orders", as_=other_shop)).body["items"] == []


async def test_other_hosts_and_sellers_are_refused(api: Api) -> None:
    await api.stocked()
    await api.live_show()
    host, seller = api.token("hugo", "host"), api.token("olga", "seller", shop="hats")

    start = await api.ask("POST", "/v1/shows/friday/start", as_=host)
    patch = await api.ask("PATCH", "/v1/products/mug", {"title": "x"}, as_=seller)
    stock = {"add": 1, "key": "sneaky-delivery"}
    added = await api.ask("POST", "/v1/skus/mug-blue/stock", stock, as_=seller)

    assert [answer.code for answer in (start, patch, added)] == ["forbidden"] * 3


async def test_a_list_goes_on_where_its_cursor_says(api: Api) -> None:
    for show in ("a", "b", "c"):
        await api.ask("POST", "/v1/shows", {"id": show, "title": show}, as_=api.host)

    first = (await api.ask("GET", "/v1/shows?limit=2")).body
    rest = (await api.ask("GET", f"/v1/shows?limit=2&after={first['next']}")).body

    assert [show["id"] for show in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None


async def test_guests_shop_with_their_guest_token(api: Api) -> None:
    sku = await api.stocked()
    _, guest = api.node.tokens.guest()

    cart = await api.ask("POST", "/v1/cart/lines", {"sku": sku, "qty": 1}, as_=guest)

    assert cart.body["cart"]["count"] == 1


async def test_public_routes_ignore_a_token_that_does_not_hold(api: Api) -> None:
    assert (await api.ask("GET", "/v1/shows", as_="rubbish")).status == 200


async def test_an_empty_body_is_an_object_without_fields(api: Api) -> None:
    await api.ask("POST", "/v1/cart/lines", {"sku": await api.stocked(), "qty": 1}, as_=api.buyer)

    key = {"Idempotency-Key": "empty-body"}
    opened = await api.ask("POST", "/v1/checkouts", as_=api.buyer, headers=key)

    assert opened.status == 201
