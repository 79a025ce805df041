"""A show in memory, of the size of the demo's: what the benches of single parts play on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from base.clock import SystemClock
from base.identity import Role
from bench.hub.crowd import SERVERS_CORE
from live.events import Chat, FeedEvent, Sender
from live.fan_out import FanOut
from live.meter import Meter
from live.room_state import FeedEntry, Room
from live.show import Host, Show, ShowState
from shop.product import Product, Sku

__all__ = ["SHOW", "at_home", "chats", "fan_out", "per_call_us"]

SHOW: Final = Show(
    id="demo", title="Morning show", state=ShowState.LIVE, host=Host(id="mara", name="Mara")
)
PRODUCTS: Final = 14
HISTORY: Final = 1000
WORDS: Final = "is it warm enough for a winter in Lisbon, and does the blue one run small?"
LEAST_S: Final = 0.2
"""Of a timing: long enough for the clock, short enough for many."""


def fan_out(meter: Meter | None = None) -> FanOut:
    """A room with a bag of 14 products and 30 chats, and nobody in it."""
    room = Room(SHOW, epoch="e1", seq=0, history=HISTORY)
    products = [_product(number) for number in range(PRODUCTS)]
    room.fill(
        bag=[product.id for product in products],
        products={product.id: product for product in products},
        chat=[],
        ring=[],
    )
    for product in products:
        for sku in product.skus:
            room.set_stock(sku.id, 200)
    made = FanOut(room, SystemClock(), meter)
    chats(made, 30)
    made.move_to(room)
    return made


def chats(fan_out: FanOut, count: int) -> list[FeedEvent]:
    """Let people chat; what the room has then to tell."""
    room, told = fan_out.room, []
    for _ in range(count):
        seq = room.seq + 1
        said = Chat(
            at=time.time_ns() // 1_000_000,
            message=f"message-{seq:012}",
            sender=Sender(id=f"viewer-{seq % 997:06}", name="Vera Viewer", role=Role.VIEWER),
            text=WORDS,
        )
        event = room.apply(FeedEntry.parse(f"{seq}-0", {b"e": msgspec.json.encode(said)}))
        assert event is not None
        told.append(event)
    return told


@contextmanager
def at_home() -> Iterator[None]:
    """Stay on the server's core, with whatever is started meanwhile, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVERS_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def per_call_us(work: Callable[[], object]) -> float:
    """Microseconds of one call: the best of some runs, for others disturb and nothing helps."""
    count, best = 1, 0.0
    while best < LEAST_S / 10:
        count *= 2
        best = _run_s(work, count)
    return min([best, *(_run_s(work, count) for _ in range(10))]) / count * 1e6


def _run_s(work: Callable[[], object], count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        work()
    return time.process_time() - begin


def _product(number: int) -> Product:
    skus = tuple(
        Sku(id=f"product-{number}-{size}", title=size, price=1999, currency="USD", left=200)
        for size in ("small", "large")
    )
    return Product(
        id=f"product-{number}",
        shop="demo-shop",
        title=f"A thing that sells, number {number}",
        description="Soft, warm, made to last. " * 8,
        images=(f"/assets/pictures/product-{number}.svg",),
        skus=skus,
    )
