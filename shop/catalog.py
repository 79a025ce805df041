"""The catalog: what sellers list and everybody reads."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import UNSET

from base.errors import Invalid
from shop.counters import ensure_counters, read_units
from shop.facts import FactsCache
from shop.listing import Listing
from shop.product import NewProduct, PatchProduct, Product, SkuFacts
from shop.shelf import add_listing, change_listing, read_listing, read_listings
from shop.stock import complete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from base.identity import Actor
    from shop.adjustment import Adjustment
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Catalog", "Nudged", "Page"]

MOST_LISTED: Final = 100
"""Products in one answer."""

Page = tuple[list[Product], str | None]
"""Products, and the cursor of the next page unless this was the last one."""


class Nudged(Protocol):
    """What delivers the outbox."""

    def nudge(self) -> None:
        """Look at the outbox now."""
        ...


class Catalog:
    """Products with their SKUs, prices and the units left.

    The book keeps them; the gate learns each SKU and each new price version afterwards. A
    crash in between heals by itself: the first hold with the new price tells the gate, and
    the first stock adjustment makes missing counters.

    Args:
        book: Where products are written.
        scripts: The gate.
        clock: Says when a product was made and what is stale.
        outbox: Nudged when shows have to hear of a product.

    """

    def __init__(self, book: Book, scripts: Scripts, clock: Clock, outbox: Nudged) -> None:
        self._book = book
        self._scripts = scripts
        self._clock = clock
        self._outbox = outbox
        self._facts = FactsCache(book, clock)

    async def get(self, product: str) -> Product:
        """A product in full.

        Raises:
            NotFound: No such product.
            Outage: The book or the gate cannot be reached.

        """
        (shown,) = await self._shown([await self._book.read(read_listing, product)])
        return shown

    async def for_bag(self, product: str) -> Product:
        """A product as sockets carry it; errors as for :meth:`get`."""
        return (await self.get(product)).for_socket()

    async def list(self, after: str | None, limit: int, shop: str | None = None) -> Page:
        """A page of products in the order of their ids.

        Args:
            after: The cursor of the page before; None for the first page.
            limit: 1..100.
            shop: Only this shop's.

        """
        limit = max(1, min(limit, MOST_LISTED))
        listings = await self._book.read(read_listings, after, limit + 1, shop)
        page = listings[:limit]
        more = page[-1].id if len(listings) > limit else None
        return list(await self._shown(page)), more

    async def create(self, actor: Actor, new: NewProduct) -> Product:
        """List a product with the first stock of its SKUs.

        Raises:
            Invalid: A field does not fit, or an admin named no shop.
            Forbidden: Not a seller of that shop.
            Conflict: The product's or a SKU's id is taken.
            Outage: If the gate is to blame the product is listed; its stock follows.

        """
        shop = new.shop if isinstance(new.shop, str) else actor.shop
        if shop is None and actor.is_admin:
            raise Invalid("Name the shop that the product belongs to.")
        actor.require_shop(shop or "")
        listing = Listing.of(new, shop or "")
        first = await self._book.write(add_listing, listing, self._clock.now_ms())
        return await self._published(listing, first)

    async def patch(self, actor: Actor, product: str, patch: PatchProduct) -> Product:
        """Change what the patch names.

        Raises:
            NotFound: No such product.
            Forbidden: Not a seller of its shop.
            Invalid, Conflict, Limit: As :meth:`shop.listing.Listing.patched`.

        """
        left = await self._left_of_named(actor, product, patch)
        now = self._clock.now_ms()
        changed = await self._book.write(change_listing, actor, product, patch, left, now)
        return await self._published(*changed)

    async def facts(self, skus: Sequence[str]) -> dict[str, SkuFacts]:
        """What a cart needs to know of SKUs, at most 5 s old; unknown SKUs are absent."""
        return await self._facts.get(skus)

    def forget(self, product: str) -> None:
        """Read a product's prices anew next time: it was changed."""
        self._facts.forget(product)

    async def _left_of_named(
        self, actor: Actor, product: str, patch: PatchProduct
    ) -> dict[str, int]:
        skus = [] if patch.skus is UNSET else patch.skus
        named = [sku.id for sku in skus if sku.id is not UNSET and sku.left is not UNSET]
        if not named:
            return {}
        listing = await self._book.read(read_listing, product)
        actor.require_shop(listing.shop)
        return (await read_units(self._scripts, listing.shop, named))[1]

    async def _published(self, listing: Listing, first: Sequence[Adjustment]) -> Product:
        self.forget(listing.id)
        self._outbox.nudge()
        versions = [(sku.id, sku.pv) for sku in listing.skus]
        await ensure_counters(self._scripts, listing.shop, versions)
        await asyncio.gather(*(complete(self._book, self._scripts, made) for made in first))
        (shown,) = await self._shown([listing])
        return shown

    async def _shown(self, listings: Sequence[Listing]) -> tuple[Product, ...]:
        by_shop: dict[str, list[str]] = defaultdict(list)
        for listing in listings:
            by_shop[listing.shop] += [sku.id for sku in listing.skus]
        readings = [read_units(self._scripts, shop, skus) for shop, skus in by_shop.items()]
        left: dict[str, int] = {}
        for _, units in await asyncio.gather(*readings):
            left |= units
        return tuple(listing.shown(left) for listing in listings)
