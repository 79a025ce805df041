"""No message of the server reaches 1 MiB, however much is said and shown."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from base.identity import Actor, Role
from live.events import BY_NAME
from live.show import NewShow
from shop.product import NewProduct, NewSku
from tests.selling import FOREVER, seller
from tests.viewer import Viewer

if TYPE_CHECKING:
    from tests.integration.live.house import House

pytestmark = pytest.mark.redis

MIB = 1024 * 1024
HEART = "\U0001f49b"
LONGEST_ID = 64
PRODUCTS, SKUS_EACH = 100, 5


class Scale(Viewer):
    """Somebody who weighs what arrives."""

    heaviest = 0

    async def _receive(self) -> None:
        data = await self.socket.recv()
        raw = data.encode() if isinstance(data, str) else data
        self.heaviest = max(self.heaviest, len(raw))
        message = json.loads(raw) if isinstance(data, str) else msgpack.unpackb(raw)
        for part in message if isinstance(message, list) else [message]:
            self.take(part)


def long_id(kind: str, number: int) -> str:
    return f"{kind}-{number}-".ljust(LONGEST_ID, "x")


def biggest(number: int) -> NewProduct:
    ident = long_id("product", number)
    sku = {"title": HEART * 100, "price": 10**11 - 1, "compare_at": 10**11, "currency": "USD"}
    skus: list[Any] = [
        NewSku(id=long_id(f"sku-{number}", place), **sku)  # type: ignore[arg-type]
        for place in range(SKUS_EACH)
    ]
    images = [f"https://pictures.example/{place}".ljust(512, "x") for place in range(4)]
    return NewProduct(
        id=ident, title=HEART * 200, description=HEART * 2000, images=images, skus=skus
    )


async def fill(house: House, show: str) -> None:
    """The largest show there can be."""
    host = Actor(id=long_id("host", 1), name=HEART * 60, role=Role.HOST, expires_ms=FOREVER)
    new = NewShow(
        id=show, title=HEART * 200, playback_url="https://x/" + "y" * 2038, starts_at=2**53 - 1
    )
    node = house.a.node
    await node.shows.start(await node.shows.create(host, new))
    shop = seller(long_id("shop", 1))
    for number in range(PRODUCTS):
        product = await node.catalog.create(shop, biggest(number))
        for sku in product.skus:
            await node.stock.adjust(
                shop, sku.id, add=10**9, set_to=None, key=f"first-{sku.id}"[:64]
            )
    for number in range(PRODUCTS):
        await node.bags.add(show, long_id("product", number))
    await node.shows.pin(show, long_id("product", 99))


async def talk(house: House, show: str) -> None:
    for number in range(40):
        talker = await house.connect()
        token = house.token(long_id("viewer", number), name=HEART * 60)
        await talker.join(show, token=token)
        await talker.do("chat.send", text=HEART * 500)
        await talker.socket.close()


@pytest.mark.slow
async def test_the_largest_show_fits(house: House) -> None:
    show = long_id("show", 1)
    await fill(house, show)
    await talk(house, show)
    scales = []
    for binary in (False, True):
        plain = await house.connect(binary=binary)
        scale = Scale(plain.socket, binary=binary)
        await scale.join(show, token=house.token(long_id("viewer", 99), name=HEART * 60))
        scales.append(scale)

    node = house.a.node
    await node.bags.move(show, long_id("product", 0), 100)
    await asyncio.gather(
        *(node.shows.pin(show, long_id("product", number)) for number in range(20))
    )
    for scale in scales:
        joined = scale.joined
        assert (len(joined["bag"]), len(joined["stock"]), len(joined["chat"])) == (100, 500, 30)
        changed = await scale.event("bag.changed")
        assert len(changed["bag"]) == 100
        assert MIB / 2 < scale.heaviest < MIB

    await house.scripts.command("HSET", f"{{show:{show}}}:state", "epoch", "another")
    for scale in scales:
        snapshot = await scale.event("snapshot")
        assert snapshot["epoch"] == "another"
        assert len(snapshot["bag"]) == 100
        assert scale.heaviest < MIB


async def test_what_was_missed_comes_in_messages_below_1_mib(house: House) -> None:
    vera = await house.visit("vera")
    await house.say(*[HEART * 500] * 900)
    await vera.event("chat", seq=903)

    for binary in (False, True):
        scale = Scale((await house.connect(binary=binary)).socket, binary=binary)
        since = {"epoch": vera.joined["epoch"], "seq": 3}
        await scale.join(since=since)
        await scale.event("chat", seq=903)
        assert 100_000 < scale.heaviest < MIB


def test_this_file_knows_the_events_that_can_be_large() -> None:
    """A new event must be thought of here."""
    assert set(BY_NAME) == {
        "show.started", "show.ended", "pinned", "unpinned", "bag.changed", "product.changed",
        "chat", "chat.deleted", "purchase", "stock", "viewers", "likes", "sales", "cart",
        "checkout", "order", "snapshot",
    }  # fmt: skip
