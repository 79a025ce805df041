"""A large market: what a million carts and 100,000 orders cost in memory and in time."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.checkout.asking import Asker, Latency, each, latency
from bench.checkout.filling import REGULAR, opened, paid_by, viewer_of
from bench.checkout.shop import Shop
from bench.hub.crowd import memory
from bench.pages.crowd import BUSY

__all__ = ["Audited", "Size", "volume"]

SMALL_SHOPS: Final = 50
STOCK: Final = 10**7
IDLE_SECONDS: Final = 10
MIB: Final = 2**20
PAGE: Final = "/v1/orders?limit=100"
DEEP: Final = (0.6, 0.4, 0.2, 0.05)
"""How far from the oldest order a deep page begins."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is there, and what it takes.

    Attributes:
        filled_s: How long it took to put in what came last.
        server, redis, redis_data, book: MiB: in memory of the server's process and of Redis',
            what Redis says its data takes, and on disk.
        idle: The share of a core that server, stores and provider need while nobody asks: the
            median second, for now and then the server compares its books.

    """

    carts: int
    orders: int
    filled_s: float
    server: float
    redis: float
    redis_data: float
    book: float
    idle: float

    def __str__(self) -> str:
        """In a line."""
        return (
            f"{self.carts:,} carts, {self.orders:,} orders ({self.filled_s:.0f} s to fill): "
            f"server {self.server:.0f} MiB, Redis {self.redis:.0f} MiB, its data "
            f"{self.redis_data:.0f}, the book {self.book:.0f}; idle {self.idle:.1%} of a core"
        )


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit of it all, while somebody else asks for other things.

    Attributes:
        took_s: The audit.
        grew: MiB more in the server's memory, at the most, while it ran.
        reading: A page of orders meanwhile.
        living: A request meanwhile that needs the loop alone.

    """

    took_s: float
    grew: float
    is_right: bool
    reading: Latency
    living: Latency

    def __str__(self) -> str:
        """In three lines."""
        return (
            f"an audit took {self.took_s:.1f} s and {self.grew:.0f} MiB; the books "
            f"{'agree' if self.is_right else 'DO NOT AGREE'}; beside it\n"
            f"  {self.reading}\n  {self.living}"
        )

    @property
    def failures(self) -> list[str]:
        """What is not as it must be."""
        return [] if self.is_right else ["the books do not agree"]


def volume(carts: int, orders: int) -> Iterator[Size | Latency | Audited]:
    """Fill a server in two halves; measure it empty, half full and full."""
    with Shop(environ=BUSY) as shop:
        shop.stock(STOCK)
        skus = [shop.sku, *(shop.other(f"small-{at:02d}", STOCK) for at in range(SMALL_SHOPS))]
        for half in range(3):
            began = time.perf_counter()
            if half:
                asyncio.run(_fill(shop, skus, half - 1, (carts // 2, orders // 2)))
            filled_s = time.perf_counter() - began
            done = half * (orders // 2)
            yield _size(shop, half * (carts // 2), done, filled_s)
            yield from _latencies(shop, skus[0], done, done / orders)
        yield _audited(shop, orders)
        yield _restarted(shop, orders)


async def _fill(shop: Shop, skus: list[str], done: int, half: tuple[int, int]) -> None:
    carts, orders = half
    async with opened(shop.served.data_dir, skus, 2 * orders) as filling:
        await filling.carts(done * carts, carts)
        await filling.orders(done * orders, orders)


def _size(shop: Shop, carts: int, orders: int, filled_s: float) -> Size:
    at = [shop.cpu_s()]
    for _ in range(IDLE_SECONDS):
        time.sleep(1)
        at.append(shop.cpu_s())
    idle = statistics.median(after - before for before, after in itertools.pairwise(at))
    return Size(
        carts=carts,
        orders=orders,
        filled_s=filled_s,
        server=memory(shop.pid) / MIB,
        redis=memory(shop.redis_pid) / MIB,
        redis_data=asyncio.run(_redis_data(shop)) / MIB,
        book=(shop.served.data_dir / "book.db").stat().st_size / MIB,
        idle=idle,
    )


async def _redis_data(shop: Shop) -> int:
    async with opened(shop.served.data_dir, [], 0) as filling:
        return await filling.redis_bytes()


def _latencies(shop: Shop, sku: str, orders: int, share: float) -> Iterator[Latency]:
    """Every request that has to find its way in what was filled in."""
    token = shop.served.token
    deep = [f"{PAGE}&after={paid_by(share * at)}.or_0" for at in DEEP]
    large = token("seller", "seller", shop="demo-shop")
    small = token("seller", "seller", shop="small-07")
    regular, admin = token(REGULAR), token("boss", "admin")
    asked = {
        "somebody's": ([PAGE], token(viewer_of(orders // 8))),
        "the regular's first page": ([PAGE], regular),
        "the regular's deep pages": (deep, regular),
        "the large shop's first page": ([PAGE], large),
        "the large shop's deep pages": (deep, large),
        "a small shop's first page": ([PAGE], small),
        "a small shop's deep pages": (deep, small),
        "an admin's first page": ([PAGE], admin),
        "an admin's deep pages": (deep, admin),
    }
    port = shop.served.port

    for what, (paths, who) in asked.items():

        def read(asker: Asker, at: int, paths: list[str] = paths, who: str = who) -> float:
            return asker.ask("GET", paths[at % len(paths)], who)

        yield each(port, f"GET /v1/orders, {what}", orders, read)

    def add(asker: Asker, at: int) -> float:
        return asker.ask("POST", "/v1/cart/lines", token(viewer_of(at)), {"sku": sku, "qty": 1})

    def reserve(asker: Asker, at: int) -> float:
        buyer, key = token(f"buyer-{orders}-{at}"), f"volume-{at:06d}"
        return asker.ask("POST", "/v1/checkouts", buyer, {"sku": sku, "qty": 1}, key)

    yield each(port, "POST /v1/cart/lines", orders, add)
    yield each(port, "POST /v1/checkouts", orders, reserve)


def _audited(shop: Shop, orders: int) -> Audited:
    """Let it run, and ask for other things until it has ended."""
    port, said = shop.served.port, list[bool]()

    def audit() -> None:
        with Asker(port) as asker:
            asker.ask("GET", "/v1/audit", shop.served.token("boss", "admin"))
            said.append(asker.said["ok"])

    seller = shop.served.token("seller", "seller", shop="demo-shop")
    reading, living = list[float](), list[float]()
    before = highest = memory(shop.pid)
    thread = threading.Thread(target=audit)
    began = time.perf_counter()
    thread.start()
    with Asker(port) as asker:
        while thread.is_alive():
            reading.append(asker.ask("GET", PAGE, seller))
            living.append(asker.ask("GET", "/healthz"))
            highest = max(highest, memory(shop.pid))
    return Audited(
        took_s=time.perf_counter() - began,
        grew=(highest - before) / MIB,
        is_right=said == [True],
        reading=latency("GET /v1/orders, the large shop's first page", orders, reading),
        living=latency("GET /healthz", orders, living),
    )


def _restarted(shop: Shop, orders: int) -> Latency:
    shop.served.stop()
    began = time.perf_counter()
    shop.served.start()
    return latency("a start", orders, [(time.perf_counter() - began) * 1000])
