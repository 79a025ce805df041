"""Operations of the book on many imported products at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from shop.adjustment import Adjustment, Wish, begin_adjustment
from shop.happened import Kind, note_new
from shop.importing.names import units_key
from shop.shelf import find_listings, first_key
from store.sql.rows import Connection, bindparam, insert, select, update
from store.sql.tables import imported_units, products, skus, stock, stock_adjustments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shop.importing.draft import Draft
    from shop.listing import Listing

__all__ = ["Shelved", "add_drafts", "complete_first", "restock", "shelved"]


@dataclass(frozen=True, slots=True)
class Shelved:
    """What the book has of some products: by id, and by SKU what a file last said."""

    listings: dict[str, Listing]
    units: dict[str, int]


def shelved(conn: Connection, wanted: Sequence[str]) -> Shelved:
    """What there is of the products of these ids."""
    found = {listing.id: listing for listing in find_listings(conn, wanted)}
    return Shelved(found, _units(conn, [s.id for listing in found.values() for s in listing.skus]))


def add_drafts(conn: Connection, drafts: Sequence[Draft], at: int) -> dict[str, list[Adjustment]]:
    """Enter new products, whole; one whose id or SKUs are taken by now is left out.

    No show is told: none can have in its bag what there was not.

    Returns:
        By product that was entered the first stock of its SKUs, which the gate has to hear
        of. The book has it already.

    """
    new = _untaken(conn, drafts)
    if not new:
        return {}
    conn.execute(insert(products), [_product(draft.listing, at) for draft in new])
    conn.execute(insert(skus), [row for draft in new for row in _skus(draft.listing)])
    conn.execute(
        insert(stock),
        [
            {"sku": sku.id, "shop": draft.listing.shop, "total": sku.first, "claimed": 0}
            for draft in new
            for sku in draft.listing.skus
        ],
    )
    first = {draft.listing.id: _first(draft.listing, at) for draft in new}
    if begun := [made for some in first.values() for made in some]:
        conn.execute(insert(stock_adjustments), [_begun(made) for made in begun])
    _remember(conn, {sku: left for draft in new for sku, left in draft.units.items()})
    _note(conn, [draft.listing for draft in new], at)
    return first


def complete_first(conn: Connection, made: Sequence[tuple[Adjustment, int]]) -> None:
    """Note the units left of SKUs that were new."""
    table = stock_adjustments
    is_it = (
        (table.c.shop == bindparam("a_shop"))
        & (table.c.key == bindparam("a_key"))
        & (table.c.at == bindparam("begun_at"))
        & table.c.left.is_(None)
    )
    conn.execute(
        update(table).where(is_it).values(left=bindparam("units")),
        [
            {"a_shop": one.wish.shop, "a_key": one.wish.key, "begun_at": one.at, "units": left}
            for one, left in made
        ],
    )


def restock(conn: Connection, shop: str, units: Mapping[str, int], at: int) -> list[Adjustment]:
    """Begin to set the units left of SKUs of which the file says something new.

    A file that says the same as before takes back nothing that was sold since, and a SKU of
    which no file said anything keeps what it has.

    Raises:
        Limit: More would be left than may be.

    """
    before = _units(conn, list(units))
    made = []
    for sku, left in units.items():
        if sku in before and before[sku] != left:
            wish = Wish(shop=shop, key=units_key(sku, at), sku=sku, kind="set", units=left)
            made.append(begin_adjustment(conn, wish, at))
    _remember(conn, {sku: left for sku, left in units.items() if sku not in before})
    changed = {one.wish.sku: one.wish.units for one in made}
    if changed:
        conn.execute(
            update(imported_units)
            .where(imported_units.c.sku == bindparam("a_sku"))
            .values(units=bindparam("a_left")),
            [{"a_sku": sku, "a_left": left} for sku, left in changed.items()],
        )
    return made


def _note(conn: Connection, listings: Sequence[Listing], at: int) -> None:
    by_shop: dict[str, list[Listing]] = defaultdict(list)
    for listing in listings:
        by_shop[listing.shop].append(listing)
    for shop, some in by_shop.items():
        note_new(conn, Kind.PRODUCT_CREATED, shop, at, map(_created, some))


def _created(listing: Listing) -> tuple[str, dict[str, Any]]:
    shown = listing.shown({sku.id: sku.first for sku in listing.skus})
    return listing.id, {"product": msgspec.to_builtins(shown)}


def _units(conn: Connection, wanted: Sequence[str]) -> dict[str, int]:
    table = imported_units
    rows = conn.execute(select(table.c.sku, table.c.units).where(table.c.sku.in_(wanted)))
    return {row.sku: row.units for row in rows}


def _untaken(conn: Connection, drafts: Sequence[Draft]) -> list[Draft]:
    ids = [draft.listing.id for draft in drafts]
    variants = [sku.id for draft in drafts for sku in draft.listing.skus]
    taken = set(conn.execute(select(products.c.id).where(products.c.id.in_(ids))).scalars())
    taken |= set(conn.execute(select(skus.c.id).where(skus.c.id.in_(variants))).scalars())
    return [
        draft
        for draft in drafts
        if taken.isdisjoint({draft.listing.id, *(sku.id for sku in draft.listing.skus)})
    ]


def _product(listing: Listing, at: int) -> dict[str, object]:
    return {
        "id": listing.id,
        "shop": listing.shop,
        "title": listing.title,
        "description": listing.description,
        "images": list(listing.images),
        "version": 1,
        "created_at": at,
    }


def _skus(listing: Listing) -> list[dict[str, object]]:
    return [
        {
            "id": sku.id,
            "product": listing.id,
            "shop": listing.shop,
            "position": position,
            "title": sku.title,
            "price": sku.price,
            "compare_at": sku.compare_at,
            "currency": sku.currency,
            "pv": sku.pv,
        }
        for position, sku in enumerate(listing.skus)
    ]


def _first(listing: Listing, at: int) -> list[Adjustment]:
    made = []
    for sku in listing.skus:
        if sku.first:
            key = first_key(sku.id)
            wish = Wish(shop=listing.shop, key=key, sku=sku.id, kind="add", units=sku.first)
            made.append(Adjustment(wish=wish, at=at, delta=sku.first, booked=True, left=None))
    return made


def _begun(made: Adjustment) -> dict[str, object]:
    return {
        "shop": made.wish.shop,
        "key": made.wish.key,
        "sku": made.wish.sku,
        "body": made.wish.body,
        "delta": made.delta,
        "booked": made.booked,
        "left": None,
        "at": made.at,
    }


def _remember(conn: Connection, units: Mapping[str, int]) -> None:
    if units:
        rows = [{"sku": sku, "units": left} for sku, left in units.items()]
        conn.execute(insert(imported_units), rows)
