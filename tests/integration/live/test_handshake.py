"""Who may open a socket: subprotocols, origins, addresses, and those who say nothing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.live.raw import TEXT, Raw, handshake, raw
from tests.waiting import until

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis

JSON, MSGPACK = "yellowcart.v1.json", "yellowcart.v1.msgpack"


async def status(house: House, **headers: Any) -> int:
    """What the house answers to such a request for an upgrade."""
    async with handshake(house.a.port, **headers) as socket:
        return socket.status


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("", ""),
        (JSON, JSON),
        (MSGPACK, MSGPACK),
        (f"mqtt, {MSGPACK}, {JSON}", MSGPACK),
        (f"{JSON}, {MSGPACK}", JSON),
    ],
)
async def test_the_first_known_subprotocol_is_chosen(
    house: House, offered: str, chosen: str
) -> None:
    async with handshake(house.a.port, Sec_WebSocket_Protocol=offered) as socket:
        assert socket.status == 101
        named = [line for line in socket.head.splitlines() if "Protocol:" in line]
        assert named == ([f"Sec-WebSocket-Protocol: {chosen}"] if chosen else [])


@pytest.mark.parametrize(
    "offered", ["mqtt", "yellowcart.v2.json, graphql-ws", "YELLOWCART.V1.JSON"]
)
async def test_only_unknown_subprotocols_are_refused(house: House, offered: str) -> None:
    assert await status(house, Sec_WebSocket_Protocol=offered) == 400


async def test_json_is_spoken_without_a_subprotocol(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=3, op="join", show="demo")

        assert (await socket.of(TEXT)).startswith(b'{"re":3,"ok":{')


async def test_origins_of_the_own_host_and_none_are_let_in(house: House) -> None:
    port = house.a.port
    own = [
        "",
        f"http://127.0.0.1:{port}",
        f"HTTP://127.0.0.1:{port}",
    ]
    assert {origin: await status(house, Origin=origin) for origin in own} == dict.fromkeys(
        own, 101
    )

    named = {"Host": "Shop.Example"}
    for origin in ("https://shop.example", "http://shop.example", "https://SHOP.example:443"):
        assert (origin, await status(house, Origin=origin, **named)) == (origin, 101)


async def test_a09_foreign_origins_are_refused(house: House) -> None:
    port = house.a.port
    foreign = [
        "null",
        "https://evil.example",
        f"http://127.0.0.1:{port + 1}",
        "http://127.0.0.1",
        "https://127.0.0.1",
        f"http://127.0.0.1.evil.example:{port}",
        f"http://evil.example/127.0.0.1:{port}",
        f"http://127.0.0.1:{port}@evil.example",
        f"http://evil.example@127.0.0.1:{port}",
        f"http://127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://localhost:{port}",
        f"file://127.0.0.1:{port}",
        f"ws://127.0.0.1:{port}",
        f"127.0.0.1:{port}",
        "http://[",
        "http://[::1",
        "http://:x",
        "://",
    ]
    answers = {origin: await status(house, Origin=origin) for origin in foreign}

    assert answers == dict.fromkeys(foreign, 403)


async def test_a09_a_hostile_host_header_is_no_own_host(house: House) -> None:
    assert await status(house, Origin="http://[", Host="[") == 403
    assert await status(house, Origin="http://x", Host="") == 403


async def test_a09_the_allow_list_lets_other_pages_in_and_no_more(empty_house: House) -> None:
    await empty_house.start_node(allowed_origins="https://Shop.example, http://localhost:3000")

    answers = {
        origin: await status(empty_house, Origin=origin)
        for origin in (
            "https://shop.example",
            "http://localhost:3000",
            "http://shop.example",
            "https://shop.example.evil.example",
            "https://evil-shop.example",
            "http://localhost:3001",
            "null",
        )
    }

    assert list(answers.values()) == [101, 101, 403, 403, 403, 403, 403]


async def test_a_browser_of_a_foreign_page_is_told_403(house: House) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await house.connect(origin="https://evil.example")

    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Upgrade": ""}, 400),
        ({"Connection": "keep-alive"}, 400),
        ({"Sec_WebSocket_Version": "8"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
    ],
)
async def test_what_is_no_handshake_is_refused(
    house: House, headers: dict[str, Any], expected: int
) -> None:
    async with handshake(house.a.port, **headers) as socket:
        assert socket.status == expected
        assert "Content-Type: application/problem+json" in socket.head


async def test_what_is_no_http_at_all_is_hung_up_on(house: House) -> None:
    async with raw(house.a.port) as socket:
        socket.writer.write(b"GET /live \x00\x01\r\n\r\n")

        assert await socket.ended()


async def test_an_endless_head_is_hung_up_on(house: House) -> None:
    async with raw(house.a.port) as socket:
        socket.writer.write(b"GET /live HTTP/1.1\r\nX: " + b"x" * 40_000)

        assert await socket.ended()


async def test_a_handshake_may_come_byte_by_byte(house: House) -> None:
    head = (
        f"GET /live?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{house.a.port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with raw(house.a.port) as socket:
        for byte in head.encode():
            socket.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        answer = (await socket.reader.readuntil(b"\r\n\r\n")).decode()

    assert answer.startswith("HTTP/1.1 101")
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer


async def test_what_comes_along_with_the_handshake_is_heard(house: House) -> None:
    async with raw(house.a.port) as socket:
        join = b'{"id": 1, "op": "join", "show": "demo"}'
        head = (
            "GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        frame = bytes([0x81, 0x80 | len(join), 0, 0, 0, 0]) + join
        socket.writer.write(head.encode() + frame)
        await socket.reader.readuntil(b"\r\n\r\n")

        assert (await socket.of(TEXT)).startswith(b'{"re":1,"ok"')


async def test_other_paths_are_http(house: House) -> None:
    for path in ("/", "/livestock", "/liv", "/live/"):
        async with handshake(house.a.port, path=path) as socket:
            assert (path, socket.status) == (path, 404)


@pytest.mark.parametrize("first", [b"", b"GET /li", b"GET /live HTTP/1.1\r\nHost: x\r\n"])
async def test_a16_who_does_not_finish_the_handshake_is_hung_up_on(
    house: House, first: bytes
) -> None:
    async with raw(house.a.port) as socket:
        socket.writer.write(first)
        await asyncio.sleep(0.05)

        house.clock.advance(12_000)

        assert await socket.ended()


async def test_who_does_not_join_within_5_s_is_closed_4400(house: House) -> None:
    vera, otto = await house.connect(), await house.connect()
    await otto.join()

    house.clock.advance(4_000)
    await asyncio.sleep(0.6)
    assert await vera.refused("join", show="nowhere") == "not_found"
    house.clock.advance(2_500)

    assert await vera.closed() == 4400
    assert "at" in await otto.do("ping")


# Addresses.


async def crowd(house: House, stack: AsyncExitStack, *forwarded: str) -> list[Raw]:
    return [
        await stack.enter_async_context(handshake(house.a.port, X_Forwarded_For=address))
        for address in forwarded
    ]


async def test_a16_an_address_has_so_many_connections(empty_house: House) -> None:
    house = empty_house
    await house.start_node(connections_per_address=2, limit_loopback=True)
    async with AsyncExitStack() as stack:
        first, _, third = await crowd(house, stack, "", "", "")
        assert await third.close_code() == 4429

        first.writer.close()
        third.writer.close()
        await until(lambda: len(house.a.node.gateway.connections) == 1)
        (fourth,) = await crowd(house, stack, "")
        await fourth.say(id=1, op="join", show="nowhere")
        assert b"not_found" in await fourth.of(TEXT)


async def test_loopback_is_not_limited_unless_it_is_set(empty_house: House) -> None:
    await empty_house.start_node(connections_per_address=1)
    async with AsyncExitStack() as stack:
        for socket in await crowd(empty_house, stack, "", "", ""):
            await socket.say(id=1, op="join", show="nowhere")
            assert b"not_found" in await socket.of(TEXT)


async def test_the_forwarded_address_counts_behind_a_trusted_proxy(empty_house: House) -> None:
    house = empty_house
    await house.start_node(connections_per_address=1, trusted_proxies="127.0.0.1, 10.0.0.7")
    async with AsyncExitStack() as stack:
        _, other, again, chained, spoofed = await crowd(
            house, stack, "7.7.7.7", "8.8.8.8", "7.7.7.7", "8.8.8.8, 10.0.0.7", "1.1.1.1, 7.7.7.7"
        )

        for socket in (again, chained, spoofed):
            assert await socket.close_code() == 4429
        await other.say(id=1, op="join", show="nowhere")
        assert b"not_found" in await other.of(TEXT)


async def test_nobody_else_may_forward_an_address(empty_house: House) -> None:
    house = empty_house
    await house.start_node(
        connections_per_address=1, limit_loopback=True, trusted_proxies="10.0.0.7"
    )
    async with AsyncExitStack() as stack:
        _, second = await crowd(house, stack, "7.7.7.7", "8.8.8.8")

        assert await second.close_code() == 4429


async def test_addresses_are_forgotten_with_their_connections(empty_house: House) -> None:
    house = empty_house
    await house.start_node(connections_per_address=1, trusted_proxies="127.0.0.1")
    gateway = house.a.node.gateway
    async with AsyncExitStack() as stack:
        await crowd(house, stack, "7.7.7.7", "7.7.7.7", "8.8.8.8")
        assert len(gateway._addresses) == 2

    await until(lambda: not gateway.connections)
    assert not gateway._addresses
