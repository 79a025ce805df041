"""Connections that speak HTTP badly, slowly, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.web.conftest import Api
from web import connection


async def say(api: Api, data: bytes) -> bytes:
    """Send bytes, and hear everything until the server closes."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(data)
        answer = await reader.read()
        writer.close()
    return answer


@pytest.mark.parametrize(
    "data",
    [
        b"GET /healthz HTTP/1.1\r\nBad Header: secret\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 not HTTP but TLS\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST /v1/shows HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["header", "tls", "path", "long header", "two lengths"],
)
async def test_a37_what_is_no_request_is_answered_in_our_words(
    api: Api, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await say(api, data)

    assert answer.startswith(b"HTTP/1.")
    assert b" 400 " in answer.split(b"\r\n", 1)[0]
    assert b'"code":"invalid"' in answer
    assert b"aiohttp" not in answer
    assert b"secret" not in answer
    # Anybody can send such things: they must not fill the log.
    assert not caplog.records


async def test_a37_a_body_that_is_not_packed_as_it_says_is_answered_and_fills_no_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """The library unpacked what nobody would read, and told each failure with a traceback."""
    head = b"POST /v1/checkouts HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
    refused = head + b"Content-Length: 5\r\n\r\nhello"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answer = await say(api, refused + last)

    assert answer.count(b"HTTP/1.1 401 ") == 1
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert not caplog.records


async def test_a16_a_head_that_never_ends_does_not_hold_a_connection(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_REQUEST_WITHIN_S", 0.2)

    assert await say(api, b"GET /healthz HTTP/1.1\r\nHost: x\r\n") == b""


async def test_a_connection_that_has_asked_may_be_silent_for_longer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_REQUEST_WITHIN_S", 0.2)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        for _ in range(2):
            writer.write(request)
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(0.4)
        writer.close()
