"""Products and SKUs as the public contract shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from base.ids import Id
from base.money import Currency, Price
from base.text import shortened

__all__ = ["NewProduct", "NewSku", "PatchProduct", "Product", "Sku", "SkuFacts"]

SOCKET_DESCRIPTION: Final = 500
SOCKET_IMAGES: Final = 3
SOCKET_IMAGE_BYTES: Final = 512
MOST_SKUS: Final = 100
MOST_IMAGES: Final = 20


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


class NewSku(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SKU in the body of ``POST`` and ``PATCH /v1/products``; stock has its own route."""

    id: Id | UnsetType = UNSET
    title: str
    price: Price
    compare_at: Price | UnsetType = UNSET
    currency: Currency


Images = Annotated[list[Annotated[str, Meta(min_length=1, max_length=2048)]], Meta(max_length=20)]
NewSkus = Annotated[list[NewSku], Meta(min_length=1, max_length=MOST_SKUS)]


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
    refer to them. The currency of a SKU never changes.
    """

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    images: Images | UnsetType = UNSET
    skus: NewSkus | UnsetType = UNSET


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
