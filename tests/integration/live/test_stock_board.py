"""The board reads a bag's stock while the bag goes on changing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from base.clock import SystemClock
from base.errors import Outage
from live import stock_board
from live.fan_out import FanOut
from live.room_state import FeedEntry, Room
from live.show import Host, Show, ShowState
from live.stock_board import StockBoard
from shop.product import Product, Sku
from store.redis import keys
from tests.waiting import until

SHOW = Show(id="demo", title="Demo", state=ShowState.LIVE, host=Host(id="mara", name="Mara"))
OnEntries = Callable[[list[tuple[str, dict[bytes, bytes]]]], None]


class SlowShelf:
    """Stock that answers when it is let go: ten of everything."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers = asyncio.Event()
        self.is_out = False

    async def read(self, shop: str, skus: list[str]) -> tuple[int, dict[str, int]]:
        self.asked.append(skus)
        await self.answers.wait()
        if self.is_out:
            raise Outage
        return 7, dict.fromkeys(skus, 10)


class Streams:
    """Remembers who follows what."""

    def __init__(self) -> None:
        self.followed: dict[str, tuple[str, OnEntries]] = {}

    def follow(self, key: str, after: str, on_entries: OnEntries) -> None:
        self.followed[key] = (after, on_entries)

    def leave(self, key: str) -> None:
        self.followed.pop(key, None)


def product(ident: str) -> Product:
    sku = Sku(id=ident, title="One", price=1, currency="USD", left=0)
    return Product(id=ident, shop="ada", title=ident, description="", images=(), skus=(sku,))


def add(fan_out: FanOut, *bag: str) -> None:
    """The bag becomes this, its last product added just now."""
    fields = {
        b"e": b'{"ev":"bag.changed","at":1}',
        b"bag": ",".join(bag).encode(),
        b"p": msgspec.json.encode(product(bag[-1])),
    }
    fan_out.room.apply(FeedEntry.parse(f"{fan_out.room.seq + 1}-0", fields))


@pytest.fixture
def fan_out() -> FanOut:
    return FanOut(Room(SHOW, epoch="e1", seq=0, history=10), SystemClock())


async def test_a_bag_that_changes_while_it_is_looked_at_is_looked_at_again(
    fan_out: FanOut,
) -> None:
    shelf = SlowShelf()
    board = StockBoard(stock=shelf, feed=Streams())
    add(fan_out, "mug")
    board.look(fan_out)
    await until(lambda: len(shelf.asked) == 1)

    add(fan_out, "mug", "tote")
    board.look(fan_out)
    shelf.answers.set()
    await until(lambda: not board._looking)

    assert shelf.asked == [["mug"], ["mug", "tote"]]
    assert fan_out.room.stock == {"mug": 10, "tote": 10}


async def test_a_look_that_fails_is_repeated(
    fan_out: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_board, "RETRY_S", 0.01)
    shelf, streams = SlowShelf(), Streams()
    shelf.is_out = True
    shelf.answers.set()
    board = StockBoard(stock=shelf, feed=streams)
    add(fan_out, "mug")
    board.look(fan_out)
    await until(lambda: len(shelf.asked) > 2)

    shelf.is_out = False
    await until(lambda: not board._looking)

    assert fan_out.room.stock == {"mug": 10}
    assert streams.followed[keys.shop_stream("ada")][0] == "7-0"


async def test_who_is_forgotten_is_looked_at_no_more(fan_out: FanOut) -> None:
    shelf = SlowShelf()
    board = StockBoard(stock=shelf, feed=Streams())
    add(fan_out, "mug")
    board.look(fan_out)
    await until(lambda: len(shelf.asked) == 1)

    board.forget(fan_out)
    await until(lambda: not board._looking)

    assert (board._unseen, dict(board._rooms), board._last) == ({}, {}, {})


async def test_old_news_do_not_overwrite_newer(fan_out: FanOut) -> None:
    shelf, streams = SlowShelf(), Streams()
    shelf.answers.set()
    board = StockBoard(stock=shelf, feed=streams)
    add(fan_out, "mug")
    await board.watch(fan_out)
    _, arrive = streams.followed[keys.shop_stream("ada")]

    arrive([("9-0", {b"mug": b"3"})])
    arrive([("8-0", {b"mug": b"99"})])
    await board.watch(fan_out)

    assert fan_out.room.stock == {"mug": 3}
