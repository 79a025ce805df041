"""Operations of the book on products and their SKUs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from base.errors import Conflict, NotFound
from shop.adjustment import FIRST, Adjustment, Wish, begin_adjustment
from shop.happened import Kind, note
from shop.listed_sku import ListedSku
from shop.listing import Listing
from shop.product import PatchProduct, SkuFacts
from store.sql import outbox
from store.sql.rows import Connection, func, insert, insert_or_ignore, select, update
from store.sql.tables import products, skus, stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from base.identity import Actor

__all__ = [
    "add_listing",
    "change_listing",
    "find_listings",
    "first_key",
    "read_facts",
    "read_listing",
    "read_listings",
    "read_sku",
]


def add_listing(conn: Connection, listing: Listing, at: int) -> list[Adjustment]:
    """Enter a new product.

    Returns:
        The first stock of its SKUs, which the gate has to hear of.

    Raises:
        Conflict: Its id or a SKU's is taken.

    """
    row = {
        "id": listing.id,
        "shop": listing.shop,
        "title": listing.title,
        "description": listing.description,
        "images": list(listing.images),
        "version": 1,
        "created_at": at,
    }
    if not insert_or_ignore(conn, products, **row):
        raise Conflict(f"There is a product {listing.id} already. Choose another id.")
    for position, sku in enumerate(listing.skus):
        _add_sku(conn, listing, sku, position)
    first = _first_stock(conn, listing.shop, listing.skus, at)
    _tell(conn, listing, at)
    note(conn, Kind.PRODUCT_CREATED, listing.id, **_happened(conn, listing, at))
    return first


def change_listing(
    conn: Connection,
    actor: Actor,
    product: str,
    patch: PatchProduct,
    left: Mapping[str, int],
    at: int,
) -> tuple[Listing, list[Adjustment]]:
    """Change what a patch names; a patch that changes nothing tells nobody.

    Returns:
        The product as it is then, and the first stock of its new SKUs.

    Raises:
        NotFound: No such product.
        Forbidden: Somebody else's.
        Conflict: A SKU's id is taken, or a currency would change.
        Invalid, Limit: As :meth:`Listing.patched`.

    """
    # The update comes first: it makes concurrent changes of a product wait for each other.
    this = update(products).where(products.c.id == product)
    conn.execute(this.values(version=products.c.version))
    before = read_listing(conn, product)
    actor.require_shop(before.shop)
    after = before.patched(patch, left)
    if after == before:
        return after, []
    texts = {"title": after.title, "description": after.description}
    version = products.c.version + 1
    conn.execute(this.values(version=version, images=list(after.images), **texts))
    known = {sku.id: sku for sku in before.skus}
    for position, sku in enumerate(after.skus):
        if sku.id not in known:
            _add_sku(conn, after, sku, position)
        elif sku != known[sku.id]:
            conn.execute(update(skus).where(skus.c.id == sku.id).values(**_prices(sku)))
    first = _first_stock(conn, after.shop, after.skus, at)
    _tell(conn, after, at)
    about = f"{product}|{conn.execute(_version(product)).scalar_one()}"
    note(conn, Kind.PRODUCT_CHANGED, about, **_happened(conn, after, at))
    return after, first


def read_listing(conn: Connection, product: str) -> Listing:
    """One product.

    Raises:
        NotFound: No such product.

    """
    row = conn.execute(select(products).where(products.c.id == product)).one_or_none()
    if row is None:
        raise NotFound("There is no such product. Check its id.")
    return _listings(conn, [row])[0]


def read_listings(
    conn: Connection, after: str | None, limit: int, shop: str | None
) -> list[Listing]:
    """Products in the order of their ids, those after ``after``."""
    query = select(products).order_by(products.c.id).limit(limit)
    if after is not None:
        query = query.where(products.c.id > after)
    if shop is not None:
        query = query.where(products.c.shop == shop)
    return _listings(conn, conn.execute(query).all())


def find_listings(conn: Connection, wanted: Sequence[str]) -> list[Listing]:
    """The products of these ids that there are, in no order."""
    return _listings(conn, conn.execute(select(products).where(products.c.id.in_(wanted))).all())


def read_sku(conn: Connection, sku: str) -> tuple[str, ListedSku]:
    """A SKU and the shop that sells it.

    Raises:
        NotFound: No such SKU.

    """
    row = conn.execute(select(skus).where(skus.c.id == sku)).one_or_none()
    if row is None:
        raise NotFound("There is no such SKU. Check its id.")
    return row.shop, _listed(row)


def read_facts(conn: Connection, wanted: Sequence[str]) -> list[SkuFacts]:
    """What carts and checkouts need to know of SKUs; unknown ones are absent."""
    sibling = skus.alias("sibling")
    siblings = select(func.count()).select_from(sibling).where(sibling.c.product == skus.c.product)
    query = (
        select(skus, products.c.title.label("name"), siblings.scalar_subquery().label("siblings"))
        .join(products, products.c.id == skus.c.product)
        .where(skus.c.id.in_(wanted))
    )
    return [
        SkuFacts(
            sku=row.id,
            product=row.product,
            shop=row.shop,
            title=row.name if row.siblings == 1 else f"{row.name} · {row.title}",
            price=row.price,
            currency=row.currency,
            pv=row.pv,
        )
        for row in conn.execute(query)
    ]


def _listings(conn: Connection, rows: Sequence[Any]) -> list[Listing]:
    found = defaultdict(list)
    query = select(skus).where(skus.c.product.in_([row.id for row in rows]))
    for sku in conn.execute(query.order_by(skus.c.product, skus.c.position)):
        found[sku.product].append(_listed(sku))
    return [
        Listing(
            id=row.id,
            shop=row.shop,
            title=row.title,
            description=row.description,
            images=tuple(row.images),
            skus=tuple(found[row.id]),
        )
        for row in rows
    ]


def _listed(row: Any) -> ListedSku:
    return ListedSku(
        id=row.id,
        title=row.title,
        price=row.price,
        compare_at=row.compare_at,
        currency=row.currency,
        pv=row.pv,
    )


def _add_sku(conn: Connection, listing: Listing, sku: ListedSku, position: int) -> None:
    row = {
        "id": sku.id,
        "product": listing.id,
        "shop": listing.shop,
        "position": position,
        "currency": sku.currency,
        **_prices(sku),
    }
    if not insert_or_ignore(conn, skus, **row):
        raise Conflict(f"There is a SKU {sku.id} already. Choose another id.")
    conn.execute(insert(stock).values(sku=sku.id, shop=listing.shop, total=0, claimed=0))


def _first_stock(
    conn: Connection, shop: str, listed: Iterable[ListedSku], at: int
) -> list[Adjustment]:
    """Begin an adjustment for each SKU that comes with units, once: a SKU is new once."""
    wishes = [
        Wish(shop=shop, key=first_key(sku.id), sku=sku.id, kind="add", units=sku.first)
        for sku in listed
        if sku.first
    ]
    return [begin_adjustment(conn, wish, at) for wish in wishes]


def first_key(sku: str) -> str:
    """The key of a SKU's first stock; the dot keeps it apart from the keys of sellers."""
    return f"{FIRST}{hashlib.sha256(sku.encode()).hexdigest()[:40]}"


def _prices(sku: ListedSku) -> dict[str, object]:
    return {"title": sku.title, "price": sku.price, "compare_at": sku.compare_at, "pv": sku.pv}


def _version(product: str) -> Any:
    return select(products.c.version).where(products.c.id == product)


def _happened(conn: Connection, listing: Listing, at: int) -> dict[str, Any]:
    """What an event says of a product; what is left is what the book has left."""
    units = select(stock).where(stock.c.sku.in_([sku.id for sku in listing.skus]))
    shown = listing.shown({row.sku: row.total - row.claimed for row in conn.execute(units)})
    return {"shop": listing.shop, "at": at, "data": {"product": msgspec.to_builtins(shown)}}


def _tell(conn: Connection, listing: Listing, at: int) -> None:
    outbox.add(conn, "product", {"product": listing.id, "shop": listing.shop}, at)
