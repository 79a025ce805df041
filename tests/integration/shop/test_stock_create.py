"""stock_create.lua: counters start at zero, and price versions only rise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from store.redis import keys
from tests.selling import SHOP, counters, put_counters

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis


async def create(scripts: Scripts, **versions: str | int) -> bytes:
    places = [keys.stock(SHOP, sku) for sku in versions]
    outcome: bytes = await scripts.call("stock_create", places, list(versions.values()))
    return outcome


async def test_new_skus_have_counters_of_zero(scripts: Scripts) -> None:
    assert await create(scripts, mug=1, tote=4) == b"ok"

    assert await counters(scripts, "mug") == {
        "total": 0, "avail": 0, "held": 0, "sold": 0, "pv": 1
    }  # fmt: skip
    assert (await counters(scripts, "tote"))["pv"] == 4


async def test_a_repeat_leaves_the_counters_alone(scripts: Scripts) -> None:
    await put_counters(scripts, "mug", 7)

    await create(scripts, mug=1)

    assert (await counters(scripts, "mug"))["avail"] == 7


async def test_a_price_version_rises_and_never_falls(scripts: Scripts) -> None:
    await create(scripts, mug=9)

    await create(scripts, mug=10)
    await create(scripts, mug=2)

    assert (await counters(scripts, "mug"))["pv"] == 10


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "nan", "01", "1e3", "", "1234567890"])
async def test_a_version_that_is_no_count_makes_nothing(scripts: Scripts, version: str) -> None:
    assert await create(scripts, tote=1, mug=version) == b"bad"
    assert await counters(scripts, "tote") == {}


async def test_a_broken_second_sku_leaves_the_first_unmade(scripts: Scripts) -> None:
    await scripts.command("SET", keys.stock(SHOP, "mug"), "no hash")

    with pytest.raises(Outage):
        await create(scripts, tote=1, mug=1)

    assert await counters(scripts, "tote") == {}
