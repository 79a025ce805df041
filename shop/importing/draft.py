"""A product as a file describes it, made what the catalog takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from base.errors import Invalid, Limit
from base.text import shortened
from shop.importing.figures import minor_units, units_left
from shop.importing.groups import Fault
from shop.importing.names import product_id, sku_id
from shop.importing.plain_text import text_of
from shop.listing import DESCRIPTION_MOST, Listing
from shop.product import MOST_IMAGES, MOST_SKUS, NewProduct, NewSku

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shop.importing.columns import Entry
    from shop.importing.groups import Group

__all__ = ["UNCOUNTED", "Draft", "Skipped", "draft_of"]

UNCOUNTED: Final = 999
"""Units of a variant that Shopify sells without counting, where the file has no number: as
many as a cart may hold of one thing."""

MOST_URL: Final = 2048
LAST: Final = 10**9
"""The place of a picture that names none."""

NO: Final = frozenset({"false", "no", "0"})
YES: Final = frozenset({"true", "yes", "1"})
ON_SALE: Final = frozenset({"", "active"})
SELL_ON: Final = frozenset({"continue", "true", "yes"})

ONLY_VARIANT: Final = "Default Title"
"""What Shopify calls the variant of a product that has one."""

ONLY_TITLE: Final = "Standard"

_PLACE: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A product to be listed or changed.

    Attributes:
        line: Where it begins in the file.
        listing: As the catalog would have it; each SKU's ``first`` are its units.
        units: By SKU the units that the file names; none of one of which it names none.
        uncounted: How many of its variants Shopify does not count.

    """

    line: int
    handle: str
    listing: Listing
    units: dict[str, int]
    uncounted: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A product that is not for sale there, and so is left out; no mistake."""

    line: int
    reason: str


def draft_of(group: Group, shop: str, currency: str) -> Draft | Skipped | Fault:
    """What a product's rows say, whole, or the first thing that is wrong with them."""
    if fault := group.fault or _unnamed(group):
        return fault
    first = group.entries[0]
    if reason := _why_skipped(first):
        return Skipped(first.line, reason)
    try:
        return _drafted(group, shop, currency)
    except _WrongCellError as wrong:
        return Fault(wrong.line, wrong.reason)
    except (Invalid, Limit) as refused:
        return Fault(first.line, refused.message)


class _WrongCellError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def _unnamed(group: Group) -> Fault | None:
    if not group.handle:
        return Fault(group.line, "it has no Handle, which tells products apart")
    if not group.entries[0].title:
        return Fault(group.line, "its first row has no Title")
    return None


def _why_skipped(first: Entry) -> str:
    if first.gift_card.lower() in YES:
        return "it is a gift card, and those cannot be sold here"
    if first.status.lower() not in ON_SALE:
        return f"its Status is {first.status.lower()!r}"
    if first.published.lower() in NO:
        return "it is not published"
    return ""


def _drafted(group: Group, shop: str, currency: str) -> Draft:
    first = group.entries[0]
    for entry in group.entries[1:]:
        if entry.title not in {"", first.title}:
            raise _WrongCellError(entry.line, "another Title for the same Handle")
    variants = [entry for entry in group.entries if entry is first or _is_variant(entry)]
    if len(variants) > MOST_SKUS:
        raise _WrongCellError(
            first.line,
            f"it has {len(variants):,} variants, and a product has at most {MOST_SKUS} here. "
            "Make several products of it",
        )
    _require_different(variants)
    skus, units, uncounted = [], {}, 0
    for entry in variants:
        ident = sku_id(shop, group.handle, _options(entry))
        left, counted = _units(entry)
        uncounted += not counted
        if left is not None:
            units[ident] = left
        skus.append(_sku(entry, ident, left or 0, currency))
    product = NewProduct(
        id=product_id(shop, group.handle),
        title=first.title,
        description=shortened(text_of(first.body), DESCRIPTION_MOST),
        images=_images(group.entries),
        skus=skus,
    )
    return Draft(
        line=first.line,
        handle=group.handle,
        listing=Listing.of(product, shop),
        units=units,
        uncounted=uncounted,
    )


def _is_variant(entry: Entry) -> bool:
    return any((*entry.options, entry.price, entry.sku))


def _options(entry: Entry) -> tuple[str, ...]:
    return entry.options if any(entry.options) else (ONLY_VARIANT, "", "")


def _require_different(variants: Sequence[Entry]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for entry in variants:
        options = _options(entry)
        if options in seen:
            raise _WrongCellError(
                entry.line, f"the same variant as on line {seen[options]}: its options are equal"
            )
        seen[options] = entry.line


def _sku(entry: Entry, ident: str, left: int, currency: str) -> NewSku:
    if not entry.price:
        raise _WrongCellError(entry.line, "it has no Variant Price")
    price = _figure(entry, "Variant Price", entry.price, lambda text: minor_units(text, currency))
    before = 0
    if entry.compare_at:
        before = _figure(
            entry,
            "Variant Compare At Price",
            entry.compare_at,
            lambda text: minor_units(text, currency),
        )
    values = [value for value in _options(entry) if value]
    return NewSku(
        id=ident,
        title=ONLY_TITLE if values == [ONLY_VARIANT] else " / ".join(values),
        price=price,
        # One that is not higher is no offer, and Shopify shows none.
        compare_at=before if before > price else UNSET,
        currency=currency,
        left=left,
    )


def _units(entry: Entry) -> tuple[int | None, bool]:
    """The units that the file gives a variant, if any, and whether Shopify counts them."""
    counted = entry.tracker != "" and entry.policy.lower() not in SELL_ON
    if entry.units is None:
        return None, counted
    units = None
    if entry.units:
        units = _figure(entry, "Variant Inventory Qty", entry.units, units_left)
    return (units if counted or units else UNCOUNTED), counted


def _figure(entry: Entry, column: str, text: str, read: Callable[[str], int]) -> int:
    try:
        return read(text)
    except Invalid as wrong:
        raise _WrongCellError(
            entry.line, f"{column} {shortened(text, 40)!r} {wrong.message}"
        ) from wrong


def _images(entries: Sequence[Entry]) -> list[str]:
    placed = []
    for order, entry in enumerate(entries):
        if not entry.image:
            continue
        if not entry.image.lower().startswith("https://") or len(entry.image) > MOST_URL:
            raise _WrongCellError(
                entry.line,
                f"Image Src {shortened(entry.image, 40)!r} is no address that begins with "
                f"https:// and has at most {MOST_URL:,} characters",
            )
        place = int(entry.position) if _PLACE.fullmatch(entry.position) else LAST
        placed.append((place, order, entry.image))
    urls = dict.fromkeys(url for _, _, url in sorted(placed))
    return list(urls)[:MOST_IMAGES]
