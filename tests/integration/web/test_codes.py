"""Every route, and every code that it says it can give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import pytest

from base.errors import STATUS
from live.node import sandbox_socket
from tests.integration.web.conftest import Answer, Api, MakeApi
from web.route import Route, Who
from web.routes import ROUTES

IDS: Final = {
    "show": "friday",
    "product": "mug",
    "sku": "mug-blue",
    "checkout": "co_nobody",
    "order": "or_nobody",
    "provider": "sandbox",
    "tail": "3ds.css",
    "file": "nothing.svg",
}
KEYS: Final = {"Idempotency-Key": "table-driven"}
JSON: Final = {"Content-Type": "application/json"}
EVERYWHERE: Final = {
    "forbidden",
    "invalid",
    "not_found",
    "rate_limited",
    "too_large",
    "unauthorized",
    "unavailable",
}
"""Codes that one test below tries on every route that can give them."""


def path_of(route: Route, **ids: str) -> str:
    path = route.path
    for name in route.path_ids:
        path = path.replace("{" + name + "}", {**IDS, **ids}[name])
    return path


def token_for(api: Api, route: Route) -> str | None:
    tokens = {Who.HOST: api.host, Who.SELLER: api.seller, Who.ADMIN: api.admin}
    return None if route.who in {Who.PUBLIC, Who.PROVIDER} else tokens.get(route.who, api.buyer)


async def ask(api: Api, route: Route, *, as_: str | None = None, **more: Any) -> Answer:
    headers = {**(KEYS if route.keyed else {}), **more.pop("headers", {})}
    if not {"body", "data"} & more.keys() and route.example:
        more["body"] = dict(route.example)
    return await api.ask(
        route.method, more.pop("path", path_of(route)), as_=as_, headers=headers, **more
    )


def giving(code: str, *, who: set[Who] | None = None) -> list[Route]:
    return [route for route in ROUTES if code in route.codes and (who is None or route.who in who)]


def told(route: Route, answer: Answer, code: str) -> None:
    where = f"{route.method} {route.path}"
    assert answer.media == "application/problem+json", where
    assert (answer.status, answer.code) == (STATUS[code], code), f"{where}: {answer.body}"
    assert answer.body["status"] == answer.status
    assert set(answer.body) <= {"type", "title", "status", "detail", "code", "data"}


async def test_routes_that_need_somebody_refuse_nobody(api: Api) -> None:
    routes = [route for route in giving("unauthorized") if route.path != "/metrics"]

    for route in routes:
        told(route, await ask(api, route), "unauthorized")
        broken = await ask(api, route, as_="not.a.token")
        told(route, broken, "unauthorized")
        assert broken.headers["WWW-Authenticate"] == "Bearer"


async def test_routes_of_hosts_sellers_and_admins_refuse_viewers(api: Api) -> None:
    await api.stocked()
    await api.live_show()

    for route in giving("forbidden", who={Who.HOST, Who.SELLER, Who.ADMIN}):
        told(route, await ask(api, route, as_=api.buyer), "forbidden")


async def test_routes_that_change_something_refuse_pages_of_foreign_origins(api: Api) -> None:
    foreign = {"Origin": "https://evil.example"}

    for route in giving("forbidden"):
        if route.changes:
            token = token_for(api, route)
            answer = await ask(api, route, as_=token, headers=foreign)
            told(route, answer, "forbidden")
            assert "YELLOWCART_ALLOWED_ORIGINS" in answer.body["detail"]


WEBHOOK: Final = msgspec.json.encode(
    {
        "id": "evt_1",
        "data": {
            "id": "pay_nobody",
            "status": "succeeded",
            "amount": 1999,
            "currency": "USD",
            "captured": 1999,
            "refunded": 0,
            "metadata": {},
        },
    }
)

BROKEN: Final = (
    b"{",
    b"[]",
    b"null",
    b'{"a": 1, "a": 2}',
    b'{"a": NaN}',
    b'{"unknown_field": 1}',
    b"\xff",
    b'{"a": "\\ud800"}',
    b"[" * 50_000,
    b"1" * 5_000,
)


@pytest.mark.parametrize("data", BROKEN, ids=lambda data: repr(data[:16]))
async def test_routes_with_a_body_refuse_one_that_is_not_of_its_form(
    api: Api, data: bytes
) -> None:
    await api.stocked()
    await api.live_show()

    for route in ROUTES:
        if route.body is not None:
            token = token_for(api, route)
            told(route, await ask(api, route, as_=token, data=data, headers=JSON), "invalid")


async def test_routes_with_a_body_refuse_one_that_is_encoded_or_not_json(api: Api) -> None:
    for route in ROUTES:
        token = token_for(api, route)
        if route.body is not None:
            text = {"Content-Type": "text/plain"}
            told(route, await ask(api, route, as_=token, data=b"{}", headers=text), "invalid")
        if route.body is not None or route.raw:
            packed = {**JSON, "Content-Encoding": "gzip"}
            told(route, await ask(api, route, as_=token, data=b"\x1f", headers=packed), "invalid")


async def test_an_unsigned_webhook_and_a_plain_get_of_live_are_invalid(api: Api) -> None:
    (webhook,) = [route for route in ROUTES if route.raw]
    (live,) = [route for route in ROUTES if route.path == "/live"]

    told(webhook, await ask(api, webhook, data=b"{}"), "invalid")
    told(live, await ask(api, live), "invalid")


async def test_lists_refuse_a_limit_or_a_cursor_that_cannot_be(api: Api) -> None:
    for route in ROUTES:
        if route.lists:
            for query in ("limit=0", "limit=101", "limit=x", "limit=1e1", "after=", "after=a%20b"):
                answer = await ask(
                    api, route, as_=token_for(api, route), path=f"{route.path}?{query}"
                )
                told(route, answer, "invalid")


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "has space!"])
async def test_keyed_routes_refuse_a_missing_or_bad_key(api: Api, key: str | None) -> None:
    for route in ROUTES:
        if route.keyed:
            headers = {} if key is None else {"Idempotency-Key": key}
            answer = await api.ask(
                route.method, route.path, dict(route.example), as_=api.buyer, headers=headers
            )
            told(route, answer, "invalid")


async def test_routes_with_a_body_refuse_a_large_one(api: Api) -> None:
    for route in giving("too_large"):
        most = 256 if route.raw else 64
        data = b" " * (most * 1024 + 1)
        answer = await ask(api, route, as_=token_for(api, route), data=data, headers=JSON)
        told(route, answer, "too_large")


@pytest.mark.parametrize("ident", ["nobody", "a.b", "x" * 65, "new%0Aline"])
async def test_routes_with_ids_do_not_find_unknown_ones(api: Api, ident: str) -> None:
    """The bank's pages are asked by other names than ids; later routes find nothing at all."""
    for route in giving("not_found"):
        if route.path_ids and not route.free:
            path = path_of(route, **dict.fromkeys(IDS, ident))
            token = token_for(api, route)
            told(route, await ask(api, route, as_=token, path=path), "not_found")


async def test_what_comes_later_is_not_found_and_says_so(api: Api) -> None:
    for route in ROUTES:
        if route.later:
            answer = await ask(api, route)
            told(route, answer, "not_found")
            assert "version" in answer.body["detail"]


async def test_the_bank_has_pages_only(api: Api) -> None:
    for route in ROUTES:
        if route.free:
            for path in ("/sandbox/", "/sandbox/x/../../v1/charges", "/sandbox/%2e%2e/v1/charges"):
                answer = await ask(api, route, path=path)
                assert answer.status == 404, path


async def test_over_budget_every_route_asks_to_come_back_later(make_api: MakeApi) -> None:
    async with make_api(commands_per_second=1, commands_burst=1, limit_loopback=True) as api:
        await api.ask("GET", "/v1/shows")

        for route in giving("rate_limited"):
            answer = await ask(api, route)
            told(route, answer, "rate_limited")
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.body["data"]["retry_after_ms"] > 0


async def test_without_stores_every_route_that_needs_them_is_unavailable(
    make_api: MakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    async with make_api(commands_per_second=10_000, commands_burst=10_000) as api:
        await api.node.stores.book.close()
        await api.node.stores.scripts.close()
        sandbox_socket(api.settings).unlink()

        for route in giving("unavailable"):
            more = {"data": WEBHOOK, "headers": api.signed(WEBHOOK)} if route.raw else {}
            answer = await ask(api, route, as_=token_for(api, route), **more)
            told(route, answer, "unavailable")
            assert answer.headers["Retry-After"] == "1"
            assert "Traceback" not in answer.raw.decode()
    assert caplog.records


Case = Callable[[Api], Awaitable[Answer]]


async def reserved(api: Api, **body: Any) -> str:
    opened = await api.opened(await api.stocked(), **body)
    assert opened.status == 201, opened.body
    return str(opened.body["checkout"]["id"])


async def many_skus(api: Api, product: str, count: int) -> list[str]:
    skus = [
        {"id": f"{product}-{n}", "title": f"No. {n}", "price": 100, "currency": "USD"}
        for n in range(count)
    ]
    made = await api.ask(
        "POST", "/v1/products", {"id": product, "title": product, "skus": skus}, as_=api.seller
    )
    assert made.status == 201, made.body
    return [str(sku["id"]) for sku in skus]


async def euro_mug(api: Api) -> None:
    skus = [{"id": "tasse", "title": "Tasse", "price": 1800, "currency": "EUR"}]
    body = {"id": "euro-mug", "title": "Tasse", "skus": skus}
    await api.ask("POST", "/v1/products", body, as_=api.seller)


async def same_show_again(api: Api) -> Answer:
    await api.stocked()
    await api.live_show()
    return await api.ask("POST", "/v1/shows", {"id": "friday", "title": "x"}, as_=api.host)


async def pin_before_start(api: Api) -> Answer:
    await api.stocked()
    await api.live_show()
    await api.ask("POST", "/v1/shows/friday/end", as_=api.host)
    return await api.ask("POST", "/v1/shows/friday/pin", {"product": "mug"}, as_=api.host)


async def unpin_after_end(api: Api) -> Answer:
    await pin_before_start(api)
    return await api.ask("POST", "/v1/shows/friday/unpin", as_=api.host)


async def bag_too_full(api: Api) -> Answer:
    await api.ask("POST", "/v1/shows", {"id": "friday", "title": "x"}, as_=api.host)
    answers = []
    for n in range(6):
        await many_skus(api, f"wall{n}", 100)
        body = {"product": f"wall{n}"}
        answers.append(await api.ask("POST", "/v1/shows/friday/bag", body, as_=api.host))
    assert [answer.status for answer in answers[:-1]] == [200] * 5
    return answers[-1]


async def same_product_again(api: Api) -> Answer:
    await api.stocked()
    skus = [{"title": "Red", "price": 1, "currency": "USD"}]
    body = {"id": "mug", "title": "Mug", "skus": skus}
    return await api.ask("POST", "/v1/products", body, as_=api.seller)


async def patch_currency(api: Api) -> Answer:
    await api.stocked()
    skus = [{"id": "mug-blue", "title": "Blue", "price": 1, "currency": "EUR"}]
    return await api.ask("PATCH", "/v1/products/mug", {"skus": skus}, as_=api.seller)


async def patch_too_many_skus(api: Api) -> Answer:
    await many_skus(api, "wall", 100)
    skus = [{"id": "wall-new", "title": "New", "price": 1, "currency": "USD"}]
    return await api.ask("PATCH", "/v1/products/wall", {"skus": skus}, as_=api.seller)


async def change_stock(api: Api, **body: object) -> Answer:
    body = {"key": "second-delivery", **body}
    return await api.ask("POST", "/v1/skus/mug-blue/stock", body, as_=api.seller)


async def take_too_many(api: Api) -> Answer:
    await api.stocked(units=5)
    return await change_stock(api, add=-6)


async def other_delivery_same_key(api: Api) -> Answer:
    await api.stocked()
    await change_stock(api, add=1)
    return await change_stock(api, add=2)


async def too_large_delivery(api: Api) -> Answer:
    await api.stocked()
    return await change_stock(api, add=1_000_000_001)


async def add_line(api: Api, sku: str, qty: int = 1) -> Answer:
    return await api.ask("POST", "/v1/cart/lines", {"sku": sku, "qty": qty}, as_=api.buyer)


async def add_other_currency(api: Api) -> Answer:
    await add_line(api, await api.stocked())
    await euro_mug(api)
    return await add_line(api, "tasse")


async def set_other_currency(api: Api) -> Answer:
    await add_other_currency(api)
    return await api.ask("PUT", "/v1/cart/lines/tasse", {"qty": 1}, as_=api.buyer)


async def add_too_many_units(api: Api) -> Answer:
    sku = await api.stocked()
    await add_line(api, sku, 999)
    return await add_line(api, sku)


async def set_too_many_lines(api: Api) -> Answer:
    *first, last = await many_skus(api, "wall", 51)
    await asyncio.gather(*(add_line(api, sku) for sku in first))
    return await api.ask("PUT", f"/v1/cart/lines/{last}", {"qty": 1}, as_=api.buyer)


async def check_out(api: Api, key: str = "whole-cart", **body: object) -> Answer:
    headers = {"Idempotency-Key": key}
    return await api.ask("POST", "/v1/checkouts", body, as_=api.buyer, headers=headers)


async def open_while_paying(api: Api) -> Answer:
    checkout = await reserved(api)
    await api.pay(checkout, "tok_3ds")
    answer = await api.opened("mug-blue", key="another-key")
    assert answer.body["data"] == {"checkout": checkout}
    return answer


async def other_body_same_key(api: Api) -> Answer:
    await reserved(api)
    return await api.opened("mug-blue", qty=2)


async def open_with_old_total(api: Api) -> Answer:
    await add_line(api, await api.stocked())
    answer = await check_out(api, expected_total=1)
    assert answer.body["data"] == {"total": 1999}
    return answer


async def buy_too_many(api: Api) -> Answer:
    answer = await api.opened(await api.stocked(units=5), qty=6)
    assert answer.body["data"] == {"sku": "mug-blue"}
    return answer


async def pay_what_was_cancelled(api: Api) -> Answer:
    checkout = await reserved(api)
    await api.ask("POST", f"/v1/checkouts/{checkout}/cancel", as_=api.buyer)
    return await api.pay(checkout)


async def pay_too_late(api: Api) -> Answer:
    checkout = await reserved(api)
    for _ in range(100):
        found = await api.ask("GET", f"/v1/checkouts/{checkout}", as_=api.buyer)
        if found.body["checkout"]["state"] == "expired":
            break
        await asyncio.sleep(0.1)
    return await api.pay(checkout)


async def pay_twice_at_once(api: Api) -> Answer:
    checkout = await reserved(api)
    await api.pay(checkout, "tok_3ds")
    return await api.pay(checkout)


async def pay_with_a_bad_card(api: Api) -> Answer:
    return await api.pay(await reserved(api), "tok_declined")


CASES: Final[dict[tuple[str, str, str], Case]] = {
    ("POST", "/v1/shows", "conflict"): same_show_again,
    ("POST", "/v1/shows/{show}/pin", "closed"): pin_before_start,
    ("POST", "/v1/shows/{show}/unpin", "closed"): unpin_after_end,
    ("POST", "/v1/shows/{show}/bag", "limit"): bag_too_full,
    ("POST", "/v1/products", "conflict"): same_product_again,
    ("PATCH", "/v1/products/{product}", "conflict"): patch_currency,
    ("PATCH", "/v1/products/{product}", "limit"): patch_too_many_skus,
    ("POST", "/v1/skus/{sku}/stock", "conflict"): take_too_many,
    ("POST", "/v1/skus/{sku}/stock", "key_reused"): other_delivery_same_key,
    ("POST", "/v1/skus/{sku}/stock", "limit"): too_large_delivery,
    ("POST", "/v1/cart/lines", "conflict"): add_other_currency,
    ("POST", "/v1/cart/lines", "limit"): add_too_many_units,
    ("PUT", "/v1/cart/lines/{sku}", "conflict"): set_other_currency,
    ("PUT", "/v1/cart/lines/{sku}", "limit"): set_too_many_lines,
    ("POST", "/v1/checkouts", "conflict"): check_out,
    ("POST", "/v1/checkouts", "in_progress"): open_while_paying,
    ("POST", "/v1/checkouts", "key_reused"): other_body_same_key,
    ("POST", "/v1/checkouts", "price_changed"): open_with_old_total,
    ("POST", "/v1/checkouts", "sold_out"): buy_too_many,
    ("POST", "/v1/checkouts/{checkout}/pay", "conflict"): pay_what_was_cancelled,
    ("POST", "/v1/checkouts/{checkout}/pay", "expired"): pay_too_late,
    ("POST", "/v1/checkouts/{checkout}/pay", "in_progress"): pay_twice_at_once,
    ("POST", "/v1/checkouts/{checkout}/pay", "payment_declined"): pay_with_a_bad_card,
}
"""What each route refuses on grounds of its own."""

PAY_SECONDS: Final = {"expired": 1}


def test_every_code_of_every_route_has_a_test() -> None:
    promised = {
        (route.method, route.path, code)
        for route in ROUTES
        for code in route.codes
        if code not in EVERYWHERE
    }

    assert promised == set(CASES)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
async def test_a_route_gives_the_code_it_promises(
    make_api: MakeApi, case: tuple[str, str, str]
) -> None:
    method, path, code = case
    (route,) = [r for r in ROUTES if (r.method, r.path) == (method, path)]
    more = {"pay_seconds": PAY_SECONDS.get(code, 300)}
    async with make_api(commands_per_second=10_000, commands_burst=10_000, **more) as api:
        told(route, await CASES[case](api), code)


async def test_buying_in_a_show_needs_the_show_and_a_token_that_holds_there(api: Api) -> None:
    (route,) = [r for r in ROUTES if (r.method, r.path) == ("POST", "/v1/checkouts")]
    sku = await api.stocked()
    await api.live_show()
    elsewhere = api.token("bea", show="monday")

    body = {"sku": sku, "qty": 1, "show": "friday"}
    told(route, await ask(api, route, as_=elsewhere, body=body), "forbidden")
    told(route, await api.opened(sku, show="nobody"), "not_found")
    told(route, await api.opened("nobody"), "not_found")


async def test_cart_lines_of_unknown_skus_are_not_found(api: Api) -> None:
    (route,) = [r for r in ROUTES if (r.method, r.path) == ("POST", "/v1/cart/lines")]

    told(
        route, await ask(api, route, as_=api.buyer, body={"sku": "nobody", "qty": 1}), "not_found"
    )


async def test_metrics_from_elsewhere_are_for_admins(make_api: MakeApi) -> None:
    (route,) = [r for r in ROUTES if r.path == "/metrics"]
    for proxies, forwarded in (
        ("", "203.0.113.9"),
        ("", "127.0.0.1, 203.0.113.9"),
        ("127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1, 203.0.113.9"),
    ):
        elsewhere = {"X-Forwarded-For": forwarded}
        async with make_api(trusted_proxies=proxies) as api:
            told(route, await ask(api, route, headers=elsewhere), "unauthorized")
            told(route, await ask(api, route, headers=elsewhere, as_=api.buyer), "forbidden")
            admin = await ask(api, route, headers=elsewhere, as_=api.admin)
            assert (admin.status, (await ask(api, route)).status) == (200, 200)
