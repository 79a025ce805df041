"""The SDK's link: it comes back by itself, misses nothing, and knows when to stay away."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.sdk_page import Losing, begin, events, open_sdk, studio, until
from tests.end_to_end.browser.wire import Wire
from tests.end_to_end.conftest import Serve
from tests.served import Served

NO_LINK = "WebSocket connection|Failed to load resource"
"""What a browser itself says on the console when a line is dead."""


async def say(page: Any, text: str) -> None:
    said = await page.evaluate("(text) => desk.chat.send(text)", text)
    assert said["ok"], said


async def test_after_a_cut_it_resumes_where_it_was_and_nothing_is_lost_or_doubled(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    pots = await studio(shared_server)
    proxy = await proxied(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{proxy.url}/v1/client")
    host = await open_sdk(open_page, shared_server.url)
    await begin(host, pots.show, "desk", token=pots.host)
    await begin(page, pots.show)
    await say(host, "before")
    await until(page, "live.texts().length === 1")
    before = await page.evaluate("live.state.me.id")

    proxy.cut()
    await until(page, "live.state.conn === 'reconnecting'")
    lost_at = await page.evaluate("[live.state.lostAt, Date.now()]")
    await say(host, "during")
    pots.as_host("POST", "/pin", {"product": pots.product})
    pots.as_host("POST", "/unpin")
    pots.as_host("POST", "/pin", {"product": pots.vase.removesuffix("-tall")})
    proxy.mend()
    await until(page, "live.told('ready').length === 2")
    await say(host, "after")
    await until(page, "live.texts().length === 3")

    assert 0 <= lost_at[1] - lost_at[0] < 5_000
    assert [join["recovered"] for join in wire.joins] == [False, True]
    assert (await events(page, "ready"))[1] == {"recovered": True, "first": False}
    assert await events(page, "gap") == []
    assert await page.evaluate("live.texts()") == ["before", "during", "after"]
    pins = [pin and pin["product"]["title"] for pin in await events(page, "pin")]
    assert pins == ["Mug", None, "Vase"]
    assert (await page.evaluate("live.state.pin"))["product"]["title"] == "Vase"
    assert await events(page, "conn") == ["online", "reconnecting", "online"]
    assert await page.evaluate("live.state.me.id") == before
    assert "lostAt" not in await page.evaluate("live.state")


async def test_a_line_that_went_silent_is_noticed_and_replaced(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    pots = await studio(shared_server)
    proxy = await proxied(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.clock.install()
    await page.goto(f"{proxy.url}/v1/client")
    await begin(page, pots.show)
    while len(wire.replies) < 2:  # noqa: ASYNC110 - the first pong, which may not be late
        await asyncio.sleep(0.01)
    await page.clock.run_for(21_000)
    while len(wire.replies) < 3:  # noqa: ASYNC110 - to the join and to two pings
        await asyncio.sleep(0.01)
    pings = len(wire.sent("ping"))

    proxy.freeze()
    await page.clock.run_for(21_000)
    assert await page.evaluate("live.state.conn") == "online", "one silent spell is no cut"
    await page.clock.run_for(5_100)
    assert await page.evaluate("live.state.conn") == "reconnecting"
    proxy.mend()
    await page.clock.run_for(1_000)
    await until(page, "live.state.conn === 'online'")

    assert pings == 2
    assert [join["recovered"] for join in wire.joins] == [False, True]


async def test_coming_back_to_the_page_asks_at_once_whether_the_line_is_alive(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    pots = await studio(shared_server)
    proxy = await proxied(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.clock.install()
    await page.goto(f"{proxy.url}/v1/client")
    await begin(page, pots.show)
    while len(wire.replies) < 2:  # noqa: ASYNC110 - the first pong: from here on all is silent
        await asyncio.sleep(0.01)

    proxy.freeze()
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await page.clock.run_for(5_100)
    assert await page.evaluate("live.state.conn") == "reconnecting"
    proxy.cut()
    for _ in range(6):
        await page.clock.run_for(20_000)
        await asyncio.sleep(0.1)
    proxy.mend()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await until(page, "live.state.conn === 'online'", 3_000)


async def test_an_event_that_is_missing_is_fetched_and_one_that_comes_twice_is_dropped(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    pins: list[Any] = []

    def unreliable(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message.get("ev") == "pinned" and message not in pins:
            pins.append(message)
            return []
        return [message, message] if "seq" in message and "ev" in message else [message]

    losing = await Losing(page, change=unreliable).start()
    await begin(page, pots.show)

    pots.as_host("POST", "/pin", {"product": pots.product})
    await asyncio.sleep(0.2)
    assert await page.evaluate("live.state.pin") is None
    pots.as_host("POST", "/unpin")
    pots.as_host("POST", "/pin", {"product": pots.product})
    await until(page, "live.state.pin")
    await asyncio.sleep(0.5)

    first, *later = [join["recovered"] for join in losing.joins]
    assert not first
    assert later
    assert all(later)
    heard = [pin and pin["product"]["title"] for pin in await events(page, "pin")]
    assert heard == ["Mug", None, "Mug"]


async def test_when_history_is_lost_the_state_is_replaced_and_a_gap_told(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)

    def at_the_pin(message: dict[str, Any], _: dict[int, str]) -> bool:
        return message.get("ev") == "pinned"

    def forgetful(message: dict[str, Any]) -> list[dict[str, Any]]:
        if "since" in message:
            message["since"] = {"epoch": "another", "seq": 1}
        return [message]

    losing = await Losing(page, at_the_pin, forgetful).start()
    await begin(page, pots.show)
    await page.evaluate("live.bagBefore = live.state.bag")

    pots.as_host("POST", "/pin", {"product": pots.product})
    await until(page, "live.state.pin")
    await until(page, "live.told('ready').length === 2")

    assert [join["recovered"] for join in losing.joins] == [False, False]
    (gap,) = await events(page, "gap")
    assert gap["to"] > gap["from"]
    assert len(await events(page, "pin")) == 1
    assert [batch["reset"] for batch in await events(page, "chat")] == [True, True]
    assert len(await events(page, "bag")) == 1, "it says the same, so nobody is told"
    assert await page.evaluate("live.bagBefore === live.state.bag")


@pytest.mark.timeout(180)
async def test_a_server_that_restarts_is_joined_again(
    serve: Serve, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expect(NO_LINK)
    served = await asyncio.to_thread(serve)
    page = await open_sdk(open_page, served.url)
    await begin(page, "demo")
    await page.evaluate("live.cart.add(live.state.bag[0].product.skus[0].id, 2)")

    await asyncio.to_thread(served.stop)
    await until(page, "live.state.conn === 'reconnecting'")
    await asyncio.to_thread(served.start)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await until(page, "live.state.conn === 'online'", 30_000)
    await page.evaluate("live.cart.get()")

    assert await page.evaluate("live.state.cart.count") == 2


async def test_an_unknown_show_is_refused_for_good(
    open_page: OpenPage, shared_server: Served
) -> None:
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{shared_server.url}/v1/client")

    await begin(page, "no-such-show", wait=False)
    code = await page.evaluate("live.ready.catch((error) => error.code)")
    await asyncio.sleep(1)

    assert code == "not_found"
    assert await page.evaluate("live.state.conn") == "closed"
    assert wire.sockets == 1


async def test_who_is_banned_is_told_and_does_not_come_back(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    host = await open_sdk(open_page, shared_server.url)
    await begin(host, pots.show, "desk", token=pots.host)
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{shared_server.url}/v1/client")
    await begin(page, pots.show)

    troll = await page.evaluate("live.state.me.id")
    await host.evaluate("(viewer) => desk.host.ban(viewer, 'spam')", troll)
    await until(page, "live.state.conn === 'closed'")
    await asyncio.sleep(1)

    assert await page.evaluate("live.told('error').map((error) => error.code)") == ["forbidden"]
    assert wire.sockets == 1


async def test_a_foreign_page_is_told_what_its_owner_has_to_set(
    open_page: OpenPage, shared_server: Served, proxied: Proxied, complaints: Complaints
) -> None:
    complaints.expect("YELLOWCART_ALLOWED_ORIGINS|WebSocket connection")
    pots = await studio(shared_server)
    foreign = await proxied(shared_server)
    page = await open_sdk(open_page, foreign.url)

    await begin(page, pots.show, base=foreign.url, url=shared_server.url, wait=False)
    code, words = await page.evaluate("live.ready.catch((error) => [error.code, error.message])")

    assert code == "forbidden"
    assert f"add {foreign.url} to YELLOWCART_ALLOWED_ORIGINS" in words
    assert await page.evaluate("live.state.conn") == "closed"
    assert any("YELLOWCART_ALLOWED_ORIGINS" in heard for heard in complaints.heard)


async def test_it_waits_as_long_as_a_busy_server_asks_for(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url)
    asked: list[float] = []

    def busy(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message.get("op") == "join":
            asked.append(time.monotonic())
        if len(asked) == 1 and "ok" in message and "epoch" in message["ok"]:
            error = {"code": "unavailable", "message": "Busy.", "data": {"retry_after_ms": 1500}}
            return [{"re": message["re"], "error": error}]
        return [message]

    await Losing(page, change=busy).start()
    await begin(page, pots.show, wait=False)
    await asyncio.sleep(0.5)
    await page.evaluate("dispatchEvent(new Event('online'))")
    await until(page, "live.state.conn === 'online'")

    assert len(asked) == 2
    assert asked[1] - asked[0] >= 1.4
