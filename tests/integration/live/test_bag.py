"""The bag, pins and the show's state, as host and viewers see them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from shop.product import NewProduct, NewSku, PatchProduct
from tests.selling import seller
from tests.viewer import Refusal

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis


def order(bag: list[dict[str, Any]]) -> list[str]:
    assert [item["position"] for item in bag] == list(range(1, len(bag) + 1))
    return [item["product"]["id"] for item in bag]


async def test_the_bag_changes_alike_for_host_and_viewers(two_nodes: House) -> None:
    house = two_nodes
    host, vera = await house.host(), await house.visit("vera", at=house.b, binary=True)
    await house.put("cap", 3)

    added = (await host.do("bag.add", product="cap"))["bag"]
    moved = (await host.do("bag.move", product="cap", position=1))["bag"]
    removed = (await host.do("bag.remove", product="mug-blue"))["bag"]

    assert order(added) == ["mug-blue", "tote", "cap"]
    assert order(moved) == ["cap", "mug-blue", "tote"]
    assert order(removed) == ["cap", "tote"]
    for who in (host, vera):
        told = [await who.event("bag.changed") for _ in range(3)]
        assert [event["bag"] for event in told] == [added, moved, removed]
        assert [event["seq"] for event in told] == [4, 5, 6]
    assert order((await house.visit("late", at=house.b)).joined["bag"]) == ["cap", "tote"]


async def test_moving_past_the_end_is_the_end(house: House) -> None:
    host = await house.host()

    assert order((await host.do("bag.move", product="mug-blue", position=100))["bag"]) == [
        "tote",
        "mug-blue",
    ]


async def test_what_changes_nothing_tells_nothing(house: House) -> None:
    host = await house.host()
    await host.do("pin", product="tote")
    await host.event("pinned")

    assert order((await host.do("bag.add", product="tote"))["bag"]) == ["mug-blue", "tote"]
    assert order((await host.do("bag.move", product="tote", position=2))["bag"]) == [
        "mug-blue",
        "tote",
    ]
    assert await host.do("pin", product="tote") == {}
    assert await host.do("show.start") == {}
    await host.do("unpin")
    await host.event("unpinned", seq=5)
    assert await host.do("unpin") == {}
    await host.do("pin", product="tote")

    assert (await host.event("pinned"))["seq"] == 6


async def test_removing_the_pinned_product_unpins_first(house: House) -> None:
    host, vera = await house.host(), await house.visit("vera")
    await host.do("pin", product="tote")

    await host.do("bag.remove", product="tote")
    changed = await vera.event("bag.changed")

    assert [event["ev"] for event in vera.events if "seq" in event] == ["pinned", "unpinned"]
    assert (changed["seq"], order(changed["bag"])) == (6, ["mug-blue"])
    late = await house.visit("late")
    assert (late.joined["pinned"], late.joined["stock"]) == (None, {"mug-blue": 5})


async def test_a_pin_survives_coming_back_and_a_new_node(house: House) -> None:
    host = await house.host()
    await host.do("pin", product="mug-blue")
    pinned = await host.event("pinned")
    await house.start_node()

    for node in house.nodes:
        vera = await house.visit("vera", at=node)
        assert vera.joined["pinned"] == {"product": "mug-blue", "at": pinned["at"]}


async def test_pinning_another_product_replaces_the_pin(house: House) -> None:
    host, vera = await house.host(), await house.visit("vera")

    await host.do("pin", product="mug-blue")
    await host.do("pin", product="tote")

    assert [(await vera.event("pinned"))["product"] for _ in range(2)] == ["mug-blue", "tote"]
    assert (await house.visit("late")).joined["pinned"]["product"] == "tote"


async def test_a_bag_holds_100_products(house: House) -> None:
    host = await house.host()
    for number in range(98):
        await house.put(f"cap-{number}", 0)
    await asyncio.gather(*(house.a.node.bags.add("demo", f"cap-{n}") for n in range(98)))
    await house.put("one-more", 1)

    with pytest.raises(Refusal) as refused:
        await host.do("bag.add", product="one-more")
    assert (refused.value.code, refused.value.data) == ("limit", {"limit": 100})
    assert len((await host.do("bag.add", product="tote"))["bag"]) == 100
    await host.do("bag.remove", product="tote")
    assert len((await host.do("bag.add", product="one-more"))["bag"]) == 100


async def test_a_bag_holds_500_skus(house: House) -> None:
    host = await house.host()

    async def shirt(name: str, skus: int) -> None:
        sizes = [
            NewSku(id=f"{name}-{n}", title=f"No. {n}", price=100, currency="USD")
            for n in range(skus)
        ]
        await house.list(NewProduct(id=name, title=name, skus=sizes), 0)

    for number in range(4):
        await shirt(f"shirt-{number}", 100)
        await host.do("bag.add", product=f"shirt-{number}")
    await shirt("many", 99)
    await shirt("enough", 98)

    with pytest.raises(Refusal) as refused:
        await host.do("bag.add", product="many")
    assert (refused.value.code, refused.value.data) == ("limit", {"limit": 500})
    await host.do("bag.add", product="enough")
    assert await host.refused("bag.add", product="many") == "limit"


async def test_a_product_that_grows_shows_what_fits_into_the_bag(house: House) -> None:
    vera = await house.visit("vera")

    def sizes(name: str, skus: int) -> list[NewSku]:
        numbers = range(skus)
        return [NewSku(id=f"{name}-{n}", title="S", price=1, currency="USD") for n in numbers]

    for number in range(5):
        name = f"shirt-{number}"
        await house.list(NewProduct(id=name, title=name, skus=sizes(name, 60)), 0)
        await house.a.node.bags.add("demo", name)
        await vera.event("bag.changed")
    for number in range(5):
        name = f"shirt-{number}"
        patch = PatchProduct(title="Shirt", skus=sizes(name, 100))
        await house.a.node.catalog.patch(seller(), name, patch)
        await vera.event("product.changed")

    counts = {
        item["product"]["id"]: len(item["product"]["skus"])
        for item in (await house.visit("late")).joined["bag"]
    }
    assert sum(counts.values()) == 500
    assert counts["shirt-0"] == 100
    assert counts["shirt-4"] == 98


async def test_a_changed_product_is_told_where_it_is_shown(two_nodes: House) -> None:
    house = two_nodes
    await house.make_show("evening")
    vera, otto = await house.visit("vera", at=house.b), await house.connect()
    await otto.join("evening")

    await house.a.node.catalog.patch(seller(), "tote", PatchProduct(title="Big tote"))
    changed = await vera.event("product.changed")

    assert changed["product"]["title"] == "Big tote"
    assert changed["product"]["skus"][0]["left"] == 20
    assert changed["seq"] == 4
    await otto.quiet(0.1)
    assert [event for event in otto.events if "seq" in event] == []
    late = await house.visit("late", at=house.b)
    assert late.joined["bag"][1]["product"] == changed["product"]


async def test_a_product_that_was_taken_out_changes_unseen(house: House) -> None:
    host = await house.host()
    await host.do("bag.remove", product="tote")
    await host.event("bag.changed")

    await house.a.node.catalog.patch(seller(), "tote", PatchProduct(title="Big tote"))
    await house.a.node.outbox.flush(20.0)
    await host.do("bag.add", product="tote")
    changed = await host.event("bag.changed")

    assert changed["seq"] == 5
    assert changed["bag"][1]["product"]["title"] == "Big tote"


# The show.


async def test_a_show_ends_and_starts_again(two_nodes: House) -> None:
    house = two_nodes
    host, vera = await house.host(), await house.visit("vera", at=house.b)
    await host.do("pin", product="tote")

    await host.do("show.end")
    await host.do("show.end")
    ended = await vera.event("show.ended")
    assert [event["ev"] for event in vera.events if "seq" in event] == ["pinned", "unpinned"]
    assert ended["show"]["state"] == "ended"
    assert ended["show"]["ended_at"] == ended["at"]
    assert (await house.visit("late")).joined["show"] == ended["show"]

    await host.do("show.start")
    started = await vera.event("show.started")
    assert started["seq"] == ended["seq"] + 1
    assert started["show"]["state"] == "live"
    assert "ended_at" not in started["show"]
    assert started["show"]["started_at"] == started["at"]
    assert (await house.visit("late", at=house.b)).joined["show"] == started["show"]
    await host.do("pin", product="tote")
    await vera.event("pinned", seq=started["seq"] + 1)


async def test_two_hosts_at_once_leave_one_order(two_nodes: House) -> None:
    house = two_nodes
    first, second = await house.host(), await house.host(at=house.b)
    for number in range(10):
        await house.put(f"cap-{number}", 1)

    await asyncio.gather(
        *(
            (first, second)[number % 2].send("bag.add", product=f"cap-{number}")
            for number in range(10)
        )
    )
    told = [[await who.event("bag.changed") for _ in range(10)] for who in (first, second)]

    assert [event["seq"] for event in told[0]] == list(range(4, 14))
    assert [order(event["bag"]) for event in told[0]] == [order(event["bag"]) for event in told[1]]
    assert len(told[0][-1]["bag"]) == 12
