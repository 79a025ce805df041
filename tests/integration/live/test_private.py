"""Private events reach all sockets of their viewer, whichever node, and nobody else's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from store.redis import keys
from tests.viewer import ADDRESS, card
from tests.waiting import until_told

if TYPE_CHECKING:
    from tests.integration.live.house import House
    from tests.viewer import Viewer

pytestmark = pytest.mark.redis

PRIVATE = {"cart", "checkout", "order"}


async def listening(house: House, *viewers: str) -> None:
    """Return once Redis knows that somebody listens for these."""
    for viewer in viewers:
        channel = keys.private_channel(viewer)

        async def heard(channel: str = channel) -> bool:
            answer: Any = await house.scripts.command("PUBSUB", "NUMSUB", channel)
            return int(answer[1]) == len(house.nodes)

        await until_told(heard)


def private(viewer: Viewer) -> list[dict[str, Any]]:
    return [event for event in viewer.events if event["ev"] in PRIVATE]


async def test_a_cart_is_told_to_all_sockets_of_its_viewer(two_nodes: House) -> None:
    house = two_nodes
    here = await house.visit("vera")
    there = await house.visit("vera", at=house.b, binary=True)
    strangers = [await house.visit("otto", at=node) for node in house.nodes]
    await listening(house, "vera")

    done = await here.do("cart.add", sku="tote", qty=2)

    for socket in (here, there):
        event = await socket.event("cart")
        assert event == {"ev": "cart", "at": event["at"], "cart": done["cart"]}
        assert "seq" not in event
    for stranger in strangers:
        await stranger.quiet(0.1)
        assert private(stranger) == []


async def test_a_node_alone_tells_its_own_sockets_itself(empty_house: House) -> None:
    house = empty_house
    alone = await house.start_node(redis_url="")
    await house.furnish()
    here, there = await house.visit("vera"), await house.visit("vera", binary=True)
    stranger = await house.visit("otto")
    # Whatever went through Redis would now be lost.
    alone.node.stores.channels.unlisten(keys.private_channel("vera"))

    done = await here.do("cart.add", sku="tote", qty=2)

    for socket in (here, there):
        event = await socket.event("cart")
        assert event == {"ev": "cart", "at": event["at"], "cart": done["cart"]}
    await stranger.quiet(0.1)
    assert private(stranger) == []


async def test_a39_neighbours_of_a_shard_hear_nothing_of_each_other(house: House) -> None:
    mates = [f"v{n}" for n in range(2000) if keys.shard(f"v{n}") == keys.shard("v0")][:2]
    first, second = [await house.visit(mate) for mate in mates]
    await listening(house, *mates)

    await first.do("cart.add", sku="tote", qty=1)
    await first.event("cart")
    await second.quiet(0.1)

    assert private(second) == []


async def test_a_purchase_is_told_step_by_step(paying_house: House) -> None:
    house = paying_house
    vera, phone = await house.visit("vera"), await house.visit("vera", binary=True)
    host = await house.host()
    await listening(house, "vera")

    bought = (await vera.do("buy", sku="mug-blue", qty=2, key="key-00001"))["checkout"]
    paid = (
        await vera.do(
            "checkout.pay", checkout=bought["id"], method=card("tok_ok"), ship_to=ADDRESS
        )
    )["checkout"]
    order = (await phone.event("order"))["order"]
    news = await host.event("purchase")
    versions = [event["checkout"]["version"] for event in private(phone) if "checkout" in event]

    assert paid["state"] == "paid"
    assert order["id"] in paid["orders"]
    assert versions == sorted(versions)
    assert (news["product"], news["units"]) == ("mug-blue", 2)
    assert "seq" in news
    assert "Vera" not in news["name"]
    await host.quiet(0.1)
    assert private(host) == []


async def test_a_viewer_is_told_in_every_show(house: House) -> None:
    await house.make_show("evening")
    elsewhere = await house.connect()
    await elsewhere.join("evening", token=house.token("vera"))
    vera = await house.visit("vera")
    await listening(house, "vera")

    await vera.do("cart.add", sku="tote", qty=1)

    assert (await elsewhere.event("cart"))["cart"]["count"] == 1


async def test_who_has_left_is_told_nothing_and_costs_nothing(house: House) -> None:
    vera, phone = await house.visit("vera"), await house.visit("vera")
    await listening(house, "vera")
    await phone.socket.close()

    await vera.do("cart.add", sku="tote", qty=1)
    await vera.event("cart")
    await vera.socket.close()

    async def silent() -> bool:
        answer: Any = await house.scripts.command("PUBSUB", "CHANNELS", "{u:*")
        return not answer

    await until_told(silent)


async def test_a_pubsub_connection_that_breaks_comes_back(house: House) -> None:
    vera = await house.visit("vera")
    await listening(house, "vera")

    await house.scripts.command("CLIENT", "KILL", "TYPE", "pubsub")
    await asyncio.sleep(0.05)
    await listening(house, "vera")
    await vera.do("cart.add", sku="tote", qty=1)

    assert (await vera.event("cart"))["cart"]["count"] == 1


async def test_noise_on_a_private_channel_breaks_nothing(house: House) -> None:
    vera = await house.visit("vera")
    await listening(house, "vera")

    for noise in ("", "{", '{"viewer": 5}', '{"event": 1}', "\x00"):
        await house.scripts.command("PUBLISH", keys.private_channel("vera"), noise)
    await vera.do("cart.add", sku="tote", qty=1)

    assert (await vera.event("cart"))["cart"]["count"] == 1
