"""Products as the book keeps them, with their SKUs."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from base.errors import Conflict, Invalid, Limit
from base.ids import new_id
from base.text import one_line, plain
from shop.listed_sku import ListedSku
from shop.product import MOST_SKUS, NewProduct, PatchProduct, PatchSku, Product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Listing"]

TITLE_MOST: Final = 200
DESCRIPTION_MOST: Final = 5000

_IMAGE: Final = re.compile(
    r"""((?i:https?)://(?![/?#])|/(?!/))[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff"'<>\\]+\Z"""
)
"""A web address or a path of our own; nothing that a browser would run or read as another
host: it takes a backslash for a slash, and leaves tabs and line breaks out."""


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
                or different currencies, or there is no such currency.

        """
        _require_different(new.skus)
        skus = tuple(map(ListedSku.of, new.skus))
        if len({sku.currency for sku in skus}) > 1:
            raise Invalid("The SKUs of a product share one currency. Make another product.")
        return cls(
            id=new.id if isinstance(new.id, str) else new_id("prd"),
            shop=shop,
            title=_title(new.title),
            description=_description(new.description),
            images=_images(new.images),
            skus=skus,
        )

    def patched(self, patch: PatchProduct, left: Mapping[str, int] | None = None) -> Listing:
        """The product after a change; SKUs are changed or added, never removed.

        What is given as it is stays as it is, to the letter.

        Args:
            patch: What the seller sent.
            left: The units left of each SKU; none of one that is not named.

        Raises:
            Invalid: As for :meth:`of`; or a SKU is new and not described, or is known and
                has other units left than the patch says.
            Conflict: The id, the shop or a currency would change, or a currency differ.
            Limit: Too many SKUs.

        """
        if patch.id not in {UNSET, self.id} or patch.shop not in {UNSET, self.shop}:
            raise Conflict("The id and the shop of a product never change. Leave them out.")
        listing = self
        if isinstance(patch.title, str) and patch.title != self.title:
            listing = dataclasses.replace(listing, title=_title(patch.title))
        if isinstance(patch.description, str) and patch.description != self.description:
            listing = dataclasses.replace(listing, description=_description(patch.description))
        if patch.images is not UNSET and tuple(patch.images) != self.images:
            listing = dataclasses.replace(listing, images=_images(patch.images))
        if patch.skus is not UNSET:
            listing = dataclasses.replace(listing, skus=self._with(patch.skus, left or {}))
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

    def _with(self, changes: Sequence[PatchSku], left: Mapping[str, int]) -> tuple[ListedSku, ...]:
        _require_different(changes)
        skus = {sku.id: sku for sku in self.skus}
        for change in changes:
            old = skus.get(str(change.id))
            new = ListedSku.of(change) if old is None else old.patched(change, left.get(old.id, 0))
            if new.currency != self.skus[0].currency:
                raise Conflict("The SKUs of a product share one currency. Make another product.")
            skus[new.id] = new
        if len(skus) > MOST_SKUS:
            raise Limit(
                f"A product has at most {MOST_SKUS} SKUs. Make another product.", MOST_SKUS
            )
        return tuple(skus.values())


def _title(text: str) -> str:
    return one_line(text, most=TITLE_MOST, what="The title")


def _description(text: str) -> str:
    return plain(text, most=DESCRIPTION_MOST, what="The description", least=0)


def _images(urls: Sequence[str]) -> tuple[str, ...]:
    for url in urls:
        if not _IMAGE.match(url):
            raise Invalid("An image is an https:// or http:// address or a path, with no blanks.")
    return tuple(urls)


def _require_different(skus: Sequence[PatchSku]) -> None:
    ids = [sku.id for sku in skus if sku.id is not UNSET]
    if len(set(ids)) < len(ids):
        raise Invalid("Two SKUs have the same id. Give each its own.")
