"""Viewers, likes, stock and sales: the latest value of all nodes together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shop.product import NewProduct, NewSku, PatchProduct
from tests.selling import seller
from tests.viewer import ADDRESS, card

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis


async def test_viewers_are_counted_over_all_nodes(two_nodes: House) -> None:
    house = two_nodes
    host = await house.host()
    here, there, third = [
        await house.visit(f"viewer-{n}", at=house.nodes[n % 2]) for n in range(3)
    ]

    await asyncio.gather(*(who.event("viewers", n=3) for who in (host, here, there)))
    late = await house.visit("late", at=house.b)
    assert late.joined["viewers"] == 4

    await third.socket.close()
    await late.socket.close()
    await asyncio.gather(*(who.event("viewers", n=2) for who in (host, there)))


async def test_the_host_is_no_viewer(house: House) -> None:
    host = await house.host()

    assert host.joined["viewers"] == 0
    assert (await house.visit("vera")).joined["viewers"] == 1


async def test_a_node_that_stops_takes_its_viewers_and_hearts_along(two_nodes: House) -> None:
    house = two_nodes
    vera = await house.visit("vera")
    otto = await house.visit("otto", at=house.b)
    await vera.event("viewers", n=2)

    await house.b.pause("Gauges.run")
    await otto.do("like", count=9)
    await house.b.stop()

    await vera.event("viewers", n=1)
    await vera.event("likes", n=9)


async def test_a_node_that_dies_is_forgotten(two_nodes: House) -> None:
    house = two_nodes
    vera = await house.visit("vera")
    await house.visit("otto", at=house.b)
    await vera.event("viewers", n=2)

    await house.b.pause("Gauges.run")
    house.clock.advance(6_000)

    await vera.event("viewers", n=1)


async def test_likes_add_up_over_all_nodes(two_nodes: House) -> None:
    house = two_nodes
    here, there = await house.visit("vera"), await house.visit("otto", at=house.b)

    await asyncio.gather(here.do("like", count=50), there.do("like", count=7))
    await asyncio.gather(here.event("likes", n=57), there.event("likes", n=57))
    totals = [
        event["n"] for who in (here, there) for event in who.events if event["ev"] == "likes"
    ]

    assert all(total <= 57 for total in totals)
    assert (await house.visit("late")).joined["likes"] == 57


async def test_likes_never_seem_to_fall(two_nodes: House) -> None:
    house = two_nodes
    here, there = await house.visit("vera"), await house.visit("otto", at=house.b)
    for _ in range(15):
        house.clock.advance(200)
        await asyncio.gather(here.do("like", count=3), there.do("like", count=2))
        await asyncio.sleep(0.1)
    await asyncio.gather(here.event("likes", n=75), there.event("likes", n=75))

    for who in (here, there):
        told = [event["n"] for event in who.events if event["ev"] == "likes"]
        assert told == sorted(told)


async def test_a_gauge_is_told_when_it_changes_and_only_then(house: House) -> None:
    vera = await house.visit("vera")
    await vera.event("viewers", n=1)
    await vera.event("likes", n=0)

    assert await vera.quiet(1.3) == []


async def test_held_units_are_not_left(two_nodes: House) -> None:
    house = two_nodes
    vera, otto = await house.visit("vera"), await house.visit("otto", at=house.b)

    checkout = (await vera.do("buy", sku="mug-blue", qty=2, key="key-00001"))["checkout"]
    told = await asyncio.gather(*(who.event("stock", sku="mug-blue") for who in (vera, otto)))
    assert [event["left"] for event in told] == [3, 3]
    assert "seq" not in told[0]
    late = await house.visit("late", at=house.b)
    assert late.joined["stock"] == {"mug-blue": 3, "tote": 20}
    assert late.joined["bag"][0]["product"]["skus"][0]["left"] == 3

    await vera.do("checkout.cancel", checkout=checkout["id"])
    for who in (vera, otto):
        await who.event("stock", sku="mug-blue", left=5)


async def test_a_restock_is_told(two_nodes: House) -> None:
    vera = await two_nodes.visit("vera", at=two_nodes.b)

    await two_nodes.restock("tote", 5)

    await vera.event("stock", sku="tote", left=25)


async def test_stock_of_what_is_not_in_the_bag_is_not_told(house: House) -> None:
    vera = await house.visit("vera")
    await house.put("cap", 3)

    await house.restock("cap", 5)
    await house.restock("tote", 1)
    await vera.event("stock", sku="tote")

    assert [event for event in vera.events if event["ev"] == "stock"] == []


async def test_products_added_in_a_row_all_show_their_stock(two_nodes: House) -> None:
    house = two_nodes
    host, vera = await house.host(), await house.visit("vera", at=house.b)
    shelf = {f"cap-{number}": number + 1 for number in range(12)}
    for sku, units in shelf.items():
        await house.put(sku, units)

    sent = [await host.send("bag.add", product=sku) for sku in shelf]
    for ident in sent:
        assert "ok" in await host.reply(ident)
    bags = [(await vera.event("bag.changed"))["bag"] for _ in shelf]

    lefts = {item["product"]["id"]: item["product"]["skus"][0]["left"] for item in bags[-1]}
    assert lefts == {"mug-blue": 5, "tote": 20, **shelf}
    for sku in shelf:
        await house.restock(sku, 100)
    for sku, units in shelf.items():
        await vera.event("stock", sku=sku, left=units + 100)
    late = await house.visit("late", at=house.b)
    assert late.joined["stock"] == {
        "mug-blue": 5, "tote": 20, **{sku: units + 100 for sku, units in shelf.items()}
    }  # fmt: skip


async def test_a_new_sku_of_a_product_in_the_bag_shows_its_stock(house: House) -> None:
    vera = await house.visit("vera")
    new = NewSku(id="tote-red", title="Red", price=1999, currency="USD")

    await house.a.node.catalog.patch(seller(), "tote", PatchProduct(skus=[new]))
    changed = await vera.event("product.changed")
    await house.restock("tote-red", 4)
    await vera.event("stock", sku="tote-red", left=4)

    assert [sku["id"] for sku in changed["product"]["skus"]] == ["tote", "tote-red"]
    assert (await house.visit("late")).joined["stock"]["tote-red"] == 4


async def test_a_room_that_heals_takes_no_news_from_the_others(house: House) -> None:
    """Both rooms hear of stock by one stream: what one has read, the other was not told."""
    await house.make_show("evening")
    await house.put("cap", 3)
    await house.a.node.bags.add("evening", "cap")
    otto = await house.connect()
    await otto.join("evening")
    await house.visit("vera")
    await house.a.pause("Feed.run")
    await house.restock("cap", 5)

    fan_out = await house.a.node.hub.rooms.get("demo")
    await house.a.node.hub.rooms._board.watch(fan_out, anew=True)
    reading = asyncio.create_task(house.a.node.stores.feed.run())

    await otto.event("stock", sku="cap", left=8)
    reading.cancel()


async def test_sales_are_told_to_the_host_alone(paying_house: House) -> None:
    house = paying_house
    host, vera = await house.host(), await house.visit("vera")
    admin = await house.visit(token=house.token("root", "admin"))
    for number in (1, 2):
        key = f"key-0000{number}"
        checkout = (await vera.do("buy", sku="tote", qty=number, key=key))["checkout"]["id"]
        await vera.do("checkout.pay", checkout=checkout, method=card("tok_ok"), ship_to=ADDRESS)

    sold = await host.event("sales", orders=2)
    await admin.event("sales", orders=2)
    again = await house.host()
    await vera.quiet(0.1)

    assert {name: sold[name] for name in ("units", "revenue", "currency")} == {
        "units": 3, "revenue": 5997, "currency": "USD"
    }  # fmt: skip
    assert (await again.event("sales", orders=2))["units"] == 3
    assert [event for event in vera.events if event["ev"] == "sales"] == []


async def test_empty_rooms_are_closed_and_open_again(house: House) -> None:
    vera = await house.visit("vera")
    rooms = house.a.node.hub.rooms
    await vera.socket.close()
    await asyncio.sleep(1.2)

    house.clock.advance(61_000)
    await asyncio.sleep(1.2)

    assert list(rooms.open) == []
    assert len(house.a.node.stores.feed._readers[-1]) == 1  # the shop's stock
    again = await house.visit("vera")
    assert again.joined["stock"] == {"mug-blue": 5, "tote": 20}
    await house.restock("tote", 1)
    await again.event("stock", left=21)


async def test_a_room_does_not_close_under_who_enters(house: House) -> None:
    rooms = house.a.node.hub.rooms
    await rooms.get("demo")
    rooms.sweep()
    house.clock.advance(61_000)

    fan_out = await rooms.get("demo")
    rooms.sweep()

    assert dict(rooms.open)["demo"] is fan_out


async def test_a_product_of_many_skus_shows_each(house: House) -> None:
    colours = [
        NewSku(id=f"shirt-{n}", title=f"No. {n}", price=100, currency="USD") for n in range(40)
    ]
    await house.list(NewProduct(id="shirt", title="Shirt", skus=colours), 3)

    await house.a.node.bags.add("demo", "shirt")
    vera = await house.visit("vera")

    assert vera.joined["stock"] == {"mug-blue": 5, "tote": 20} | {
        sku.id: 3 for sku in colours if isinstance(sku.id, str)
    }


async def test_a_renewed_token_changes_what_its_socket_sees(house: House) -> None:
    mara = await house.host()
    vera = await house.visit("vera")
    await mara.event("viewers", n=1)

    await mara.do("auth", token=house.token("mara", "viewer"))

    await vera.event("viewers", n=2)
    assert await mara.refused("unpin") == "forbidden"
    await mara.do("auth", token=house.token("mara", "host"))
    await vera.event("viewers", n=1)
