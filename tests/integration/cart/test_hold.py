"""hold.lua: all lines or none, once, and never more than there is."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Outage
from store.redis import keys
from tests.selling import SHOP, counters, open_gate, put_counters, stream

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis

DEADLINE = 1_790_000_420_000


@pytest.fixture(autouse=True)
async def gate(scripts: Scripts) -> None:
    await open_gate(scripts)
    await put_counters(scripts, "mug-blue", 5)
    await put_counters(scripts, "mug-red", 2)


def hold_keys(checkout: str, *skus: str) -> list[str]:
    return [
        keys.shop_ready(int(keys.shard(SHOP))),
        keys.hold(SHOP, checkout),
        keys.hold_deadlines(SHOP),
        keys.stock_sequence(SHOP),
        keys.shop_stream(SHOP),
        *(keys.stock(SHOP, sku) for sku in skus),
    ]


async def hold(
    scripts: Scripts,
    *lines: tuple[str, int | str] | tuple[str, int | str, int | str],
    checkout: str = "co_1",
    fp: str = "f",
) -> Any:
    words: list[str | int] = [f"{checkout}.{SHOP}", fp, DEADLINE]
    for line in lines:
        sku, qty, pv = line if len(line) == 3 else (*line, 1)
        words += [sku, qty, pv]
    return await scripts.call("hold", hold_keys(checkout, *(line[0] for line in lines)), words)


async def test_a_hold_moves_units_from_available_to_held(scripts: Scripts) -> None:
    assert await hold(scripts, ("mug-blue", 2)) == [b"held"]

    blue = await counters(scripts, "mug-blue")
    assert blue == {"total": 5, "avail": 3, "held": 2, "sold": 0, "pv": 1}


async def test_a_hold_is_recorded_with_its_lines_and_its_deadline(scripts: Scripts) -> None:
    await hold(scripts, ("mug-blue", 2), ("mug-red", 1))

    record = await scripts.command("HGETALL", keys.hold(SHOP, "co_1"))
    due = await scripts.command("ZRANGE", keys.hold_deadlines(SHOP), 0, -1, "WITHSCORES")
    assert b" ".join(record) == (
        b"st H fp f dl 1790000420000 n 2 k1 mug-blue q1 2 k2 mug-red q2 1"
    )
    assert [due[0], int(float(due[1]))] == [b"co_1.ada", DEADLINE]


async def test_a_hold_tells_the_units_left_under_the_next_sequence(scripts: Scripts) -> None:
    await scripts.command("SET", keys.stock_sequence(SHOP), "99999999999999")

    await hold(scripts, ("mug-blue", 2), ("mug-red", 1))

    assert await stream(scripts) == [("100000000000000-0", {"mug-blue": "3", "mug-red": "1"})]


async def test_a_repeat_holds_nothing_more(scripts: Scripts) -> None:
    await hold(scripts, ("mug-blue", 2))

    assert await hold(scripts, ("mug-blue", 2)) == [b"repeat", b"H"]
    assert (await counters(scripts, "mug-blue"))["held"] == 2
    assert len(await stream(scripts)) == 1


async def test_a_repeat_with_another_fingerprint_is_refused(scripts: Scripts) -> None:
    await hold(scripts, ("mug-blue", 2))

    assert await hold(scripts, ("mug-blue", 2), fp="other") == [b"reused"]


async def test_t04_fifty_buyers_of_five_units_are_five_holds(scripts: Scripts) -> None:
    """Correct only if the caller remembered the lock (medusa 16569).

    Guard: store/redis/lua/hold.lua, ``avail < units``; nobody locks here.
    Kills: "hold: sold out".
    """
    clicks = [f"co_{buyer}" for buyer in range(50) for _ in range(2)]

    replies = await asyncio.gather(
        *(hold(scripts, ("mug-blue", 1), checkout=checkout) for checkout in clicks)
    )

    # Each clicked twice: the second click of a winner is a repeat, of a loser a refusal.
    assert Counter(reply[0] for reply in replies) == {
        b"held": 5,
        b"repeat": 5,
        b"sold_out": 90,
    }
    blue = await counters(scripts, "mug-blue")
    assert (blue["avail"], blue["held"]) == (0, 5)


async def test_one_line_too_few_holds_no_line(scripts: Scripts) -> None:
    assert await hold(scripts, ("mug-blue", 2), ("mug-red", 3)) == [b"sold_out", 2]

    assert (await counters(scripts, "mug-blue"))["held"] == 0
    assert await stream(scripts) == []
    assert not await scripts.command("EXISTS", keys.hold(SHOP, "co_1"))


async def test_t35_a_broken_second_sku_leaves_the_first_untouched(scripts: Scripts) -> None:
    """A script failed half way, and Lua has no rollback.

    Guard: store/redis/lua/hold.lua checks every line before it writes.
    Kills: "hold: all is checked before anything is written".
    """
    await scripts.command("SET", keys.stock(SHOP, "mug-broken"), "no hash")

    with pytest.raises(Outage):
        await hold(scripts, ("mug-blue", 2), ("mug-broken", 1))

    assert (await counters(scripts, "mug-blue"))["avail"] == 5
    assert not await scripts.command("EXISTS", keys.hold(SHOP, "co_1"))


@pytest.mark.parametrize("shared", [keys.hold_deadlines, keys.stock_sequence, keys.shop_stream])
async def test_a_broken_shared_key_leaves_the_stock_untouched(
    scripts: Scripts, shared: Any
) -> None:
    await scripts.command("HSET", shared(SHOP), "of", "another type")

    with pytest.raises(Outage):
        await hold(scripts, ("mug-blue", 2))

    assert (await counters(scripts, "mug-blue"))["avail"] == 5
    assert not await scripts.command("EXISTS", keys.hold(SHOP, "co_1"))


@pytest.mark.parametrize(
    "qty", ["0", "-1", "1.5", "1e3", "007", "nan", "inf", "0x10", " 1", "1 ", "1000", "", "+1"]
)
async def test_a01_only_whole_quantities_from_1_to_999_are_held(
    scripts: Scripts, qty: str
) -> None:
    assert await hold(scripts, ("mug-blue", 1), ("mug-red", qty)) == [b"bad", 2]
    assert (await counters(scripts, "mug-blue"))["avail"] == 5


@pytest.mark.parametrize("pv", ["0", "-1", "1.5", "nan", "01", ""])
async def test_only_whole_price_versions_are_taken(scripts: Scripts, pv: str) -> None:
    assert await hold(scripts, ("mug-blue", 1, pv)) == [b"bad", 1]


async def test_t03_one_sku_on_two_lines_is_refused(scripts: Scripts) -> None:
    """Each line passed the check by itself (medusa 16502, vendure 2702).

    Guard: store/redis/lua/hold.lua, ``seen[sku]``.
    Kills: "hold: a SKU on one line only".
    """
    assert await hold(scripts, ("mug-blue", 3), ("mug-blue", 3)) == [b"bad", 2]
    assert (await counters(scripts, "mug-blue"))["avail"] == 5


async def test_no_lines_and_more_than_fifty_are_refused(scripts: Scripts) -> None:
    many = [(f"mug-{number}", 1) for number in range(51)]

    assert await hold(scripts) == [b"bad", 0]
    assert await hold(scripts, *many) == [b"bad", 0]


async def test_a_sku_that_the_gate_does_not_know_is_missing(scripts: Scripts) -> None:
    assert await hold(scripts, ("mug-blue", 1), ("mug-ghost", 1)) == [b"missing", 2]


async def test_an_old_price_is_stale(scripts: Scripts) -> None:
    await put_counters(scripts, "mug-red", 2, pv=3)

    assert await hold(scripts, ("mug-blue", 1), ("mug-red", 1, 2)) == [b"stale", 2]
    assert (await counters(scripts, "mug-blue"))["avail"] == 5


async def test_a_newer_price_than_the_gates_is_learnt_from_the_buyer(scripts: Scripts) -> None:
    assert await hold(scripts, ("mug-blue", 1, 2)) == [b"held"]

    assert (await counters(scripts, "mug-blue"))["pv"] == 2
    assert await hold(scripts, ("mug-blue", 1, 1), checkout="co_2") == [b"stale", 1]


async def test_a_closed_shard_holds_nothing_and_repeats_nothing(scripts: Scripts) -> None:
    await hold(scripts, ("mug-blue", 1))
    await scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    assert await hold(scripts, ("mug-blue", 1)) == [b"closed"]
    assert await hold(scripts, ("mug-blue", 1), checkout="co_2") == [b"closed"]
    assert (await counters(scripts, "mug-blue"))["held"] == 1
