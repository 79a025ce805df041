"""The demo show: live from the first start, with every demo product in its bag."""

from __future__ import annotations

import asyncio

from base.clock import Clock
from base.errors import Conflict
from base.identity import Actor, Role
from live.bag import Bags
from live.show import NewShow
from live.shows import Shows
from shop.catalog import Catalog
from shop.demo import FILM, create_demo, read_demo
from shop.stock import Stock
from store.sql.book import Book

__all__ = ["DEMO_SHOW", "create_demo_show"]

DEMO_SHOW = "demo"


async def create_demo_show(
    *, book: Book, catalog: Catalog, stock: Stock, shows: Shows, bags: Bags, clock: Clock
) -> None:
    """Make the demo once; a show of its name is left as it is.

    Safe to repeat after a crash half way: the show is made after its products, and started last.
    """
    demo = read_demo()
    host = Actor(
        id=demo.show.host.id, name=demo.show.host.name, role=Role.HOST, expires_ms=clock.now_ms()
    )
    await create_demo(book, catalog, stock)
    try:
        new = NewShow(id=demo.show.id, title=demo.show.title, playback_url=FILM)
        show = await shows.create(host, new)
    except Conflict:
        show = await shows.get(demo.show.id)
        if show.started_at:
            return
    # Together: each takes several steps at the book and the gate. The order is made after.
    await asyncio.gather(*(bags.add(show.id, product.id) for product in demo.products))
    for position, product in enumerate(demo.products, 1):
        await bags.move(show.id, product.id, position)
    await shows.start(show)
    await shows.pin(show.id, demo.show.pinned)
