"""Takes products from drafts: lists what is new, changes what differs, leaves the rest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from base.errors import Refused
from base.identity import Actor, Role
from shop.counters import ensure_counters
from shop.importing.shelving import add_drafts, complete_first, restock, shelved
from shop.product import PatchProduct, PatchSku
from shop.stock import ask_gate, complete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from shop.adjustment import Adjustment
    from shop.catalog import Catalog
    from shop.importing.draft import Draft
    from shop.importing.shelving import Shelved
    from shop.listing import Listing
    from shop.stock import Stock
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Intake", "Kind", "Outcome"]

MEETINGS: Final = 3
"""Looks at a product that somebody else lists at the same time."""

TAKEN: Final = "its id is taken by another product; change its Handle"


class Kind(StrEnum):
    """What became of a product."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a draft; ``reason`` says why it was refused.

    Attributes:
        gone: Titles of SKUs that the catalog has and the file has no more.

    """

    draft: Draft
    kind: Kind
    reason: str = ""
    gone: tuple[str, ...] = ()


def _merchant(shop: str) -> Actor:
    """Who imports: the shop's own seller, and nobody who may change what is another's."""
    return Actor(id="import", name="Import", role=Role.SELLER, shop=shop, expires_ms=0)


class Intake:
    """Puts products into a shop's catalog, and their stock.

    Each product is taken whole or not at all. New ones are entered many in a transaction;
    changes go through the catalog, so that carts and shows hear of them.

    Args:
        catalog: Where products are changed.
        stock: Completes what an outage has left half done.
        book: Where they are entered.
        scripts: The gate, which keeps what is left to sell.
        clock: Dates them.

    """

    def __init__(
        self, *, catalog: Catalog, stock: Stock, book: Book, scripts: Scripts, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._stock = stock
        self._book = book
        self._scripts = scripts
        self._clock = clock

    async def take(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Take some products of one shop; safe to repeat.

        Raises:
            Outage: A store cannot be reached; what was taken until then stays.

        """
        outcomes: list[Outcome] = []
        left = list(drafts)
        for _ in range(MEETINGS):
            if not left:
                return outcomes
            there = await self._book.read(shelved, [draft.listing.id for draft in left])
            new = [draft for draft in left if draft.listing.id not in there.listings]
            known = [draft for draft in left if draft.listing.id in there.listings]
            added = await self._add(new)
            outcomes += [Outcome(draft, Kind.NEW) for draft in new if draft.listing.id in added]
            outcomes += await asyncio.gather(*(self._renew(draft, there) for draft in known))
            left = [draft for draft in new if draft.listing.id not in added]
        return outcomes + [Outcome(draft, Kind.REFUSED, TAKEN) for draft in left]

    async def mend(self) -> None:
        """Bring to the gate what only the book has heard of, after an outage.

        Raises:
            Outage: It is not over.

        """
        await self._stock.finish_pending()

    async def _add(self, drafts: Sequence[Draft]) -> set[str]:
        if not drafts:
            return set()
        added = await self._book.write(add_drafts, list(drafts), self._clock.now_ms())
        listings = [draft.listing for draft in drafts if draft.listing.id in added]
        await asyncio.gather(*(self._open(listing) for listing in listings))
        first = [made for some in added.values() for made in some]
        if first:
            answers = await asyncio.gather(
                *(ask_gate(self._book, self._scripts, made) for made in first)
            )
            done = [(made, ok[1]) for made, ok in zip(first, answers, strict=True) if ok]
            await self._book.write(complete_first, done)
        return set(added)

    async def _open(self, listing: Listing) -> None:
        versions = [(sku.id, sku.pv) for sku in listing.skus]
        await ensure_counters(self._scripts, listing.shop, versions)

    async def _renew(self, draft: Draft, there: Shelved) -> Outcome:
        before = there.listings[draft.listing.id]
        if before.shop != draft.listing.shop:
            return Outcome(draft, Kind.REFUSED, TAKEN)
        kind = Kind.UNCHANGED
        try:
            if _differs(draft.listing, before):
                merchant = _merchant(draft.listing.shop)
                await self._catalog.patch(merchant, before.id, _patch(draft.listing, before))
                kind = Kind.CHANGED
            if await self._restock(draft, there):
                kind = Kind.CHANGED
        except Refused as refused:
            return Outcome(draft, Kind.REFUSED, refused.message)
        named = {sku.id for sku in draft.listing.skus}
        gone = tuple(sku.title for sku in before.skus if sku.id not in named)
        return Outcome(draft, kind, gone=gone)

    async def _restock(self, draft: Draft, there: Shelved) -> list[Adjustment]:
        if all(there.units.get(sku) == left for sku, left in draft.units.items()):
            return []
        shop, now = draft.listing.shop, self._clock.now_ms()
        made = await self._book.write(restock, shop, draft.units, now)
        if made:
            await self._open(draft.listing)
        await asyncio.gather(*(complete(self._book, self._scripts, one) for one in made))
        return made


def _differs(after: Listing, before: Listing) -> bool:
    known = {sku.id: sku for sku in before.skus}
    return (after.title, after.description, after.images) != (
        before.title,
        before.description,
        before.images,
    ) or any(
        old is None
        or (sku.title, sku.price, sku.compare_at, sku.currency)
        != (old.title, old.price, old.compare_at, old.currency)
        for sku in after.skus
        for old in (known.get(sku.id),)
    )


def _patch(after: Listing, before: Listing) -> PatchProduct:
    known = {sku.id for sku in before.skus}
    return PatchProduct(
        title=after.title,
        description=after.description,
        images=list(after.images),
        skus=[
            PatchSku(
                id=sku.id,
                title=sku.title,
                price=sku.price,
                compare_at=sku.compare_at or 0,
                currency=sku.currency,
                left=UNSET if sku.id in known else sku.first,
            )
            for sku in after.skus
        ],
    )
