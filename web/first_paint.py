"""What a page shows before any script has run, in the words of its templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from live.show import Show, ShowState
from shop.demo import POSTER
from web.displayed import Moment, amount, count, elapsed, moment

if TYPE_CHECKING:
    from live.fan_out import FanOut
    from shop.product import Product, Sku

__all__ = ["Item", "Price", "Watched"]

DEMO: Final = "/demo/"
RASTER: Final = (".jpg", ".jpeg", ".png", ".webp")
"""What the places where links are shared can draw."""

FEW: Final = 10
"""The most units whose number is told, as ``viewer/words.js`` has it."""


@dataclass(frozen=True, slots=True)
class Price:
    """An amount: for programs in minor units, for people with its sign."""

    amount: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product of the bag.

    Attributes:
        price: Of its cheapest SKU that is left, and what that cost before.
        varies: Whether others of its SKUs cost more.
        off: How much less that is, as ``-22%``.
        stock: How many are left, in words; nothing while there are plenty.

    """

    id: str
    title: str
    image: str
    price: Price | None
    was: Price | None
    varies: bool
    off: str
    left: int
    stock: str

    @classmethod
    def of(cls, product: Product) -> Item:
        """A product as its card shows it."""
        left = sum(sku.left for sku in product.skus)
        sku = _shown(product)
        price = was = None
        off = ""
        if sku is not None:
            price = Price(sku.price, amount(sku.price, sku.currency))
            if isinstance(sku.compare_at, int) and sku.compare_at > sku.price:
                was = Price(sku.compare_at, amount(sku.compare_at, sku.currency))
                percent = (sku.compare_at - sku.price) * 100 // sku.compare_at
                off = f"-{percent}%" if percent else ""
        return cls(
            id=product.id,
            title=product.title,
            image=next(iter(product.images), ""),
            price=price,
            was=was,
            varies=sku is not None and any(other.price > sku.price for other in product.skus),
            off=off,
            left=left,
            stock="Sold out" if not left else f"{left} left" if left <= FEW else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A show as its page and its card on the front page begin with it.

    Attributes:
        poster: The picture before the film, or none.
        live_time: How long it has been on air.
        cover: The same, or else a picture of what it sells.
        pictures: All of them, the pinned product's first.
        card: What is pinned.

    """

    show: Show
    initial: str
    viewers: str
    viewers_short: str
    live_time: str
    poster: str
    cover: str
    pictures: tuple[str, ...]
    starts_at: Moment | None
    card: Item | None
    bag: tuple[Item, ...]

    @classmethod
    def of(cls, fan_out: FanOut, now_ms: int) -> Watched:
        """A room as it is now."""
        room = fan_out.room
        show, items = room.show, tuple(Item.of(item.product) for item in room.bag)
        pinned = "" if room.pinned is None else room.pinned.product
        card = next((item for item in items if item.id == pinned), None)
        products = sorted((item.product for item in room.bag), key=lambda one: one.id != pinned)
        pictures = tuple(url for product in products for url in product.images)
        poster = _poster(show)
        starts = show.state is ShowState.SCHEDULED and isinstance(show.starts_at, int)
        return cls(
            show=show,
            initial=show.host.name.strip()[:1].upper() or "?",
            viewers=f"{fan_out.viewers:,}",
            viewers_short=count(fan_out.viewers),
            live_time=_live_time(show, now_ms),
            poster=poster,
            cover=poster or next(iter(pictures), ""),
            pictures=pictures,
            starts_at=moment(int(show.starts_at)) if starts else None,  # type: ignore[arg-type]
            card=card,
            bag=items,
        )

    def picture(self, base: str) -> str:
        """What a shared link shows: an address that is good anywhere, or nothing."""
        pictures = (self.poster, *self.pictures)
        fit = next((url for url in pictures if url.lower().endswith(RASTER)), "")
        return base + fit if fit.startswith("/") else fit


def _shown(product: Product) -> Sku | None:
    """The SKU whose price the card shows: the cheapest of those that are left."""
    return min(product.skus, key=lambda sku: (sku.left == 0, sku.price), default=None)


def _live_time(show: Show, now_ms: int) -> str:
    if show.state is not ShowState.LIVE or not isinstance(show.started_at, int):
        return ""
    return elapsed(now_ms - show.started_at)


def _poster(show: Show) -> str:
    """Only the demo's film has one: a SHOW names none."""
    film = show.playback_url
    return POSTER if isinstance(film, str) and film.startswith(DEMO) else ""
