"""stock_read.lua: units left, and the sequence that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.counters import read_units
from store.redis import keys
from tests.selling import SHOP, put_counters

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis


async def test_units_left_come_with_the_sequence_of_the_shard(scripts: Scripts) -> None:
    await put_counters(scripts, "mug", 7)
    await put_counters(scripts, "tote", 0)
    await scripts.command("SET", keys.stock_sequence(SHOP), "99999999999999")

    found = await scripts.call(
        "stock_read",
        [keys.stock_sequence(SHOP), *(keys.stock(SHOP, sku) for sku in ("mug", "ghost", "tote"))],
    )

    assert found == [b"99999999999999", b"7", b"", b"0"]


async def test_a_sku_that_the_gate_does_not_know_is_absent(scripts: Scripts) -> None:
    await put_counters(scripts, "mug", 7)

    assert await read_units(scripts, SHOP, ["ghost", "mug"]) == (0, {"mug": 7})


async def test_nothing_asked_is_nothing_read(scripts: Scripts) -> None:
    assert await read_units(scripts, SHOP, []) == (0, {})
