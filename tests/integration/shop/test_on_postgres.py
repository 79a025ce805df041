"""The shop's operations on PostgreSQL, where several may really run at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from base.errors import Conflict
from shop.product import PatchProduct, Product
from shop.rebuild import rebuild
from store.sql.postgres import PostgresBook
from tests.selling import SHOP, Shelves, colour, counters, mug, seller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from store.redis.scripts import Scripts
    from tests.clock import StoppedClock

pytestmark = [pytest.mark.redis, pytest.mark.postgres]


@pytest.fixture
async def shelves(
    postgres_book_url: str, scripts: Scripts, clock: StoppedClock
) -> AsyncIterator[Shelves]:
    """Five mugs."""
    book = PostgresBook(postgres_book_url)
    await rebuild(book, scripts)
    shelves = Shelves(book, scripts, clock)
    await shelves.put("mug-blue", 5)
    yield shelves
    await book.close()


async def test_one_key_at_once_adjusts_once(shelves: Shelves) -> None:
    answers = await asyncio.gather(
        *(
            shelves.stock.adjust(seller(), "mug-blue", add=3, set_to=None, key="key-0001")
            for _ in range(5)
        )
    )

    assert {sku.left for sku in answers} == {8}
    assert (await counters(shelves.scripts, "mug-blue"))["total"] == 8


async def test_sets_at_once_do_not_add_up(shelves: Shelves) -> None:
    await asyncio.gather(
        *(
            shelves.stock.adjust(seller(), "mug-blue", add=None, set_to=9, key=f"key-000{number}")
            for number in range(5)
        )
    )

    assert (await counters(shelves.scripts, "mug-blue"))["avail"] == 9


async def test_prices_changed_at_once_have_versions_of_their_own(shelves: Shelves) -> None:
    patches = [PatchProduct(skus=[colour("blue", price=3000 + number)]) for number in range(5)]

    await asyncio.gather(*(shelves.catalog.patch(seller(), "mug-blue", p) for p in patches))

    assert (await counters(shelves.scripts, "mug-blue"))["pv"] == 6


async def test_one_of_two_products_of_the_same_id_is_listed(shelves: Shelves) -> None:
    made = await asyncio.gather(
        *(shelves.catalog.create(seller(), mug(colour("red"))) for _ in range(3)),
        return_exceptions=True,
    )

    refused = [type(answer) for answer in made if not isinstance(answer, Product)]
    assert refused == [Conflict, Conflict]
    page, _ = await shelves.catalog.list(None, 10, SHOP)
    assert [product.id for product in page] == ["mug", "mug-blue"]


async def test_a_lost_gate_is_filled_again(shelves: Shelves) -> None:
    await shelves.scripts.command("FLUSHALL")

    assert await rebuild(shelves.book, shelves.scripts, calm_s=0.01) == 64
    assert (await counters(shelves.scripts, "mug-blue"))["avail"] == 5
