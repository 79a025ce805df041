"""stock_adjust.lua: units come and go once, never below zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Outage
from store.redis import keys
from tests.selling import FILLED, SHOP, counters, open_gate, put_counters, stream

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis

AT = 1_790_000_000_000


@pytest.fixture(autouse=True)
async def gate(scripts: Scripts) -> None:
    """Seven mugs: five left, two held."""
    await open_gate(scripts)
    await put_counters(scripts, "mug", 5)
    await scripts.command("HSET", keys.stock(SHOP, "mug"), "total", 7, "held", 2)


async def adjust(
    scripts: Scripts,
    mode: str,
    units: int | str,
    *,
    key: str = "key-1",
    sku: str = "mug",
    filled: str = FILLED,
) -> Any:
    places = [
        keys.shop_ready(int(keys.shard(SHOP))),
        keys.stock(SHOP, sku),
        keys.adjustment(SHOP, key, AT),
        keys.stock_sequence(SHOP),
        keys.shop_stream(SHOP),
    ]
    return await scripts.call("stock_adjust", places, [sku, mode, units, 60_000, filled])


async def test_after_another_filling_the_book_is_to_be_asked_again(scripts: Scripts) -> None:
    assert await adjust(scripts, "add", 3, filled="2") == [b"closed"]

    assert (await counters(scripts, "mug"))["avail"] == 5
    assert await adjust(scripts, "add", 3) == [b"ok", b"3", b"8"]


async def test_added_units_are_left_to_sell(scripts: Scripts) -> None:
    assert await adjust(scripts, "add", 3) == [b"ok", b"3", b"8"]

    mug = await counters(scripts, "mug")
    assert mug == {"total": 10, "avail": 8, "held": 2, "sold": 0, "pv": 1}
    assert await stream(scripts) == [("1-0", {"mug": "8"})]


async def test_units_are_taken_away_down_to_none_left(scripts: Scripts) -> None:
    assert await adjust(scripts, "add", -5) == [b"ok", b"-5", b"0"]
    assert (await counters(scripts, "mug"))["total"] == 2


async def test_a_repeat_answers_what_was_done_then(scripts: Scripts) -> None:
    await adjust(scripts, "add", 3)
    await adjust(scripts, "add", -1, key="key-2")

    assert await adjust(scripts, "add", 3) == [b"ok", b"3", b"8"]
    assert (await counters(scripts, "mug"))["avail"] == 7
    assert 0 < await scripts.command("PTTL", keys.adjustment(SHOP, "key-1", AT)) <= 60_000


async def test_more_than_is_left_is_refused_for_good(scripts: Scripts) -> None:
    assert await adjust(scripts, "add", -6) == [b"short"]
    await adjust(scripts, "add", 100, key="key-2")

    # Two may finish one adjustment: both must see the same outcome.
    assert await adjust(scripts, "add", -6) == [b"short"]
    assert (await counters(scripts, "mug"))["avail"] == 105


async def test_a_cap_lowers_to_that_many_left(scripts: Scripts) -> None:
    assert await adjust(scripts, "cap", 1) == [b"ok", b"-4", b"1"]
    assert (await counters(scripts, "mug"))["total"] == 3


async def test_a_cap_above_what_is_left_changes_nothing(scripts: Scripts) -> None:
    assert await adjust(scripts, "cap", 9) == [b"ok", b"0", b"5"]
    assert await stream(scripts) == []


async def test_large_numbers_stay_exact(scripts: Scripts) -> None:
    await scripts.command("HSET", keys.stock(SHOP, "mug"), "total", 10**15, "avail", 10**15 - 2)

    assert await adjust(scripts, "add", 10**9) == [b"ok", b"1000000000", b"1000000999999998"]
    assert (await counters(scripts, "mug"))["total"] == 10**15 + 10**9


@pytest.mark.parametrize("units", ["1.5", "1e3", "nan", "inf", "0x10", "", " 1", "9" * 14])
async def test_only_whole_numbers_are_taken(scripts: Scripts, units: str) -> None:
    assert await adjust(scripts, "add", units) == [b"bad"]
    assert (await counters(scripts, "mug"))["avail"] == 5


async def test_a_sku_that_the_gate_does_not_know_is_missing(scripts: Scripts) -> None:
    assert await adjust(scripts, "add", 3, sku="ghost") == [b"missing"]
    assert await counters(scripts, "ghost") == {}


async def test_a_closed_shard_changes_nothing(scripts: Scripts) -> None:
    await scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    assert await adjust(scripts, "add", 3) == [b"closed"]
    assert (await counters(scripts, "mug"))["avail"] == 5


@pytest.mark.parametrize("shared", [keys.stock_sequence, keys.shop_stream])
async def test_a_broken_shared_key_leaves_the_stock_untouched(
    scripts: Scripts, shared: Any
) -> None:
    await scripts.command("HSET", shared(SHOP), "of", "another type")

    with pytest.raises(Outage):
        await adjust(scripts, "add", 3)

    assert (await counters(scripts, "mug"))["avail"] == 5
