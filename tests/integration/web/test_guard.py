"""What every request passes, and what every answer has."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.web.conftest import Api, MakeApi

SHOP = "https://shop.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


async def test_pages_of_allowed_origins_may_ask_and_read(make_api: MakeApi) -> None:
    async with make_api(allowed_origins=SHOP) as api:
        before = await api.ask("OPTIONS", "/v1/checkouts", headers={"Origin": SHOP, **PREFLIGHT})
        shows = await api.ask("GET", "/v1/shows", headers={"Origin": SHOP})
        cart = await api.ask("DELETE", "/v1/cart", as_=api.buyer, headers={"Origin": SHOP})

    assert before.status == 204
    allowed = before.headers["Access-Control-Allow-Headers"].split(", ")
    assert allowed == ["Authorization", "Content-Type", "Idempotency-Key"]
    for answer in (before, shows, cart):
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert answer.headers["Vary"] == "Origin"
    assert cart.status == 200


async def test_pages_of_foreign_origins_may_not_ask_first_nor_read(api: Api) -> None:
    for path in ("/v1/checkouts", "/v1/nothing"):
        asked = await api.ask("OPTIONS", path, headers={"Origin": SHOP, **PREFLIGHT})
        assert (asked.status, asked.code) == (403, "forbidden")
    shows = await api.ask("GET", "/v1/shows", headers={"Origin": SHOP})
    assert shows.status == 200
    assert "Access-Control-Allow-Origin" not in shows.headers


async def test_pages_of_the_own_host_may_do_everything(api: Api) -> None:
    own = {"Origin": f"http://127.0.0.1:{api.port}"}

    cart = await api.ask("DELETE", "/v1/cart", as_=api.buyer, headers=own)

    assert cart.status == 200


async def test_unknown_paths_and_methods_are_problems_too(api: Api) -> None:
    nothing = await api.ask("GET", "/v1/nothing")
    method = await api.ask("PUT", "/v1/shows", {})

    assert (nothing.status, nothing.code) == (404, "not_found")
    assert (method.status, method.code) == (405, "invalid")
    assert method.headers["Allow"] == "GET, HEAD, POST"
    for answer in (nothing, method):
        assert answer.media == "application/problem+json"


async def test_every_answer_has_the_headers_that_keep_browsers_safe(api: Api) -> None:
    for path in ("/healthz", "/v1/nothing", "/docs", "/demo/mug-sunrise.svg"):
        answer = await api.ask("GET", path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Referrer-Policy" in answer.headers
        assert answer.headers["Server"] == "yellowcart"


async def test_what_breaks_inside_says_nothing_outside(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> object:
        raise KeyError("/etc/secret/path")

    monkeypatch.setattr(api.node.catalog, "list", broken)

    answer = await api.ask("GET", "/v1/products")

    assert (answer.status, answer.code) == (503, "unavailable")
    assert b"secret" not in answer.raw
    assert any(record.exc_info for record in caplog.records)


async def test_each_account_has_a_budget_of_its_own(make_api: MakeApi) -> None:
    async with make_api(commands_per_second=1, commands_burst=2) as api:
        first = [await api.ask("GET", "/v1/cart", as_=api.buyer) for _ in range(3)]
        other = await api.ask("GET", "/v1/cart", as_=api.token("ben"))
        public = [await api.ask("GET", "/v1/shows") for _ in range(5)]

    assert [answer.status for answer in first] == [200, 200, 429]
    assert other.status == 200
    assert {answer.status for answer in public} == {200}


async def test_addresses_behind_a_trusted_proxy_have_budgets_of_their_own(
    make_api: MakeApi,
) -> None:
    options = {"commands_per_second": 1, "commands_burst": 1, "trusted_proxies": "127.0.0.1"}
    async with make_api(**options) as api:
        ada = {"X-Forwarded-For": "203.0.113.1"}
        ben = {"X-Forwarded-For": "203.0.113.2"}
        answers = [await api.ask("GET", "/v1/shows", headers=who) for who in (ada, ada, ben)]
        health = [await api.ask("GET", "/healthz", headers=ada) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 429, 200]
    assert {answer.status for answer in health} == {200}


async def test_a_caller_who_hangs_up_leaves_no_trace(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    head = f"POST /v1/shows HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.host}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode())
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.05)

    assert (await api.ask("GET", "/healthz")).status == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
