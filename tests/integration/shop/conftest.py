"""A post that delivers events, and a shop's server that gets them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from tests.integration.shop.post import Post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from store.redis.scripts import Scripts
    from store.sql.writer import SqliteBook
    from tests.clock import StoppedClock
    from tests.receiver import Receiver


@pytest.fixture
async def post(book: SqliteBook, scripts: Scripts, clock: StoppedClock) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield Post(book, scripts, clock, stack)


@pytest.fixture
async def shop(post: Post) -> Receiver:
    return await post.receiver()
