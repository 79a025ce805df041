"""Products and SKUs as the public contract shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from base.ids import Id
from base.money import Currency, Price
from base.text import shortened

__all__ = [
    "MOST_LEFT",
    "MOST_SKUS",
    "NewProduct",
    "NewSku",
    "PatchProduct",
    "PatchSku",
    "Product",
    "Sku",
    "SkuFacts",
]

SOCKET_DESCRIPTION: Final = 500
SOCKET_IMAGES: Final = 3
SOCKET_IMAGE_BYTES: Final = 512
MOST_SKUS: Final = 100
MOST_IMAGES: Final = 20
MOST_LEFT: Final = 1_000_000_000
"""Units of a SKU that may be on sale at once; sums stay exact as doubles in Lua."""


class Sku(Struct, frozen=True, kw_only=True):
    """One variant of a product: what a buyer puts into the cart."""

    id: str
    title: str
    price: int
    compare_at: int | UnsetType = UNSET
    currency: str
    left: int


class Product(Struct, frozen=True, kw_only=True):
    """A product with its SKUs; ``left`` is what can be held now."""

    id: str
    shop: str
    title: str
    description: str
    images: tuple[str, ...]
    skus: tuple[Sku, ...]

    def for_socket(self) -> Product:
        """The same with its text and pictures cut to what a socket carries."""
        images = [url for url in self.images if len(url.encode()) <= SOCKET_IMAGE_BYTES]
        return Product(
            id=self.id,
            shop=self.shop,
            title=self.title,
            description=shortened(self.description, SOCKET_DESCRIPTION),
            images=tuple(images[:SOCKET_IMAGES]),
            skus=self.skus,
        )


Left = Annotated[int, Meta(ge=0, le=MOST_LEFT)]


class PatchSku(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SKU in the body of ``PATCH /v1/products/{id}``: what is absent stays.

    One with a new ``id``, or none, is added and needs ``title``, ``price`` and
    ``currency``; ``left`` is its first stock. Of a known one ``left`` can only repeat what
    is left now: stock has its own route. A ``compare_at`` of 0 takes it away.
    """

    id: Id | UnsetType = UNSET
    title: str | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    compare_at: Price | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    left: Left | UnsetType = UNSET


class NewSku(PatchSku, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SKU in the body of ``POST /v1/products``; ``left`` is its first stock, or none."""

    title: str
    price: Price
    currency: Currency


Image = Annotated[str, Meta(min_length=1, max_length=2048)]
Images = Annotated[list[Image], Meta(max_length=MOST_IMAGES)]
NewSkus = Annotated[list[NewSku], Meta(min_length=1, max_length=MOST_SKUS)]
PatchSkus = Annotated[Sequence[PatchSku], Meta(min_length=1, max_length=MOST_SKUS)]


class NewProduct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/products``; ``shop`` may be left out by a seller."""

    id: Id | UnsetType = UNSET
    shop: Id | UnsetType = UNSET
    title: str
    description: str = ""
    images: Images = []
    skus: NewSkus


class PatchProduct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``PATCH /v1/products/{id}``; what is absent stays.

    ``skus`` changes the SKUs it names and adds new ones; none is removed, since orders
    refer to them. ``id``, ``shop`` and the currency of a SKU never change: they may be
    given as they are, so that what was read can be sent back.
    """

    id: Id | UnsetType = UNSET
    shop: Id | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    images: Images | UnsetType = UNSET
    skus: PatchSkus | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuFacts:
    """What a cart and a checkout need to know of a SKU.

    Attributes:
        title: The product's title, with the SKU's where there are several.
        pv: Price version; the gate refuses a hold made with an old one.

    """

    sku: str
    product: str
    shop: str
    title: str
    price: int
    currency: str
    pv: int
