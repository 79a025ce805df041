"""A viewer who comes back gets exactly what was missed, or the whole show."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from store.redis import keys

if TYPE_CHECKING:
    from tests.integration.live.house import House, Running
    from tests.viewer import Viewer

pytestmark = pytest.mark.redis


async def happen(host: Viewer, count: int) -> list[dict[str, Any]]:
    """So many events, as the host has seen them."""
    seen = []
    for number in range(count):
        if number % 2:
            await host.do("unpin")
            seen.append(await host.event("unpinned"))
        else:
            await host.do("pin", product="tote")
            seen.append(await host.event("pinned"))
    return seen


async def come_back(
    house: House, since: dict[str, Any], at: Running | None = None, *, binary: bool = False
) -> tuple[dict[str, Any], Viewer]:
    vera = await house.connect(at, binary=binary)
    return await vera.join(token=house.token("vera"), since=since), vera


def place(joined: dict[str, Any]) -> dict[str, Any]:
    return {"epoch": joined["epoch"], "seq": joined["seq"]}


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_what_was_missed_follows_in_order_none_twice(house: House, binary: bool) -> None:
    host = await house.host()
    first, _ = await come_back(house, {"epoch": "none", "seq": 0})
    seen = await happen(host, 8)

    joined, vera = await come_back(house, place(first), binary=binary)
    await vera.event("unpinned", seq=joined["seq"])

    assert (first["recovered"], joined["recovered"]) == (False, True)
    assert joined["seq"] == first["seq"] + 8
    assert joined["pinned"] is None
    assert [event for event in vera.events if "seq" in event] == seen[:-1]
    later = await happen(host, 2)
    assert [await vera.event(event["ev"], seq=event["seq"]) for event in later] == later


async def test_who_missed_nothing_is_recovered_without_events(house: House) -> None:
    host = await house.host()
    joined, vera = await come_back(house, place(host.joined))

    assert joined["recovered"] is True
    assert [event for event in await vera.quiet() if "seq" in event] == []


async def test_another_node_tells_what_was_missed(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    since = place(host.joined)
    seen = await happen(host, 5)

    joined, vera = await come_back(house, since, house.b)
    await vera.event("pinned", seq=joined["seq"])

    assert joined["recovered"] is True
    assert [event for event in vera.events if "seq" in event] == seen[:-1]


async def test_a_viewer_ahead_of_the_node_waits_for_it(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    behind = await house.visit("otto", at=house.b)
    await house.b.pause("Feed.run")
    seen = await happen(host, 3)

    vera = await house.connect(house.b)
    since = {"epoch": host.joined["epoch"], "seq": seen[1]["seq"]}
    asked = await vera.send("join", show="demo", since=since)
    await asyncio.sleep(0.1)
    reading = asyncio.create_task(house.b.node.stores.feed.run())
    joined = (await vera.reply(asked))["ok"]
    assert (await vera.event("pinned"))["seq"] == joined["seq"] == seen[2]["seq"]

    assert joined["recovered"] is True
    assert [event["seq"] for event in [await behind.event(e["ev"]) for e in seen]] == [4, 5, 6]
    reading.cancel()


async def test_a_viewer_ahead_of_everything_is_not_waited_for(house: House) -> None:
    since = {"epoch": (await house.host()).joined["epoch"], "seq": 99}

    async with asyncio.timeout(1):
        joined, _ = await come_back(house, since)

    assert (joined["recovered"], joined["seq"]) == (False, 3)


async def test_another_epoch_is_not_recovered(house: House) -> None:
    joined, vera = await come_back(house, {"epoch": "long-ago", "seq": 1})

    assert joined["recovered"] is False
    assert [event for event in await vera.quiet() if "seq" in event] == []


async def test_a_place_beyond_the_history_is_not_recovered(empty_house: House) -> None:
    house = empty_house
    await house.start_node(history=5)
    await house.furnish()
    host = await house.host()
    seen = await happen(host, 6)
    epoch = host.joined["epoch"]

    lost, _ = await come_back(house, {"epoch": epoch, "seq": seen[0]["seq"] - 1})
    kept, vera = await come_back(house, {"epoch": epoch, "seq": seen[0]["seq"]})
    await vera.event("unpinned", seq=kept["seq"])

    assert (lost["recovered"], kept["recovered"]) == (False, True)
    assert [event["seq"] for event in vera.events if "seq" in event] == [5, 6, 7, 8]


async def test_a_thousand_events_are_history_on_every_node(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    since = place(host.joined)
    for number in range(0, 1000, 50):
        house.clock.advance(2_000)
        sent = [await host.send("chat.send", text=f"line {number + n}") for n in range(50)]
        for ident in sent:
            assert "ok" in await host.reply(ident)

    for node in house.nodes:
        # Who comes from the last event makes a node read up to it.
        await come_back(house, {**since, "seq": since["seq"] + 1000}, node)
        joined, vera = await come_back(house, since, node)
        await vera.event("chat", seq=joined["seq"])
        told = [event for event in vera.events if "seq" in event]
        assert joined["recovered"] is True
        assert [event["seq"] for event in told] == list(range(4, 1003))
        assert [event["text"] for event in told] == [f"line {n}" for n in range(999)]
        assert [said["text"] for said in joined["chat"]] == [f"line {n}" for n in range(970, 1000)]


async def test_a_process_that_starts_anew_recovers_its_viewers(house: House) -> None:
    host = await house.host()
    since = place(host.joined)
    seen = await happen(host, 3)
    await house.start_node()
    await house.a.stop()
    house.nodes.reverse()

    joined, vera = await come_back(house, since)
    await vera.event("pinned", seq=joined["seq"])

    assert (joined["recovered"], joined["epoch"]) == (True, since["epoch"])
    assert [event for event in vera.events if "seq" in event] == seen[:-1]
    assert joined["pinned"]["product"] == "tote"


async def test_bags_of_the_past_are_told_with_the_stock_of_now(house: House) -> None:
    host = await house.host()
    since = place(host.joined)
    await house.put("cap", 3)
    await host.do("bag.add", product="cap")
    await host.event("bag.changed")
    vera = await house.visit("vera")
    await vera.do("buy", sku="cap", qty=2, key="key-00001")
    await host.event("stock", sku="cap", left=1)

    joined, back = await come_back(house, since)
    changed = await back.event("bag.changed")

    assert joined["stock"]["cap"] == 1
    assert changed["bag"][2]["product"]["skus"][0]["left"] == 1


async def test_events_happen_while_many_come_back(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    since = place(host.joined)
    talking = asyncio.create_task(happen(host, 60))
    back = []
    for number in range(20):
        back.append(await come_back(house, since, house.nodes[number % 2]))
        await asyncio.sleep(0.005)
    seen = [event["seq"] for event in await talking]

    for joined, vera in back:
        last = await vera.event("unpinned", seq=seen[-1])
        told = [event["seq"] for event in vera.events if "seq" in event] + [last["seq"]]
        assert joined["recovered"] is True
        assert told == seen


async def test_the_history_survives_in_redis_only_as_the_feed(house: House) -> None:
    """Without the feed a new node knows the show, but no past."""
    host = await house.host()
    since = place(host.joined)
    await happen(host, 4)
    await house.scripts.command("DEL", keys.show_feed("demo"))

    late = await house.start_node()
    joined, vera = await come_back(house, since, late)
    later = await happen(host, 1)

    assert (joined["recovered"], joined["seq"]) == (False, since["seq"] + 4)
    assert await vera.event("pinned") == later[0]


async def test_a_feed_with_a_hole_is_history_only_behind_it(house: House) -> None:
    host = await house.host()
    await happen(host, 6)
    await house.scripts.command("XDEL", keys.show_feed("demo"), "6-0")

    late = await house.start_node()
    epoch = host.joined["epoch"]
    lost, _ = await come_back(house, {"epoch": epoch, "seq": 5}, late)
    kept, vera = await come_back(house, {"epoch": epoch, "seq": 6}, late)
    await vera.event("unpinned", seq=9)

    assert (lost["recovered"], kept["recovered"]) == (False, True)
    assert [event["seq"] for event in vera.events if "seq" in event] == [7, 8]


async def test_a_product_that_left_the_bag_is_still_told_of(house: House) -> None:
    host = await house.host()
    since = place(host.joined)
    await house.put("cap", 3)
    await host.do("bag.add", product="cap")
    await host.do("bag.remove", product="cap")
    seen = [await host.event("bag.changed") for _ in range(2)]
    await house.start_node()

    for node in house.nodes:
        joined, vera = await come_back(house, since, node)
        told = [await vera.event("bag.changed") for _ in range(2)]
        assert joined["recovered"] is True
        assert [[item["product"]["id"] for item in event["bag"]] for event in told] == [
            ["mug-blue", "tote", "cap"],
            ["mug-blue", "tote"],
        ]
        assert told[1] == seen[1]
