"""A show as one node knows it: state, bag, chat, gauges, and a ring of its latest events.

Pure: entries of the feed come in, events to tell come out. It knows no socket, no Redis and
no clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from msgspec import json
from msgspec.structs import replace

from live.events import (
    AnyFeedEvent,
    BagChanged,
    Chat,
    ChatDeleted,
    FeedEvent,
    Pinned,
    ProductChanged,
    Purchase,
    ShowEnded,
    ShowStarted,
    Unpinned,
)
from live.show import BagItem, PinnedProduct, Show
from shop.product import Product

__all__ = ["FeedEntry", "Gap", "Room", "Totals"]

CHAT_SHOWN: Final = 30
"""Messages of a join's snapshot (the contract)."""

CHAT_KEPT: Final = 200
"""More than are shown, so that deleting some leaves the rest."""

_events: Final = json.Decoder(AnyFeedEvent)
_products: Final = json.Decoder(Product)


class Gap(Exception):
    """The feed goes on beyond what the room knows: it must be loaded anew."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry of the feed: its number, its event, and what a bag's change carries.

    Attributes:
        bag: The products of the bag afterwards, in order; None when it did not change.
        product: The product that was added, whole.

    """

    seq: int
    event: AnyFeedEvent
    bag: tuple[str, ...] | None = None
    product: Product | None = None

    @classmethod
    def parse(cls, ident: str, fields: Mapping[bytes, bytes]) -> FeedEntry:
        """Read a stream entry: ``e`` is the event, ``bag`` ids, ``p`` an added PRODUCT."""
        seq = int(ident.split("-", 1)[0])
        event = _events.decode(fields[b"e"])
        event.seq = seq
        bag, product = fields.get(b"bag"), fields.get(b"p")
        return cls(
            seq,
            event,
            None if bag is None else tuple(filter(None, bag.decode().split(","))),
            None if product is None else _products.decode(product),
        )


@dataclass(slots=True)
class Totals:
    """Gauges of a show, as last heard: other nodes' viewers, everybody's likes, sales."""

    others: int = 0
    likes: int = 0
    sales: dict[str, tuple[int, int, int]] = field(default_factory=dict)


class Room:
    """One show on this node.

    Args:
        show: What is fixed and how it stands.
        epoch: Changes when the feed's history was lost.
        seq: The latest event that the state contains.
        history: How many events a returning viewer may catch up on.

    """

    def __init__(self, show: Show, *, epoch: str, seq: int, history: int) -> None:
        self.show = show
        self.epoch = epoch
        self.seq = seq
        self.pinned: PinnedProduct | None = None
        self.stock: dict[str, int] = {}
        self.totals = Totals()
        self.banned: set[str] = set()
        self.changes = 0
        """Counts what a snapshot would show differently, so that one is rendered once."""
        self._bag: tuple[str, ...] = ()
        self._products: dict[str, Product] = {}
        self._chat: deque[Chat] = deque(maxlen=CHAT_KEPT)
        self._ring: deque[FeedEntry] = deque(maxlen=history)

    # What a snapshot shows.

    @property
    def bag(self) -> tuple[BagItem, ...]:
        """The bag in order, each product with the units that are left now."""
        return tuple(
            BagItem(position=place, product=self.current(self._products[product]))
            for place, product in enumerate(self._bag, 1)
        )

    @property
    def chat(self) -> tuple[Chat, ...]:
        """The latest messages, oldest first, without deleted ones."""
        return tuple(self._chat)[-CHAT_SHOWN:]

    @property
    def skus(self) -> Iterator[tuple[str, str]]:
        """Shop and SKU of everything in the bag."""
        for ident in self._bag:
            product = self._products[ident]
            for sku in product.skus:
                yield product.shop, sku.id

    @property
    def left(self) -> dict[str, int]:
        """Units left of every SKU in the bag."""
        return {sku: self.stock.get(sku, 0) for _, sku in self.skus}

    def current(self, product: Product) -> Product:
        """The product with the units of each SKU that are left now."""
        skus = tuple(replace(sku, left=self.stock.get(sku.id, sku.left)) for sku in product.skus)
        return replace(product, skus=skus)

    # What comes in.

    def fill(
        self,
        *,
        bag: Sequence[str],
        products: Mapping[str, Product],
        chat: Sequence[Chat],
        ring: Sequence[FeedEntry],
    ) -> None:
        """Set what a node loads when it opens the show; the ring is oldest first.

        Of a ring with a hole only what follows the last hole is history.
        """
        self._products = dict(products)
        self._bag = tuple(product for product in bag if product in self._products)
        self._chat.extend(chat)
        expected = self.seq
        for entry in reversed(ring):
            if entry.seq != expected:
                break
            self._ring.appendleft(entry)
            expected -= 1

    def apply(self, entry: FeedEntry) -> FeedEvent | None:
        """Take an entry of the feed in.

        Returns:
            The event to tell, or None when it was known already.

        Raises:
            Gap: Entries before this one are missing.

        """
        if entry.seq <= self.seq:
            return None
        if entry.seq != self.seq + 1:
            raise Gap(f"have {self.seq}, got {entry.seq}")
        self._change(entry)
        self.seq = entry.seq
        self.changes += 1
        self._ring.append(entry)
        return self.told(entry)

    def set_stock(self, sku: str, left: int) -> bool:
        """Note the units left of a SKU; whether that was news."""
        if self.stock.get(sku) == left:
            return False
        self.stock[sku] = left
        self.changes += 1
        return True

    # What goes out.

    def has(self, epoch: str, seq: int) -> bool:
        """Whether everything after ``seq`` is known here, event by event."""
        oldest = self._ring[0].seq if self._ring else self.seq + 1
        return epoch == self.epoch and oldest - 1 <= seq <= self.seq

    def since(self, seq: int) -> list[FeedEvent]:
        """The events after ``seq``, which :meth:`has` must have allowed."""
        return list(self.after(seq))

    def after(self, seq: int) -> Iterator[FeedEvent]:
        """As :meth:`since`, one by one."""
        known = max(0, seq + 1 - self._ring[0].seq) if self._ring else 0
        return map(self.told, islice(self._ring, known, None))

    def told(self, entry: FeedEntry) -> FeedEvent:
        """The event as viewers get it: a bag is filled in from what is known now."""
        event = entry.event
        if isinstance(event, BagChanged):
            return BagChanged(at=event.at, seq=entry.seq, bag=self._bag_of(entry))
        if isinstance(event, ProductChanged):
            return ProductChanged(at=event.at, seq=entry.seq, product=self.current(event.product))
        return event

    def _bag_of(self, entry: FeedEntry) -> tuple[BagItem, ...]:
        known = [self._products[ident] for ident in entry.bag or () if ident in self._products]
        return tuple(
            BagItem(position=place, product=self.current(product))
            for place, product in enumerate(known, 1)
        )

    def _change(self, entry: FeedEntry) -> None:  # noqa: C901  one line for each event
        event = entry.event
        match event:
            case ShowStarted() | ShowEnded():
                self.show = event.show
            case Pinned():
                self.pinned = PinnedProduct(product=event.product, at=event.at)
            case Unpinned():
                self.pinned = None
            case BagChanged():
                self._change_bag(entry)
            case ProductChanged():
                self._products[event.product.id] = event.product
            case Chat():
                self._chat.append(event)
            case ChatDeleted():
                self._delete_chat(event.message)
            case Purchase():
                pass  # Told and forgotten: a snapshot shows no purchases.

    def _delete_chat(self, message: str) -> None:
        kept = [said for said in self._chat if said.message != message]
        self._chat = deque(kept, maxlen=CHAT_KEPT)

    def _change_bag(self, entry: FeedEntry) -> None:
        if entry.product is not None:
            self._products[entry.product.id] = entry.product
        bag = entry.bag or ()
        # What left the bag stays known while the ring may still tell of it.
        named = {product for past in self._ring for product in past.bag or ()} | set(bag)
        self._products = {
            ident: known for ident, known in self._products.items() if ident in named
        }
        self._bag = bag
        self.changes += 1
