"""History that was lost, feeds with holes, connections that broke: everybody is healed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from store.redis import keys
from store.redis.connect import connect

if TYPE_CHECKING:
    from tests.integration.live.house import House
    from tests.viewer import Viewer

pytestmark = pytest.mark.redis


async def lose_everything(house: House) -> None:
    """As a Redis that comes back empty; what belongs to the show only."""
    found: Any = await house.scripts.command("KEYS", "{show:demo}*")
    await house.scripts.command("DEL", *found)


async def cut(house: House, like: bytes) -> int:
    """End the connections whose last command begins so; how many."""
    listing: Any = await house.scripts.command("CLIENT", "LIST")
    doomed = [
        dict(part.split(b"=", 1) for part in line.split())[b"id"]
        for line in listing.splitlines()
        if b"cmd=" + like in line
    ]
    for ident in doomed:
        await house.scripts.command("CLIENT", "KILL", "ID", ident)
    return len(doomed)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_lost_history_is_told_by_a_snapshot(house: House, binary: bool) -> None:
    host, vera = await house.host(), await house.visit("vera", binary=binary)
    await host.do("pin", product="tote")
    await host.do("chat.send", text="Welcome!")
    await vera.event("chat")

    await lose_everything(house)
    snapshot = await vera.event("snapshot")

    assert set(snapshot) == {
        "ev", "at", "show", "epoch", "seq", "recovered", "pinned", "bag", "stock", "viewers",
        "likes", "chat",
    }  # fmt: skip
    assert snapshot["epoch"] != vera.joined["epoch"]
    assert (snapshot["seq"], snapshot["recovered"], snapshot["pinned"]) == (0, False, None)
    assert (snapshot["bag"], snapshot["chat"], snapshot["stock"]) == ([], [], {})
    before = vera.joined["show"]
    del before["started_at"]
    assert snapshot["show"] == {**before, "state": "scheduled"}


async def test_the_show_goes_on_after_a_loss(two_nodes: House) -> None:
    house = two_nodes
    host, vera = await house.host(), await house.visit("vera", at=house.b)
    await lose_everything(house)
    snapshots = [await who.event("snapshot") for who in (host, vera)]

    await host.do("show.start")
    await host.do("bag.add", product="tote")
    await host.do("pin", product="tote")

    assert snapshots[0]["epoch"] == snapshots[1]["epoch"]
    for who in (host, vera):
        told = [await who.event(name) for name in ("show.started", "bag.changed", "pinned")]
        assert [event["seq"] for event in told] == [1, 2, 3]
        assert told[1]["bag"][0]["product"]["id"] == "tote"
        assert [event for event in who.events if event["ev"] == "snapshot"] == []
    late = await (await house.connect()).join()
    assert (late["epoch"], late["seq"]) == (snapshots[0]["epoch"], 3)
    assert late["stock"] == {"tote": 20}


async def test_a_command_right_after_a_loss_works(house: House) -> None:
    host = await house.host()
    await lose_everything(house)

    assert await host.do("show.start") == {}
    snapshot = await host.event("snapshot")

    assert (snapshot["seq"], snapshot["show"]["state"]) == (1, "live")


async def test_numbers_of_a_new_epoch_are_new_events(house: House) -> None:
    """What was encoded for number 4 of the old epoch is not told as number 4 of the new."""
    host, vera = await house.host(), await house.visit("vera")
    for text in ("one", "two", "three"):
        await host.do("chat.send", text=text)
        await vera.event("chat", text=text)
    await lose_everything(house)
    await vera.event("snapshot")
    await host.do("show.start")
    for text in ("eins", "zwei", "drei", "vier", "fünf"):
        await host.do("chat.send", text=text)

    told = [(await vera.event("chat")) for _ in range(5)]

    assert [event["text"] for event in told] == ["eins", "zwei", "drei", "vier", "fünf"]
    assert [event["seq"] for event in told] == [2, 3, 4, 5, 6]


async def test_stock_news_in_the_moment_of_a_loss_stop_nobody(house: House) -> None:
    vera = await house.visit("vera")
    fan_out = await house.a.node.hub.rooms.get("demo")
    for left in range(30):
        fan_out.note_stock("tote", 50 + left)
        house.a.node.hub.rooms.heal("demo")
        await asyncio.sleep(0.01)
    await house.restock("tote", 7)

    await vera.event("stock", sku="tote", left=27)
    assert not any(task.done() for task in house.a.tasks)


async def test_a_viewer_who_joins_while_a_room_heals_sees_the_stock(house: House) -> None:
    await house.visit("vera")
    await lose_everything(house)
    await house.a.node.bags.add("demo", "tote")
    stocks = []
    for _ in range(20):
        house.a.node.hub.rooms.heal("demo")
        await asyncio.sleep(0)
        stocks.append((await (await house.connect()).join())["stock"])

    assert {stock.get("tote", 20) for stock in stocks} == {20}


async def test_a_hole_in_the_feed_is_healed_event_by_event(house: House) -> None:
    """The node was away while the feed went on; nothing of it was trimmed."""
    host, vera = await house.host(), await house.visit("vera")
    feed = house.a.node.stores.feed
    feed.leave(keys.show_feed("demo"))
    for text in ("one", "two", "three"):
        await host.do("chat.send", text=text)

    told = [await vera.event("chat") for _ in range(3)]

    assert [event["text"] for event in told] == ["one", "two", "three"]
    assert [event["seq"] for event in told] == [4, 5, 6]
    await host.do("chat.send", text="four")
    assert (await vera.event("chat"))["seq"] == 7
    assert [event for event in vera.events if event["ev"] in {"snapshot", "chat"}] == []


async def test_a_hole_that_was_trimmed_is_told_by_a_snapshot(house: House) -> None:
    host, vera = await house.host(), await house.visit("vera")
    await house.a.pause("Gauges.run")  # so that the feed alone tells of the hole
    await house.a.pause("Feed.run")
    for text in ("one", "two", "three"):
        await host.do("chat.send", text=text)
    await house.scripts.command("XTRIM", keys.show_feed("demo"), "MAXLEN", 1)

    reading = asyncio.create_task(house.a.node.stores.feed.run())
    snapshot = await vera.event("snapshot")

    assert (snapshot["epoch"], snapshot["seq"]) == (vera.joined["epoch"], 6)
    assert [said["text"] for said in snapshot["chat"]] == ["one", "two", "three"]
    assert [said["seq"] for said in snapshot["chat"]] == [4, 5, 6]
    await host.do("chat.send", text="four")
    assert (await vera.event("chat"))["seq"] == 7
    reading.cancel()


async def test_a_feed_connection_that_breaks_loses_nothing(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    others = [await house.visit(f"viewer-{n}", at=house.nodes[n % 2]) for n in range(4)]

    async def talk(speaker: Viewer) -> None:
        for number in range(30):
            await speaker.do("chat.send", text=f"line {number}")
            await asyncio.sleep(0.01)

    talking = asyncio.create_task(talk(host))
    killed = 0
    while not talking.done():
        await asyncio.sleep(0.05)
        killed += await cut(house, b"xread")
    await talking

    assert killed > 2
    for other in others:
        told = [await other.event("chat") for _ in range(30)]
        assert [event["text"] for event in told] == [f"line {n}" for n in range(30)]
        assert [event["seq"] for event in told] == list(range(4, 34))
        assert [event for event in other.events if event["ev"] == "snapshot"] == []


async def test_every_connection_to_redis_may_break(house: House) -> None:
    vera = await house.visit("vera")
    await vera.do("cart.set", sku="tote", qty=1)

    killer = connect(house.redis_url)
    await killer.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await killer.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await killer.aclose()
    codes = set()
    for _ in range(10):
        reply = await vera.reply(await vera.send("cart.get"))
        codes.add(reply["error"]["code"] if "error" in reply else "ok")

    assert codes <= {"ok", "unavailable"}
    assert (await vera.do("cart.get"))["cart"]["count"] == 1
    host = await house.host()
    await host.do("pin", product="tote")
    await vera.event("pinned")
