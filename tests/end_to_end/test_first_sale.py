"""The main job: a host pins, everybody sees it, somebody buys, the stock falls."""

from __future__ import annotations

import pytest

from tests.served import Served
from tests.viewer import ADDRESS, card, viewer

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
async def test_a_pin_is_seen_and_bought_and_the_host_sees_the_stock_fall(
    server: Served, *, binary: bool
) -> None:
    async with (
        viewer(server.ws_url) as host,
        viewer(server.ws_url, binary=binary) as ada,
        viewer(server.ws_url) as bob,
    ):
        await host.join(token=server.token("demo-host", "host"))
        await ada.join()
        await bob.join()
        product = host.joined["bag"][2]["product"]
        sku = product["skus"][0]
        before = host.joined["stock"][sku["id"]]

        assert await host.do("pin", product=product["id"]) == {}
        for watcher in (host, ada, bob):
            pinned = await watcher.event("pinned")
            assert pinned["product"] == product["id"]
            assert pinned["seq"] == watcher.joined["seq"] + 1

        cart = (await ada.do("cart.add", sku=sku["id"], qty=2))["cart"]
        assert (cart["count"], cart["total"]) == (2, 2 * sku["price"])
        opened = (await ada.do("checkout.open", key="first-sale"))["checkout"]
        assert opened["state"] == "reserved"
        paid = (
            await ada.do(
                "checkout.pay", checkout=opened["id"], method=card("tok_ok"), ship_to=ADDRESS
            )
        )["checkout"]

        assert paid["state"] == "paid"
        assert paid["version"] > opened["version"]
        assert len(paid["orders"]) == 1
        assert (await host.event("stock", sku=sku["id"], left=before - 2))["at"] > 0
        sales = await host.event("sales", units=2)
        assert (sales["orders"], sales["revenue"]) == (1, 2 * sku["price"])
        bought = await bob.event("purchase", product=product["id"], units=2)
        assert "*" in bought["name"]
        assert (await ada.do("cart.get"))["cart"]["lines"] == []
        order = await ada.event("order")
        assert order["order"]["total"] == paid["total"]
        assert "order" not in [event["ev"] for event in await bob.quiet()]
    checked = server.verb("audit")
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count(": ok") == 6
