"""Good answers: the ``ok`` maps of commands, pages of lists, and what only HTTP tells."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from cart.cart import Cart
from checkout.audit import Check
from checkout.checkout import Checkout
from checkout.order import Order
from checkout.order_ledger import LedgerEntry
from checkout.payments.provider import Charge
from live.events import Chat
from live.show import BagItem, PinnedProduct, Show, Viewer
from shop.happened import Event
from shop.product import Product
from shop.webhooks.endpoint import Delivery, Endpoint

__all__ = [
    "Alive",
    "AuditAnswer",
    "BagAnswer",
    "CartAnswer",
    "ChargePage",
    "CheckoutAnswer",
    "DeliveryPage",
    "Done",
    "EndpointPage",
    "EventPage",
    "Joined",
    "LedgerAnswer",
    "Message",
    "OrderPage",
    "Pong",
    "Problem",
    "ProductPage",
    "Ready",
    "ShowPage",
]


class Done(Struct, frozen=True):
    """It is done, and there is nothing more to say: ``{}``."""


class CartAnswer(Struct, frozen=True, kw_only=True):
    """The cart as it is now."""

    cart: Cart


class CheckoutAnswer(Struct, frozen=True, kw_only=True):
    """The checkout as it is now."""

    checkout: Checkout


class BagAnswer(Struct, frozen=True, kw_only=True):
    """The show's bag as it is now."""

    bag: tuple[BagItem, ...]


class Pong(Struct, frozen=True, kw_only=True):
    """The server's time, in Unix ms."""

    at: int


class Message(Struct, frozen=True, kw_only=True):
    """The id that a chat message got."""

    message: str


class Joined(Struct, frozen=True, kw_only=True):
    """A show as it is now, to somebody who enters."""

    viewer: Viewer
    guest_token: str | UnsetType = UNSET
    show: Show
    epoch: str
    seq: int
    recovered: bool
    pinned: PinnedProduct | None
    bag: tuple[BagItem, ...]
    stock: dict[str, int]
    viewers: int
    likes: int
    chat: tuple[Chat, ...]


class ShowPage(Struct, frozen=True, kw_only=True):
    """Shows by id."""

    items: tuple[Show, ...]
    next: str | None


class ProductPage(Struct, frozen=True, kw_only=True):
    """Products by id."""

    items: tuple[Product, ...]
    next: str | None


class OrderPage(Struct, frozen=True, kw_only=True):
    """Orders, the latest first."""

    items: tuple[Order, ...]
    next: str | None


class LedgerAnswer(Struct, frozen=True, kw_only=True):
    """All entries of an order, the oldest first; amounts in minor units."""

    items: tuple[LedgerEntry, ...]
    next: None


class ChargePage(Struct, frozen=True, kw_only=True):
    """Charges in the provider's order; amounts in minor units."""

    items: tuple[Charge, ...]
    next: str | None


class EventPage(Struct, frozen=True, kw_only=True):
    """Events, the oldest first; the ``id`` of each is a cursor, the last one's too."""

    items: tuple[Event, ...]
    next: str | None


class EndpointPage(Struct, frozen=True, kw_only=True):
    """Endpoints by id, without their secrets."""

    items: tuple[Endpoint, ...]
    next: str | None


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """Attempts, the latest first."""

    items: tuple[Delivery, ...]
    next: str | None


class AuditAnswer(Struct, frozen=True, kw_only=True):
    """Whether the books are right."""

    ok: bool
    checks: tuple[Check, ...]


class Alive(Struct, frozen=True, kw_only=True):
    """The server runs."""

    ok: bool
    version: str


class Ready(Struct, frozen=True, kw_only=True):
    """Whether this node can sell, and which part it lacks."""

    ok: bool
    redis: bool = False
    sql: bool = False
    feed: bool = False


class Problem(Struct, frozen=True, kw_only=True):
    """Why it was not done (RFC 9457); ``code`` and ``data`` are those of a socket's error."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    data: dict[str, int | str] | UnsetType = UNSET
