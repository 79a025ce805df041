"""Who does not read holds up nobody, costs little, and catches up or is closed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.integration.live.raw import CLOSE, TEXT, Raw, handshake, raw, upgrade
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from live.gateway import Connection
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis

LONG = "\U0001f49b" * 500
MOST_BUFFERED = 1024 * 1024
"""A snapshot and a batch: far below what is told meanwhile."""


@asynccontextmanager
async def sleeper(house: House, **fields: Any) -> AsyncIterator[tuple[Raw, Connection]]:
    """Somebody who joins and reads nothing more."""
    before = set(house.a.node.gateway.connections)
    async with handshake(house.a.port, receive_buffer=4096) as socket:
        await socket.say(id=1, op="join", show="demo", **fields)
        if not fields:
            await socket.of(TEXT)
        socket.stop_reading()
        (connection,) = set(house.a.node.gateway.connections) - before
        yield socket, connection


def lines(count: int) -> list[str]:
    return [f"{number} {LONG}"[:500] for number in range(count)]


def waiting(connection: Connection) -> int:
    """Bytes that wait for a socket in our own memory."""
    return connection._transport.get_write_buffer_size()


def is_told_past_what_waits(connection: Connection) -> bool:
    return connection.is_ready and waiting(connection) > 0


async def all_events(socket: Raw, last: int) -> list[dict[str, Any]]:
    """What is heard, up to the feed event of that number."""
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while not heard or heard[-1].get("seq") != last:
            heard += [event for event in await socket.heard() if "seq" in event]
    return heard


async def test_a_sleeper_catches_up_event_by_event(house: House) -> None:
    vera = await house.visit("vera")
    async with sleeper(house) as (socket, connection):
        await house.say(*lines(600))
        last = await vera.event("chat", seq=603)
        assert len([event for event in vera.events if event["ev"] == "chat"]) == 599
        assert not connection.is_ready
        assert waiting(connection) < MOST_BUFFERED

        socket.read_again()
        heard = await all_events(socket, 603)

    assert [event["seq"] for event in heard] == list(range(4, 604))
    assert [event["text"] for event in heard] == lines(600)
    assert heard[-1] == last


async def test_who_slept_through_the_history_gets_the_whole_show(empty_house: House) -> None:
    house = empty_house
    await house.start_node(history=100)
    await house.furnish()
    vera = await house.visit("vera")
    async with sleeper(house) as (socket, connection):
        for start in range(0, 400, 50):
            await house.say(*lines(400)[start : start + 50])
            await vera.event("chat", seq=start + 53)
        assert waiting(connection) < MOST_BUFFERED

        socket.read_again()
        await asyncio.sleep(0.2)
        await house.say("good morning")
        heard = await all_events(socket, 404)

    kinds = [event["ev"] for event in heard]
    (place,) = [number for number, kind in enumerate(kinds) if kind == "snapshot"]
    snapshot = heard[place]
    assert [event["seq"] for event in heard[:place]] == list(range(4, 4 + place))
    assert [event["seq"] for event in heard[place + 1 :]] == list(range(snapshot["seq"] + 1, 405))
    assert [said["text"] for said in snapshot["chat"]] == lines(400)[-30:]


async def test_a_sleeper_is_told_the_gauges_that_were_missed(house: House) -> None:
    vera = await house.visit("vera")
    async with sleeper(house) as (socket, connection):
        await house.say(*lines(200))
        await vera.event("chat", seq=203)
        assert not connection.is_ready
        await house.restock("tote", 5)
        await vera.do("like", count=7)
        await vera.event("likes", n=7)
        await vera.event("stock", sku="tote", left=25)

        socket.read_again()
        told: dict[str, Any] = {}
        while {"stock", "likes"} - set(told):
            for event in await socket.heard():
                if event.get("sku") == "tote" or event.get("n") == 7:
                    told[event["ev"]] = event

    assert told["stock"]["left"] == 25


async def test_who_reads_in_sips_hears_every_event_and_answer_whole(house: House) -> None:
    async with sleeper(house) as (socket, connection):
        heard: list[dict[str, Any]] = []
        times_full = 0

        async def sip() -> None:
            while not heard or heard[-1].get("seq") != 603:
                heard.extend(await socket.heard())

        sipping = asyncio.create_task(sip())
        for start in range(0, 600, 20):
            for number in range(start, start + 4):
                house.clock.advance(30)
                await socket.say(id=1000 + number, op="cart.get")
            await house.say(*lines(600)[start : start + 20])
            await asyncio.sleep(0.005)
            times_full += not connection.is_ready
            if start % 60 == 0:
                socket.read_again()
            else:
                socket.stop_reading()
        socket.read_again()
        await asyncio.wait_for(sipping, 20)

    assert times_full, "the socket was never full: this shows nothing"
    events = [message["seq"] for message in heard if "seq" in message]
    answers = [message["re"] for message in heard if "re" in message]
    assert events == list(range(4, 604))
    assert answers == [1000 + n for start in range(0, 600, 20) for n in range(start, start + 4)]


async def test_nothing_overtakes_what_waits(house: House) -> None:
    vera = await house.visit("vera")
    async with sleeper(house) as (_, connection):
        said = 0
        while connection.is_ready:
            said += 1
            await house.say(LONG[:500])
            await vera.event("chat", seq=said + 3)
            assert not is_told_past_what_waits(connection)
            assert said < 500


async def test_who_is_adopted_with_bytes_waiting_is_full(house: House) -> None:
    """An answer by HTTP may have left some: nothing may be told past them."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[asyncio.Transport] = loop.create_future()

    class Before(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.set_result(cast("asyncio.Transport", transport))

    server = await loop.create_server(Before, "127.0.0.1", 0)
    async with raw(server.sockets[0].getsockname()[1], receive_buffer=4096) as socket:
        socket.stop_reading()
        transport = await made
        while not transport.get_write_buffer_size():
            transport.write(bytes(20_000))
        lost = house.a.node.gateway.adopt(transport, upgrade(house.a.port))
        (connection,) = house.a.node.gateway.connections

        assert not connection.is_ready

        socket.read_again()
        await until(lambda: connection.is_ready)
        assert not waiting(connection)
    await asyncio.wait_for(lost, 10)
    server.close()


async def test_nobody_waits_for_a_sleeper(house: House) -> None:
    vera = await house.visit("vera")
    async with sleeper(house), sleeper(house), sleeper(house):
        await house.say(*lines(300))
        await vera.event("chat", seq=303)

        started = asyncio.get_running_loop().time()
        for number in range(20):
            await house.say(f"quick {number}")
            await vera.event("chat", text=f"quick {number}")
        spent_s = asyncio.get_running_loop().time() - started

    assert spent_s < 5


async def test_a16_who_takes_nothing_for_7_s_is_closed_4408(house: House) -> None:
    vera = await house.visit("vera")
    gateway = house.a.node.gateway
    async with sleeper(house) as (socket, connection):
        await house.say(*lines(300))
        await vera.event("chat", seq=303)
        assert set(gateway.paused) == {connection}

        house.clock.advance(7_000)
        await until(lambda: gateway.closes[4408] == 1)
        socket.read_again()

        assert await socket.close_code() == 4408
    await until(lambda: len(gateway.connections) == 1)
    assert not gateway.paused
    assert "at" in await vera.do("ping")


async def test_who_does_not_even_read_the_close_is_cut(house: House) -> None:
    vera = await house.visit("vera")
    gateway = house.a.node.gateway
    fan_out = await house.a.node.hub.rooms.get("demo")
    async with sleeper(house) as (socket, _):
        await house.say(*lines(300))
        await vera.event("chat", seq=303)
        house.clock.advance(7_000)
        await until(lambda: gateway.closes[4408] == 1)
        assert len(fan_out) == 1

        house.clock.advance(5_000)
        await until(lambda: len(gateway.connections) == 1)
        # Reset, not merely ended: the kernel keeps nothing of what was unsent.
        socket.read_again()
        with pytest.raises(ConnectionResetError):
            await socket.reader.read(-1)


async def test_who_says_goodbye_but_does_not_read_is_cut(house: House) -> None:
    """The answer to a close waits behind what was not read: it does not wait for ever."""
    vera = await house.visit("vera")
    async with sleeper(house) as (socket, connection):
        await house.say(*lines(20))
        await vera.event("chat", seq=23)
        await socket.send((1000).to_bytes(2, "big"), CLOSE)
        await until(lambda: connection._closing_s is not None or not connection.is_ready)
        house.clock.advance(20_000)
        await asyncio.sleep(0.6)
        house.clock.advance(5_000)

        await until(lambda: len(house.a.node.gateway.connections) == 1)


async def test_coming_back_from_far_behind_costs_no_memory(house: House) -> None:
    vera = await house.visit("vera")
    await house.say(*lines(990))
    await vera.event("chat", seq=993)
    since = {"epoch": vera.joined["epoch"], "seq": 3}
    async with sleeper(house, since=since) as (socket, connection):
        await until(lambda: not connection.is_ready)
        assert waiting(connection) < MOST_BUFFERED

        socket.read_again()
        (joined,) = await socket.heard()
        heard = await all_events(socket, 993)

    assert joined["ok"]["recovered"] is True
    assert [event["seq"] for event in heard] == list(range(4, 994))


async def fill(house: House, connection: Connection) -> None:
    """Let the show be talked in until that socket is full, and no further."""
    said = 0
    while connection.is_ready:
        said += 1
        await house.say(*lines(5))
        await asyncio.sleep(0.02)
        assert said < 200


async def test_private_events_wait_for_a_full_socket_but_do_not_pile_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = house.token("vera")
    vera = await house.visit(token=token)
    async with sleeper(house, token=token) as (socket, connection):
        await fill(house, connection)
        most = waiting(connection) + 2000
        monkeypatch.setattr("live.gateway.BUFFER_OWN", most)

        for qty in range(1, 40):
            house.clock.advance(50)
            await vera.do("cart.set", sku="tote", qty=qty)
        await until(lambda: waiting(connection) >= most)
        assert waiting(connection) < most + 2000

        socket.read_again()
        cart = await first(socket, "cart")

    assert cart["cart"]["lines"][0]["qty"] == 1


async def test_who_does_not_read_is_heard_all_the_same(house: House) -> None:
    token = house.token("vera")
    vera = await house.visit(token=token)
    async with sleeper(house, token=token) as (socket, connection):
        await fill(house, connection)

        await socket.say(id=9, op="cart.set", sku="tote", qty=2)

        assert (await vera.event("cart"))["cart"]["lines"][0]["qty"] == 2


async def test_who_reads_no_answers_is_not_heard_any_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sleeper(house) as (socket, connection):
        await fill(house, connection)
        most = waiting(connection) + 2000
        monkeypatch.setattr("live.gateway.BUFFER_OWN", most)

        for number in range(1, 201):
            house.clock.advance(30)
            await socket.say(id=number, op="ping")
            await asyncio.sleep(0)
        await until(lambda: waiting(connection) > most)
        await asyncio.sleep(0.1)
        assert waiting(connection) < most + 2000

        socket.read_again()
        while (await first(socket, "re"))["re"] != 200:
            pass


async def first(socket: Raw, kind: str) -> dict[str, Any]:
    """The next event of a kind, or the next answer: ``re``."""
    async with asyncio.timeout(20):
        while True:
            for message in await socket.heard():
                if message.get("ev") == kind or kind in message:
                    return message
