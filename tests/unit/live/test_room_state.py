"""A room follows its feed, and knows who can be told event by event."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from base.identity import Role
from live.events import (
    BagChanged,
    Chat,
    ChatDeleted,
    Event,
    Pinned,
    ProductChanged,
    Sender,
    ShowEnded,
    Unpinned,
)
from live.room_state import FeedEntry, Gap, Room
from live.show import Host, Show, ShowState
from shop.product import Product, Sku

SHOW = Show(
    id="demo", title="Morning show", state=ShowState.LIVE, host=Host(id="mara", name="Mara")
)


def room_at(seq: int, *, history: int = 10) -> Room:
    room = Room(SHOW, epoch="e1", seq=0, history=history)
    for number in range(1, seq + 1):
        room.apply(entry(number, Unpinned(at=number)))
    return room


def entry(seq: int, event: Event, **fields: bytes) -> FeedEntry:
    parts = {b"e": msgspec.json.encode(event)} | {k.encode(): v for k, v in fields.items()}
    return FeedEntry.parse(f"{seq}-0", parts)


def mug(price: int = 1999) -> Product:
    sku = Sku(id="mug-blue", title="Blue", price=price, currency="USD", left=0)
    return Product(id="mug", shop="clay", title="Mug", description="", images=(), skus=(sku,))


def said(message: str) -> Chat:
    sender = Sender(id="v1", name="Ada", role=Role.VIEWER)
    return Chat(at=1, message=message, sender=sender, text="hello")


def with_bag(room: Room, products: Sequence[Product]) -> None:
    for product in products:
        body = msgspec.json.encode(product)
        room.apply(entry(room.seq + 1, BagChanged(at=1), bag=product.id.encode(), p=body))


def test_since_tells_what_was_missed_and_no_more() -> None:
    room = room_at(5)

    assert [event.seq for event in room.since(3)] == [4, 5]
    assert room.since(5) == []


def test_a_viewer_within_the_history_can_be_told() -> None:
    room = room_at(15, history=10)

    assert room.has("e1", 5)
    assert room.has("e1", 15)


@pytest.mark.parametrize(
    ("epoch", "seq"), [("e1", 4), ("e1", 16), ("other", 15)], ids=["old", "ahead", "epoch"]
)
def test_a_viewer_beyond_the_history_cannot(epoch: str, seq: int) -> None:
    assert not room_at(15, history=10).has(epoch, seq)


def test_a_new_room_knows_that_nothing_was_missed() -> None:
    assert room_at(0).has("e1", 0)


def test_an_entry_known_already_is_told_to_nobody() -> None:
    room = room_at(5)

    assert room.apply(entry(5, Pinned(at=1, product="mug"))) is None
    assert room.pinned is None


def test_a_hole_in_the_feed_is_noticed() -> None:
    room = room_at(5)

    with pytest.raises(Gap):
        room.apply(entry(7, Unpinned(at=1)))

    assert room.seq == 5


def test_pin_and_unpin() -> None:
    room = room_at(0)

    room.apply(entry(1, Pinned(at=42, product="mug")))
    assert room.pinned is not None
    assert (room.pinned.product, room.pinned.at) == ("mug", 42)

    room.apply(entry(2, Unpinned(at=43)))
    assert room.pinned is None


def test_the_bag_shows_what_is_left_now() -> None:
    room = room_at(0)
    with_bag(room, [mug()])
    room.set_stock("mug-blue", 7)

    assert room.bag[0].position == 1
    assert room.bag[0].product.skus[0].left == 7
    assert room.left == {"mug-blue": 7}
    [told] = room.since(0)
    assert isinstance(told, BagChanged)
    assert told.bag == room.bag


def test_a_changed_product_replaces_the_old_one() -> None:
    room = room_at(0)
    with_bag(room, [mug(1999)])
    room.set_stock("mug-blue", 7)

    event = room.apply(entry(2, ProductChanged(at=1, product=mug(2499))))

    assert isinstance(event, ProductChanged)
    assert event.product.skus[0].left == 7
    assert room.bag[0].product.skus[0].price == 2499


def test_a_product_taken_out_leaves_bag_and_stock() -> None:
    room = room_at(0)
    with_bag(room, [mug()])

    room.apply(entry(2, BagChanged(at=1), bag=b""))

    assert room.bag == ()
    assert room.left == {}


def test_a_deleted_message_is_not_shown_to_who_comes_later() -> None:
    room = room_at(0)
    for number in range(1, 41):
        room.apply(entry(number, said(f"m{number}")))

    room.apply(entry(41, ChatDeleted(at=1, message="m40")))

    shown = [chat.message for chat in room.chat]
    assert shown == [f"m{number}" for number in range(10, 40)]


def test_the_show_itself_changes() -> None:
    room = room_at(0)
    ended = msgspec.structs.replace(SHOW, state=ShowState.ENDED, ended_at=99)

    room.apply(entry(1, ShowEnded(at=99, show=ended)))

    assert room.show.state is ShowState.ENDED
    assert room.show.ended_at == 99


def test_only_news_counts_as_a_change() -> None:
    room = room_at(0)
    with_bag(room, [mug()])
    room.set_stock("mug-blue", 7)
    before = room.changes

    assert not room.set_stock("mug-blue", 7)
    assert room.changes == before
    assert room.set_stock("mug-blue", 6)
    assert room.changes > before
