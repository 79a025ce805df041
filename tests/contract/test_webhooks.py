"""Deliveries on every book: its operations travel, and others may come in between."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from base.errors import NotFound
from shop.events import KEPT_MS
from shop.happened import Kind
from shop.webhooks import work
from tests.integration.shop.post import Post, paid
from tests.selling import ADMIN, seller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@pytest.fixture
async def post(book: Book, scripts: Scripts, clock: StoppedClock) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield Post(book, scripts, clock, stack)


async def test_a_delivery_with_every_turn(post: Post) -> None:
    shop, everything = await post.receiver(), await post.receiver()
    endpoint = await post.listen(shop, Kind.ORDER_PAID)
    await post.listen(everything, by=ADMIN)
    await post.happen("or_1", "or_2")
    await post.happen("or_3", kind=Kind.ORDER_SHIPPED)
    await post.happen("or_4", shop="bob")
    shop.answers = [500, 200, 500, 500, 500]
    began = post.clock.now_ms()

    await post.deliverer.finish()
    assert everything.ids[:2] == paid("or_1", "or_2")
    assert len(everything.got) == 4
    assert await post.book.read(work.oldest_waiting) == began
    for _ in range(4):
        await post.pass_time()

    assert set(shop.ids) == set(paid("or_1", "or_2"))
    tried = await post.log(endpoint)
    assert {one.event for one in tried if one.outcome == "delivered"} == set(shop.ids)
    assert await post.book.read(work.oldest_waiting) is None
    await post.endpoints.redeliver(seller(), endpoint.id, paid("or_1")[0])
    await post.deliverer.finish()
    assert shop.ids[-1] == paid("or_1")[0]

    post.clock.advance(KEPT_MS + 1)
    await post.deliverer.prune()
    assert await post.log(endpoint) == []
    await post.endpoints.delete(seller(), endpoint.id)
    with pytest.raises(NotFound):
        await post.endpoints.deliveries(seller(), endpoint.id, None, 10)


async def test_two_that_deliver_beside_many_who_write_lose_nothing(post: Post) -> None:
    """As while a lease changes hands."""
    shop = await post.receiver()
    await post.listen(shop)
    orders = [f"or_{number}" for number in range(40)]
    other = post.another("node-2")

    writing = asyncio.gather(*(post.happen(order) for order in orders))
    while not writing.done():
        await asyncio.gather(post.deliverer.finish(), other.finish())
    await post.deliverer.finish()

    assert set(shop.ids) == set(paid(*orders))
    assert await post.book.read(work.due, post.clock.now_ms(), 10) == []
