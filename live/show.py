"""A show as the public contract shows it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from base.ids import Id
from shop.product import Product

__all__ = [
    "BagItem",
    "Host",
    "NewShow",
    "PinnedProduct",
    "Show",
    "ShowSales",
    "ShowState",
    "Sold",
    "Takings",
    "Viewer",
]


class ShowState(StrEnum):
    """Where a show is; an ended one may start again."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"


class Host(Struct, frozen=True, kw_only=True):
    """Who runs a show."""

    id: str
    name: str


class Show(Struct, frozen=True, kw_only=True):
    """A LIVE: title, state and times in Unix ms."""

    id: str
    title: str
    state: ShowState
    host: Host
    playback_url: str | UnsetType = UNSET
    starts_at: int | UnsetType = UNSET
    started_at: int | UnsetType = UNSET
    ended_at: int | UnsetType = UNSET


class BagItem(Struct, frozen=True, kw_only=True):
    """A product of the bag at its place, from 1."""

    position: int
    product: Product


class PinnedProduct(Struct, frozen=True, kw_only=True):
    """What is pinned, and since when in Unix ms."""

    product: str
    at: int


class Sold(Struct, frozen=True, kw_only=True):
    """How many units of a product a show has sold."""

    product: str
    units: int


class Takings(Struct, frozen=True, kw_only=True):
    """What a show has sold in one currency; ``revenue`` is in its minor units."""

    orders: int
    units: int
    revenue: int
    currency: str


class ShowSales(Struct, frozen=True, kw_only=True):
    """What a show has sold since it was made: the products, the most units first, and sums."""

    items: tuple[Sold, ...]
    sales: tuple[Takings, ...]


class Viewer(Struct, frozen=True, kw_only=True):
    """Who the server takes a connection for."""

    id: str
    name: str
    role: str


PlaybackUrl = Annotated[
    str, Meta(pattern=r"^(https?://[^\s\\]+|/(?![/\\])[^\s\\]*)\Z", max_length=2048)
]
"""A web address, or a path of the server; never a ``javascript:`` or ``//other`` one."""


class NewShow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/shows``."""

    id: Id | UnsetType = UNSET
    title: str
    playback_url: PlaybackUrl | UnsetType = UNSET
    starts_at: Annotated[int, Meta(ge=0, le=2**53 - 1)] | UnsetType = UNSET
