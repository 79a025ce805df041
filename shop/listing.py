"""Products as the book keeps them: everything but the units left."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from base.errors import Conflict, Invalid, Limit
from base.ids import new_id
from base.text import one_line, plain
from shop.product import MOST_SKUS, NewProduct, NewSku, PatchProduct, Product, Sku

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ListedSku", "Listing"]

TITLE_MOST: Final = 200
SKU_TITLE_MOST: Final = 100
DESCRIPTION_MOST: Final = 5000

_IMAGE: Final = re.compile(r"(https?://[^\s/]|/[^\s/])[^\s\x00-\x1f\x7f\"'<>\\]*\Z")
"""A web address or a path of our own; nothing that a browser would run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSku:
    """A variant and its price.

    Attributes:
        pv: Price version, from 1; rises with every new price.

    """

    id: str
    title: str
    price: int
    compare_at: int | None
    currency: str
    pv: int = 1

    @classmethod
    def of(cls, new: NewSku) -> ListedSku:
        """A SKU as a seller describes it, its title made fit to show.

        Raises:
            Invalid: The title is empty or too long.

        """
        return cls(
            id=new.id if isinstance(new.id, str) else new_id("sku"),
            title=one_line(new.title, most=SKU_TITLE_MOST, what="A SKU's title"),
            price=new.price,
            compare_at=new.compare_at if isinstance(new.compare_at, int) else None,
            currency=new.currency,
        )

    def replaced(self, new: ListedSku) -> ListedSku:
        """The same SKU with a new title and new prices."""
        if new.currency != self.currency:
            raise Conflict("The currency of a SKU never changes. Make a new SKU.")
        return dataclasses.replace(new, pv=self.pv + (new.price != self.price))

    def shown(self, left: int) -> Sku:
        """The SKU with the units left of it."""
        return Sku(
            id=self.id,
            title=self.title,
            price=self.price,
            compare_at=UNSET if self.compare_at is None else self.compare_at,
            currency=self.currency,
            left=left,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A product of a shop with its SKUs, which share one currency."""

    id: str
    shop: str
    title: str
    description: str
    images: tuple[str, ...]
    skus: tuple[ListedSku, ...]

    @classmethod
    def of(cls, new: NewProduct, shop: str) -> Listing:
        """A product as a seller describes it, its texts made fit to show.

        Raises:
            Invalid: A text is too long, an image is no address, two SKUs have the same id
                or different currencies.

        """
        skus = _described(new.skus)
        if len({sku.currency for sku in skus}) > 1:
            raise Invalid("The SKUs of a product share one currency.")
        return cls(
            id=new.id if isinstance(new.id, str) else new_id("prd"),
            shop=shop,
            title=_title(new.title),
            description=_description(new.description),
            images=_images(new.images),
            skus=skus,
        )

    def patched(self, patch: PatchProduct) -> Listing:
        """The product after a change; SKUs are changed or added, never removed.

        Raises:
            Invalid: As for :meth:`of`.
            Conflict: A currency would change or differ.
            Limit: Too many SKUs.

        """
        listing = self
        if isinstance(patch.title, str):
            listing = dataclasses.replace(listing, title=_title(patch.title))
        if isinstance(patch.description, str):
            listing = dataclasses.replace(listing, description=_description(patch.description))
        if patch.images is not UNSET:
            listing = dataclasses.replace(listing, images=_images(patch.images))
        if patch.skus is not UNSET:
            listing = dataclasses.replace(listing, skus=self._with(_described(patch.skus)))
        return listing

    def shown(self, left: Mapping[str, int]) -> Product:
        """The product with the units left of each SKU; none of one that is not named."""
        return Product(
            id=self.id,
            shop=self.shop,
            title=self.title,
            description=self.description,
            images=self.images,
            skus=tuple(sku.shown(left.get(sku.id, 0)) for sku in self.skus),
        )

    def _with(self, changes: Sequence[ListedSku]) -> tuple[ListedSku, ...]:
        skus = {sku.id: sku for sku in self.skus}
        for new in changes:
            old = skus.get(new.id)
            if old is None and new.currency != self.skus[0].currency:
                raise Conflict("The SKUs of a product share one currency.")
            skus[new.id] = new if old is None else old.replaced(new)
        if len(skus) > MOST_SKUS:
            raise Limit(f"A product has at most {MOST_SKUS} SKUs.", MOST_SKUS)
        return tuple(skus.values())


def _title(text: str) -> str:
    return one_line(text, most=TITLE_MOST, what="The title")


def _description(text: str) -> str:
    return plain(text, most=DESCRIPTION_MOST, what="The description", least=0)


def _images(urls: Sequence[str]) -> tuple[str, ...]:
    for url in urls:
        if not _IMAGE.match(url):
            raise Invalid("An image is an address that starts with https://, http:// or /.")
    return tuple(urls)


def _described(new: Sequence[NewSku]) -> tuple[ListedSku, ...]:
    skus = tuple(map(ListedSku.of, new))
    if len({sku.id for sku in skus}) < len(skus):
        raise Invalid("Two SKUs have the same id.")
    return skus
