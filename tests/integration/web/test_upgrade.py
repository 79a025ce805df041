"""WebSockets on a connection that spoke HTTP before, as nginx with upstream keep-alive does."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from websockets.frames import Frame, Opcode

from tests.integration.web.conftest import Api
from web.answers import Joined

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: shop.example\r\n\r\n"


def upgrade(path: str = "/live", **headers: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    head = {
        "Host": "shop.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        **headers,
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {text}" for name, text in head.items())]
    return "\r\n".join([*lines, "", ""]).encode()


class Wire:
    """A client of nothing but a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> str:
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def http(self) -> bytes:
        head = await self.head()
        (length,) = [
            line for line in head.lower().splitlines() if line.startswith("content-length")
        ]
        return await self.reader.readexactly(int(length.split(":")[1]))

    def say(self, message: dict[str, Any]) -> None:
        frame = Frame(Opcode.TEXT, json.dumps(message).encode())
        self.writer.write(frame.serialize(mask=True))

    async def hear(self) -> Any:
        first, second = await self.reader.readexactly(2)
        assert first == 0x81
        size = second
        if second == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif second == 127:
            size = int.from_bytes(await self.reader.readexactly(8))
        return json.loads(await self.reader.readexactly(size))

    async def reply(self, ident: int) -> Any:
        while True:
            told = await self.hear()
            for message in told if isinstance(told, list) else [told]:
                if message.get("re") == ident:
                    return message


@contextlib.asynccontextmanager
async def wire(api: Api) -> AsyncIterator[Wire]:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        try:
            yield Wire(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_a_connection_that_spoke_http_becomes_a_socket(api: Api) -> None:
    await api.stocked()
    await api.live_show()
    async with wire(api) as ada:
        for _ in range(2):
            ada.writer.write(HEALTH)
            assert b'"ok":true' in await ada.http()

        ada.writer.write(upgrade())
        assert (await ada.head()).startswith("HTTP/1.1 101 ")
        ada.say({"id": 1, "op": "join", "show": "friday"})
        joined = await ada.reply(1)
        ada.say({"id": 2, "op": "ping"})
        pong = await ada.reply(2)

    assert joined["ok"]["show"]["id"] == "friday"
    documented = msgspec.convert(joined["ok"], Joined)
    assert msgspec.json.decode(msgspec.json.encode(documented)) == joined["ok"]
    assert pong["ok"]["at"] > 0


async def test_such_a_socket_hears_events_and_is_forgotten_when_it_goes(api: Api) -> None:
    await api.stocked()
    await api.live_show()
    async with wire(api) as ada:
        ada.writer.write(HEALTH)
        await ada.http()
        ada.writer.write(upgrade())
        await ada.head()
        ada.say({"id": 1, "op": "join", "show": "friday"})
        await ada.reply(1)
        assert len(api.node.gateway.connections) == 1

        await api.ask("POST", "/v1/shows/friday/pin", {"product": "mug"}, as_=api.host)
        names: list[str] = []
        while "pinned" not in names:
            told = await ada.hear()
            names += [event["ev"] for event in (told if isinstance(told, list) else [told])]

    for _ in range(100):
        if not api.node.gateway.connections:
            break
        await asyncio.sleep(0.02)
    assert not api.node.gateway.connections


async def test_a_foreign_origin_is_refused_there_too(api: Api) -> None:
    async with wire(api) as eve:
        eve.writer.write(HEALTH)
        await eve.http()
        eve.writer.write(upgrade(Origin="https://evil.example"))

        assert (await eve.head()).startswith("HTTP/1.1 403 ")


async def test_a_plain_request_for_live_leaves_the_connection_usable(api: Api) -> None:
    async with wire(api) as ada:
        ada.writer.write(HEALTH)
        await ada.http()
        ada.writer.write(b"GET /live HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert b'"code":"invalid"' in await ada.http()
        ada.writer.write(HEALTH)
        assert b'"ok":true' in await ada.http()


async def test_an_upgrade_elsewhere_is_an_ordinary_request(api: Api) -> None:
    async with wire(api) as ada:
        ada.writer.write(upgrade("/healthz"))
        assert b'"ok":true' in await ada.http()
        ada.writer.write(HEALTH)
        assert b'"ok":true' in await ada.http()


async def test_handing_over_leaves_nothing_behind_in_the_http_server(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    async with wire(api) as ada:
        ada.writer.write(HEALTH)
        await ada.http()
        ada.writer.write(upgrade())
        await ada.head()
        await asyncio.sleep(0.05)

        handlers = [
            task for task in asyncio.all_tasks() if "RequestHandler" in repr(task.get_coro())
        ]

    assert not handlers
    assert not caplog.records
