"""Events: what happened, one struct each, told apart by ``ev``.

Feed events carry ``seq``, consecutive per show and epoch. In the feed they are stored as
JSON without it: the number is the entry's id. Gauges and private events carry none.
"""

from __future__ import annotations

from typing import Final, get_args

from msgspec import UNSET, Struct, UnsetType

from base.identity import Role
from cart.cart import Cart
from checkout.checkout import Checkout
from checkout.order import Order
from live.show import BagItem, PinnedProduct, Show
from shop.product import Product

__all__ = [
    "BY_NAME",
    "FEED_EVENTS",
    "BagChanged",
    "CartEvent",
    "Chat",
    "ChatDeleted",
    "CheckoutEvent",
    "Event",
    "FeedEvent",
    "Likes",
    "OrderEvent",
    "Pinned",
    "ProductChanged",
    "Purchase",
    "Sales",
    "Sender",
    "ShowEnded",
    "ShowStarted",
    "Snapshot",
    "Stock",
    "Unpinned",
    "Viewers",
]


class Event(Struct, kw_only=True, tag_field="ev"):
    """What every event carries: when it happened, in Unix ms."""

    at: int


class FeedEvent(Event, kw_only=True):
    """An event of a show's feed; ``seq`` is set from the feed entry's id."""

    seq: int | UnsetType = UNSET


class ShowStarted(FeedEvent, kw_only=True, tag="show.started"):
    """The show went live."""

    show: Show


class ShowEnded(FeedEvent, kw_only=True, tag="show.ended"):
    """The show has ended."""

    show: Show


class Pinned(FeedEvent, kw_only=True, tag="pinned"):
    """A product of the bag is shown to everybody."""

    product: str


class Unpinned(FeedEvent, kw_only=True, tag="unpinned"):
    """No product is pinned any more."""


class BagChanged(FeedEvent, kw_only=True, tag="bag.changed"):
    """The bag has other products or another order.

    In the feed the bag stands beside it as ids; a node fills it in from what it knows.
    """

    bag: tuple[BagItem, ...] = ()


class ProductChanged(FeedEvent, kw_only=True, tag="product.changed"):
    """A product of the bag has another text, picture or price."""

    product: Product


class Sender(Struct, frozen=True, kw_only=True):
    """Who said it."""

    id: str
    name: str
    role: Role


class Chat(FeedEvent, kw_only=True, tag="chat", rename={"sender": "from"}):
    """Somebody said something."""

    message: str
    sender: Sender
    text: str


class ChatDeleted(FeedEvent, kw_only=True, tag="chat.deleted"):
    """A message is to be taken from the screen."""

    message: str


class Purchase(FeedEvent, kw_only=True, tag="purchase"):
    """Somebody bought in this show; the name is masked."""

    name: str
    product: str
    units: int


class Stock(Event, kw_only=True, tag="stock"):
    """Gauge: units of a SKU that can be held now."""

    sku: str
    left: int


class Viewers(Event, kw_only=True, tag="viewers"):
    """Gauge: how many watch."""

    n: int


class Likes(Event, kw_only=True, tag="likes"):
    """Gauge: hearts so far."""

    n: int


class Sales(Event, kw_only=True, tag="sales"):
    """Gauge, to the host only: what the show has sold in a currency."""

    orders: int
    units: int
    revenue: int
    currency: str


class CartEvent(Event, kw_only=True, tag="cart"):
    """Private: the cart has changed."""

    cart: Cart


class CheckoutEvent(Event, kw_only=True, tag="checkout"):
    """Private: a checkout has changed."""

    checkout: Checkout


class OrderEvent(Event, kw_only=True, tag="order"):
    """Private: an order was made or has changed."""

    order: Order


class Snapshot(Event, kw_only=True, tag="snapshot"):
    """Everything about a show, for a viewer who cannot be told event by event."""

    show: Show
    epoch: str
    seq: int
    recovered: bool = False
    pinned: PinnedProduct | None = None
    bag: tuple[BagItem, ...] = ()
    stock: dict[str, int] = {}
    viewers: int = 0
    likes: int = 0
    chat: tuple[Chat, ...] = ()


AnyFeedEvent = (
    ShowStarted
    | ShowEnded
    | Pinned
    | Unpinned
    | BagChanged
    | ProductChanged
    | Chat
    | ChatDeleted
    | Purchase
)
AnyEvent = (
    AnyFeedEvent
    | Stock
    | Viewers
    | Likes
    | Sales
    | CartEvent
    | CheckoutEvent
    | OrderEvent
    | Snapshot
)

FEED_EVENTS: Final[tuple[type[FeedEvent], ...]] = get_args(AnyFeedEvent)
BY_NAME: Final[dict[str, type[Event]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyEvent)
}
"""Every event by its ``ev``."""
