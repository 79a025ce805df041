"""``/v1/client``: a page that was not let in learns why."""

from __future__ import annotations

import time

import pytest

from tests.integration.web.conftest import Api, MakeApi

SHOP = {"Origin": "https://shop.example"}


async def test_a_foreign_page_reads_what_to_set(api: Api) -> None:
    answer = await api.ask("GET", "/v1/client", headers=SHOP)

    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.body["allowed"]
    assert answer.body["message"] == (
        "https://shop.example may not show this LIVE. Its owner can allow it:"
        " add https://shop.example to YELLOWCART_ALLOWED_ORIGINS and restart the server."
    )


async def test_it_says_yes_exactly_where_a_socket_is_let_in(make_api: MakeApi) -> None:
    async with make_api(allowed_origins="https://shop.example") as api:
        own = {"Origin": f"http://127.0.0.1:{api.port}"}
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        for headers, lets_in in (
            (SHOP, True),
            (own, True),
            ({}, True),
            ({"Origin": "https://evil.example"}, False),
            ({"Origin": "null"}, False),
        ):
            told = await api.ask("GET", "/v1/client", headers=headers)
            url = f"http://127.0.0.1:{api.port}/live"
            async with api.session.get(url, headers={**upgrade, **headers}) as socket:
                assert (socket.status == 101) is lets_in
            assert told.body["allowed"] is lets_in
            assert ("message" in told.body) is not lets_in


async def test_a36_it_tells_how_to_pay_the_version_and_the_time(api: Api) -> None:
    body = (await api.ask("GET", "/v1/client")).body

    assert (body["payments"], body["version"]) == ("sandbox", "test")
    assert body["at"] == pytest.approx(time.time() * 1000, abs=60_000)
