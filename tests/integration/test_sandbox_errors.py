"""What the practice provider turns away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from tests.integration.test_sandbox import KEY, ORDER, practice

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"amount": 0, "currency": "USD"}',
        b'{"amount": -5, "currency": "USD"}',
        b'{"amount": 19.99, "currency": "USD"}',
        b'{"amount": true, "currency": "USD"}',
        b'{"amount": "5", "currency": "USD"}',
        b'{"amount": 9007199254740992, "currency": "USD"}',
        b'{"amount": 5, "currency": "usd"}',
        b'{"amount": 5, "currency": "USD", "captured": 5}',
        b'{"amount": 5, "currency": "USD", "metadata": {"checkout": 1}}',
        b'{"amount": 5, "currency": "USD", "return_url": "javascript:alert(1)"}',
        b'{"amount": 5, "currency": "USD", "return_url": "//evil.example"}',
        b'{"amount": 5, "currency": "\xff"}',
    ],
)
async def test_a_body_that_is_not_of_its_form_is_invalid(tmp_path: Path, body: bytes) -> None:
    async with practice(tmp_path) as desk:
        async with desk.session.put("/v1/payments/pay_mug", data=body) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["code"] == "invalid"

        assert (await desk.find())["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/payments/pay_nobody", 404, "not_found"),
        ("GET", "/v1/payments/no.such%20id", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/payments/pay_nobody", 405, "method_not_allowed"),
        ("GET", "/v1/charges?limit=0", 400, "invalid"),
        ("GET", "/v1/charges?limit=101", 400, "invalid"),
        ("GET", "/v1/charges?after=-1", 400, "invalid"),
        ("GET", "/v1/charges?after=99999999999999999999999", 400, "invalid"),
    ],
)
async def test_errors_are_json_with_a_code(
    tmp_path: Path, method: str, path: str, status: int, code: str
) -> None:
    async with practice(tmp_path) as desk:
        answer, body = await desk.ask(method, path)

        assert (answer, body["error"]["code"]) == (status, code)


async def test_confirming_needs_a_known_payment_and_a_known_token(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        missing = await desk.confirm("tok_ok")
        await desk.create()
        unknown = await desk.confirm("tok_gold")

        assert (missing[0], missing[1]["error"]["code"]) == (404, "not_found")
        assert (unknown[0], unknown[1]["error"]["code"]) == (400, "unknown_method")


async def test_a_body_that_is_too_large_is_turned_away(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        status, body = await desk.create(metadata={"note": "x" * 20_000})

        assert (status, body["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("shown", [None, "Bearer sk_wrong", KEY, "Bearer ", "Bearer sk_\xff"])
async def test_nobody_comes_in_without_the_key(tmp_path: Path, shown: str | None) -> None:
    async with practice(tmp_path) as desk:
        headers = {} if shown is None else {"Authorization": shown}
        base = f"http://127.0.0.1:{desk.sandbox.port}"
        async with (
            ClientSession(base) as stranger,
            stranger.put("/v1/payments/pay_mug", json=ORDER, headers=headers) as answer,
        ):
            assert answer.status == 401
            assert (await answer.json())["error"]["code"] == "unauthorized"
