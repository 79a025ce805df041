"""stock_restock.lua: sold units are left to sell again, all lines or none, once."""

from __future__ import annotations

from typing import Any

import pytest

from base.errors import Outage
from shop.restock import restock
from store.redis import keys
from store.redis.scripts import Scripts
from tests.selling import FILLED, SHOP, counters, open_gate, put_counters, stream

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
async def gate(scripts: Scripts) -> None:
    """Five mugs left and three sold; one pot left and one sold."""
    await open_gate(scripts)
    for sku, left, sold in (("mug", 5, 3), ("pot", 1, 1)):
        await put_counters(scripts, sku, left)
        counts = ("total", left + sold, "sold", sold)
        await scripts.command("HSET", keys.stock(SHOP, sku), *counts)


async def ask(
    scripts: Scripts, *lines: tuple[str, int | str], cause: str = "rf_1", filled: str = FILLED
) -> Any:
    places = [
        keys.shop_ready(int(keys.shard(SHOP))),
        keys.restocked(SHOP, cause),
        keys.stock_sequence(SHOP),
        keys.shop_stream(SHOP),
        *(keys.stock(SHOP, sku) for sku, _ in lines),
    ]
    args = [60_000, filled, *(word for line in lines for word in line)]
    return await scripts.call("stock_restock", places, args)


async def test_sold_units_are_left_again_and_the_stream_tells(scripts: Scripts) -> None:
    await restock(scripts, SHOP, "rf_1", [("mug", 2), ("pot", 1)], FILLED.encode())

    mug, pot = await counters(scripts, "mug"), await counters(scripts, "pot")
    assert mug == {"total": 8, "avail": 7, "held": 0, "sold": 1, "pv": 1}
    assert pot == {"total": 2, "avail": 2, "held": 0, "sold": 0, "pv": 1}
    assert await stream(scripts) == [("1-0", {"mug": "7", "pot": "2"})]


async def test_after_another_filling_the_book_is_to_be_asked_again(scripts: Scripts) -> None:
    assert await ask(scripts, ("mug", 2), filled="2") == b"closed"

    assert (await counters(scripts, "mug"))["avail"] == 5


async def test_a_repeat_changes_nothing(scripts: Scripts) -> None:
    assert await ask(scripts, ("mug", 2)) == b"restocked"

    assert await ask(scripts, ("mug", 2)) == b"same"
    assert (await counters(scripts, "mug"))["avail"] == 7
    assert len(await stream(scripts)) == 1
    assert 0 < await scripts.command("PTTL", keys.restocked(SHOP, "rf_1")) <= 60_000
    assert await ask(scripts, ("mug", 1), cause="rf_2") == b"restocked"


async def test_more_than_is_sold_waits_and_leaves_every_line(scripts: Scripts) -> None:
    assert await ask(scripts, ("mug", 1), ("pot", 2)) == b"drift"

    assert (await counters(scripts, "mug"))["avail"] == 5
    with pytest.raises(Outage, match="cannot go back on sale yet"):
        await restock(scripts, SHOP, "rf_1", [("pot", 2)], FILLED.encode())
    await scripts.command("HSET", keys.stock(SHOP, "pot"), "sold", 2, "total", 3)
    assert await ask(scripts, ("mug", 1), ("pot", 2)) == b"restocked"


@pytest.mark.parametrize("units", ["0", "-1", "1.5", "1e2", "1000", "nan", "", " 1", "007"])
async def test_only_whole_units_are_taken(scripts: Scripts, units: str) -> None:
    assert await ask(scripts, ("mug", 1), ("pot", units)) == b"bad"
    assert (await counters(scripts, "mug"))["avail"] == 5


async def test_a_sku_twice_or_none_is_refused(scripts: Scripts) -> None:
    assert await ask(scripts, ("mug", 1), ("mug", 1)) == b"bad"
    assert await ask(scripts) == b"bad"


async def test_a_sku_that_the_gate_does_not_know_is_missing(scripts: Scripts) -> None:
    assert await ask(scripts, ("mug", 1), ("ghost", 1)) == b"missing"
    assert (await counters(scripts, "mug"))["avail"] == 5
    assert await counters(scripts, "ghost") == {}


async def test_a_closed_shard_changes_nothing(scripts: Scripts) -> None:
    await scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    assert await ask(scripts, ("mug", 1)) == b"closed"
    assert (await counters(scripts, "mug"))["avail"] == 5


@pytest.mark.parametrize("shared", [keys.stock_sequence, keys.shop_stream])
async def test_a_broken_shared_key_leaves_the_stock_untouched(
    scripts: Scripts, shared: Any
) -> None:
    await scripts.command("HSET", shared(SHOP), "of", "another type")

    with pytest.raises(Outage):
        await ask(scripts, ("mug", 1))

    assert (await counters(scripts, "mug"))["avail"] == 5
