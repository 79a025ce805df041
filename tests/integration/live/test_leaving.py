"""How connections end: drained, kept alive, or found dead."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
from typing import TYPE_CHECKING

import pytest
from websockets.protocol import Protocol

from tests.integration.live.raw import CLOSE, PING, PONG, TEXT, handshake
from tests.waiting import until

if TYPE_CHECKING:
    from tests.integration.live.house import House
    from tests.viewer import Viewer

pytestmark = pytest.mark.redis


async def test_a_drain_closes_everybody_with_1001_spread_over_its_time(house: House) -> None:
    loop = asyncio.get_running_loop()
    visitors = [await house.visit(f"viewer-{n}") for n in range(10)]

    async def leave(visitor: Viewer) -> tuple[int, float]:
        return await visitor.closed(), loop.time() - started

    started = loop.time()
    stopping = asyncio.create_task(house.a.stop(drain_s=1.0))
    ends = await asyncio.gather(*map(leave, visitors))
    await stopping

    assert {code for code, _ in ends} == {1001}
    times = sorted(seconds for _, seconds in ends)
    assert 0.5 < times[-1] - times[0] < 5
    assert len({round(seconds, 1) for seconds in times}) > 4
    assert not house.a.node.gateway.connections


async def test_a_drain_does_not_wait_for_who_does_not_answer(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)

        async with asyncio.timeout(5):
            await house.a.stop()

        assert await socket.close_code() == 1001
        assert not house.a.node.gateway.connections, "it would outlive its loop"


async def test_commands_under_way_are_answered_before_the_end(paying_house: House) -> None:
    house = paying_house
    vera = await house.visit("vera")
    ident = await vera.send("cart.add", sku="tote", qty=3)
    assert "ok" in await vera.reply(ident)

    await house.a.stop()
    late = await house.start_node()

    assert (await (await house.visit("vera", at=late)).do("cart.get"))["cart"]["count"] == 3
    assert len(house.a.node.hub.tasks) == 0


async def test_who_left_in_peace_is_gone_at_once(house: House) -> None:
    vera = await house.visit("vera")

    await vera.socket.close(1000)

    await until(lambda: not house.a.node.gateway.connections)


async def come_and_go(house: House, guests: int) -> None:
    for _ in range(guests):
        async with handshake(house.a.port) as socket:
            await socket.say(id=1, op="join", show="demo")
            await socket.of(TEXT)
        await until(lambda: not house.a.node.gateway.connections)
    # Who waits for a deadline is let go when it comes.
    house.clock.advance(120_000)
    house.a.node.hub.wheel.turn()


async def test_a_guest_who_left_is_forgotten(house: House) -> None:
    guests, seen = 100, []
    for _ in range(7):
        await come_and_go(house, guests)
        gc.collect()
        seen.append(sys.getallocatedblocks())

    grown = [after - before for before, after in itertools.pairwise(seen)]
    assert min(grown) < guests // 2, f"{grown}: what is not forgotten is there every time"


async def test_a_connection_that_ended_needs_no_collector(house: House) -> None:
    gc.collect()
    gc.disable()
    try:
        await come_and_go(house, 20)
        left = [one for one in gc.get_objects() if isinstance(one, Protocol)]
    finally:
        gc.enable()

    assert not left, "they hold themselves"


async def test_what_has_ended_cannot_reach_who_comes_after(house: House) -> None:
    """The kernel gives the next connection the same number."""
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)
        (before,) = house.a.node.gateway.connections
        taken = before.offer
    await until(lambda: not house.a.node.gateway.connections)

    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)
        with pytest.raises(OSError, match="Bad file descriptor"):
            taken(b"not for you")
        await socket.say(id=2, op="ping")
        assert b'"re":2' in await socket.of(TEXT)


async def test_a_silent_socket_is_pinged_and_lives_when_it_answers(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)

        for _ in range(4):
            house.clock.advance(26_000)
            assert await socket.of(PING) == b""
            await socket.send(b"", PONG)
            await asyncio.sleep(0.05)

        await socket.say(id=2, op="ping")
        while b'"re":2' not in await socket.of(TEXT):
            pass


async def test_a16_a_half_open_socket_is_cut(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)
        fan_out = await house.a.node.hub.rooms.get("demo")
        assert len(fan_out) == 1

        for _ in range(3):
            house.clock.advance(26_000)
            await asyncio.sleep(0.55)

        assert await socket.ended()
    assert (len(fan_out), house.a.node.gateway.connections) == (0, {})


async def test_who_talks_is_not_pinged(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        for number in range(2, 6):
            house.clock.advance(9_000)
            await socket.say(id=number, op="ping")
            await asyncio.sleep(0.3)
        opcodes = []
        try:
            async with asyncio.timeout(0.3):
                while True:
                    opcodes.append((await socket.frame())[0])
        except TimeoutError:
            pass

    assert set(opcodes) == {TEXT}


async def test_a_ping_is_answered_with_its_own_words(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.send(b"still there?", PING)

        assert await socket.of(PONG) == b"still there?"


async def test_who_does_not_answer_a_close_is_cut(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.send(b"{")
        assert await socket.close_code() == 4400
        await asyncio.sleep(0.05)
        assert len(house.a.node.gateway.connections) == 1

        house.clock.advance(5_000)

        assert await socket.ended()
    await until(lambda: not house.a.node.gateway.connections)


async def test_nothing_is_told_behind_a_close(house: House) -> None:
    async with handshake(house.a.port) as socket:
        await socket.say(id=1, op="join", show="demo")
        await socket.of(TEXT)
        await socket.send(b"{")
        await socket.of(CLOSE)

        await house.say("anybody there?")
        await house.restock("tote", 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await socket.frame()


async def test_a_connection_costs_one_turn_of_the_wheel(house: House) -> None:
    visitors = [await house.visit() for _ in range(20)]
    wheel = house.a.node.hub.wheel
    for _ in range(3):
        house.clock.advance(26_000)
        await asyncio.gather(*(visitor.quiet(0.6) for visitor in visitors))

    waiting = [due for slot in wheel._slots.values() for due in slot]
    assert len(waiting) == len(house.a.node.gateway.connections) == 20
