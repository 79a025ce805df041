"""The bag: the products of a show, in the host's order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, cast

from msgspec import json
from msgspec.structs import replace

from base.clock import Clock
from base.errors import Limit, NotFound
from live.events import BagChanged, ProductChanged, Unpinned
from live.show import BagItem
from live.shows import Scripts, Shows
from shop.product import Product
from store.redis import keys

__all__ = ["Bags", "Products"]

MOST_PRODUCTS: Final = 100
MOST_SKUS: Final = 500
"""With both, the largest snapshot stays below 1 MiB."""

_products: Final = json.Decoder(Product)


class Products(Protocol):
    """The catalog, as the bag needs it."""

    async def for_bag(self, ident: str) -> Product:
        """A product cut to what a socket carries."""
        ...

    def forget(self, product: str) -> None:
        """Read a product anew when it is next asked for."""
        ...


class Stock(Protocol):
    """The shop's counters, as the bag needs them."""

    async def left(self, shop: str, skus: Sequence[str]) -> dict[str, int]:
        """Units that can be held now, by SKU."""
        ...


class Channels(Protocol):
    """Pub/sub, as the bag needs it."""

    def publish(self, channel: str, data: bytes) -> None:
        """Send without waiting; may be lost."""
        ...


class Bags:
    """Adds, removes and moves products of a show's bag, and keeps their texts current."""

    def __init__(
        self,
        *,
        shows: Shows,
        scripts: Scripts,
        products: Products,
        stock: Stock,
        channels: Channels,
        clock: Clock,
    ) -> None:
        self._stock = stock
        self._channels = channels
        self._shows = shows
        self._scripts = scripts
        self._products = products
        self._clock = clock

    async def add(self, show: str, product: str) -> list[BagItem]:
        """Put a product at the end; what is in the bag stays where it is.

        Raises:
            NotFound: There is no such product.
            Limit: The bag is full.

        """
        whole = await self._products.for_bag(product)
        # Before the bag has it: who tells of a change must not miss this show.
        await self._scripts.command("SADD", keys.shop_shows(whole.shop, product), show)
        at = self._clock.now_ms()
        answer = await self._shows.change(
            "bag_add",
            show,
            [keys.show_bag(show), keys.show_products(show)],
            product,
            json.encode(timeless(whole)),
            len(whole.skus),
            json.encode(BagChanged(at=at)),
            self._shows.history,
            MOST_PRODUCTS,
            MOST_SKUS,
            json.encode(whole),
        )
        if answer[0] == b"limit":
            most = int(answer[1])
            raise Limit(
                f"The bag is full: it holds at most {most} of these. Take something out first.",
                most,
            )
        return await self._items(show, answer[1:])

    async def remove(self, show: str, product: str) -> list[BagItem]:
        """Take a product out, unpinning it first.

        Raises:
            NotFound: It is not in the bag.

        """
        at = self._clock.now_ms()
        events = (json.encode(Unpinned(at=at)), json.encode(BagChanged(at=at)))
        names = [keys.show_bag(show), keys.show_products(show)]
        answer = await self._shows.change(
            "bag_remove", show, names, product, *events, self._shows.history
        )
        return await self._items(show, answer[1:])

    async def move(self, show: str, product: str, position: int) -> list[BagItem]:
        """Move a product to a position from 1; past the end is the end.

        Raises:
            NotFound: It is not in the bag.

        """
        event = json.encode(BagChanged(at=self._clock.now_ms()))
        answer = await self._shows.change(
            "bag_move", show, [keys.show_bag(show)], product, position, event, self._shows.history
        )
        return await self._items(show, answer[1:])

    async def tell_change(self, _: int, payload: dict[str, str]) -> None:
        """Outbox ``product``: tell every show that has the product in its bag."""
        product, shop = payload["product"], payload["shop"]
        # Every node forgets the old price; one that misses it is corrected by the gate.
        self._products.forget(product)
        self._channels.publish(keys.catalog_channel(), product.encode())
        whole = timeless(await self._products.for_bag(product))
        index = keys.shop_shows(shop, product)
        for show in cast("list[bytes]", await self._scripts.command("SMEMBERS", index)):
            await self._tell(show.decode(), whole)

    async def _tell(self, show: str, product: Product) -> None:
        event = ProductChanged(at=self._clock.now_ms(), product=product)
        try:
            answer = await self._shows.change(
                "show_product",
                show,
                [keys.show_products(show)],
                product.id,
                json.encode(product),
                len(product.skus),
                json.encode(event),
                self._shows.history,
                MOST_SKUS,
            )
        except NotFound:
            return
        if answer[0] == b"limit":
            # It has grown since it was added. The bag shows as many SKUs as fit.
            await self._tell(show, replace(product, skus=product.skus[: int(answer[1])]))

    async def _items(self, show: str, bag: list[bytes]) -> list[BagItem]:
        names = [product.decode() for product in bag]
        command = ("HMGET", keys.show_products(show), *names)
        bodies = cast("list[bytes | None]", await self._scripts.command(*command) if bag else [])
        products = [_products.decode(body) for body in bodies if body is not None]
        skus: defaultdict[str, list[str]] = defaultdict(list)
        for product in products:
            skus[product.shop] += [sku.id for sku in product.skus]
        left: dict[str, int] = {}
        for units in await asyncio.gather(*(self._stock.left(*shop) for shop in skus.items())):
            left |= units
        return [
            BagItem(position=place, product=with_left(product, left))
            for place, product in enumerate(products, 1)
        ]


def timeless(product: Product) -> Product:
    """The product without its units left, which change by the second."""
    return with_left(product, {})


def with_left(product: Product, left: Mapping[str, int]) -> Product:
    """The product with the units left of each SKU; none of one that is not named."""
    skus = tuple(replace(sku, left=left.get(sku.id, 0)) for sku in product.skus)
    return replace(product, skus=skus)
