"""Every route, and every code that it says it can give."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from base.errors import STATUS
from live.provider import sandbox_socket
from tests.integration.web.conftest import Answer, Api, MakeApi
from tests.integration.web.refusing import CASES, PAY_SECONDS
from web.route import Route, Who
from web.routes import ROUTES

IDS: Final = {
    "show": "friday",
    "product": "mug",
    "sku": "mug-blue",
    "checkout": "co_nobody",
    "order": "or_nobody",
    "webhook": "wh_nobody",
    "event": "evt_nobody",
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


async def test_a40_routes_of_hosts_sellers_and_admins_refuse_viewers(api: Api) -> None:
    await api.stocked()
    await api.live_show()

    for route in giving("forbidden", who={Who.HOST, Who.SELLER, Who.ADMIN}):
        told(route, await ask(api, route, as_=api.buyer), "forbidden")


async def test_a09_routes_that_change_something_refuse_pages_of_foreign_origins(api: Api) -> None:
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


async def test_a37_routes_with_a_body_refuse_one_that_is_encoded_or_not_json(api: Api) -> None:
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
                    api, route, as_=token_for(api, route), path=f"{path_of(route)}?{query}"
                )
                told(route, answer, "invalid")


@pytest.mark.parametrize("cursor", ["or_x", "-5", "..", "9" * 21])
async def test_lists_take_a_cursor_that_is_of_another_list_for_a_mistake(
    api: Api, cursor: str
) -> None:
    """Passed on to the practice provider it became an outage: try again shortly, for ever."""
    for route in ROUTES:
        if route.lists:
            path = f"{path_of(route)}?after={cursor}"
            answer = await ask(api, route, as_=token_for(api, route), path=path)
            assert answer.status in {200, 400, 404}, route.path


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "has space!"])
async def test_a07_keyed_routes_refuse_a_missing_or_bad_key(api: Api, key: str | None) -> None:
    for route in ROUTES:
        if route.keyed:
            headers = {} if key is None else {"Idempotency-Key": key}
            answer = await api.ask(
                route.method, path_of(route), dict(route.example), as_=api.buyer, headers=headers
            )
            told(route, answer, "invalid")


async def test_a37_routes_with_a_body_refuse_a_large_one(api: Api) -> None:
    for route in giving("too_large"):
        most = 256 if route.raw else 64
        data = b" " * (most * 1024 + 1)
        answer = await ask(api, route, as_=token_for(api, route), data=data, headers=JSON)
        told(route, answer, "too_large")


@pytest.mark.parametrize("ident", ["nobody", "a.b", "x" * 65, "new%0Aline"])
async def test_a31_routes_with_ids_do_not_find_unknown_ones(api: Api, ident: str) -> None:
    """The bank's pages are asked by other names than ids."""
    for route in giving("not_found"):
        if route.path_ids and not route.free:
            path = path_of(route, **dict.fromkeys(IDS, ident))
            token = token_for(api, route)
            told(route, await ask(api, route, as_=token, path=path), "not_found")


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


async def test_a40_metrics_from_elsewhere_are_for_admins(make_api: MakeApi) -> None:
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
