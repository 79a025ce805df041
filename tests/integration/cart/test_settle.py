"""settle.lua: a hold ends once, sold or released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from cart.holds import RECORD_MS
from store.redis import keys
from tests.integration.cart.test_hold import hold, hold_keys
from tests.selling import SHOP, counters, open_gate, put_counters, stream

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
async def held(scripts: Scripts) -> None:
    """Two of five blue mugs and one of two red ones are held by co_1."""
    await open_gate(scripts)
    await put_counters(scripts, "mug-blue", 5)
    await put_counters(scripts, "mug-red", 2)
    assert await hold(scripts, ("mug-blue", 2), ("mug-red", 1)) == [b"held"]


async def settle(
    scripts: Scripts,
    target: str,
    skus: tuple[str, ...] = ("mug-blue", "mug-red"),
    checkout: str = "co_1",
) -> bytes:
    words: list[str | int] = [f"{checkout}.{SHOP}", target, RECORD_MS, "", *skus]
    outcome: bytes = await scripts.call("settle", hold_keys(checkout, *skus), words)
    return outcome


async def test_sold_moves_units_from_held_to_sold(scripts: Scripts) -> None:
    assert await settle(scripts, "C") == b"settled"

    blue = await counters(scripts, "mug-blue")
    assert blue == {"total": 5, "avail": 3, "held": 0, "sold": 2, "pv": 1}
    assert await scripts.command("HGET", keys.hold(SHOP, "co_1"), "st") == b"C"


async def test_sold_changes_nothing_that_a_viewer_sees(scripts: Scripts) -> None:
    await settle(scripts, "C")

    assert len(await stream(scripts)) == 1  # the hold's own


async def test_released_puts_units_back_on_sale_and_tells_so(scripts: Scripts) -> None:
    assert await settle(scripts, "R") == b"settled"

    blue, red = await counters(scripts, "mug-blue"), await counters(scripts, "mug-red")
    assert (blue["avail"], blue["held"], red["avail"], red["held"]) == (5, 0, 2, 0)
    assert (await stream(scripts))[-1] == ("2-0", {"mug-blue": "5", "mug-red": "2"})


@pytest.mark.parametrize("target", ["C", "R"])
async def test_an_ended_hold_is_kept_for_a_week_and_never_due_again(
    scripts: Scripts, target: str
) -> None:
    await settle(scripts, target)

    life = await scripts.command("PTTL", keys.hold(SHOP, "co_1"))
    assert RECORD_MS - 60_000 < life <= RECORD_MS
    assert await scripts.command("ZCARD", keys.hold_deadlines(SHOP)) == 0


@pytest.mark.parametrize("target", ["C", "R"])
async def test_a_repeat_changes_nothing(scripts: Scripts, target: str) -> None:
    await settle(scripts, target)
    before = await counters(scripts, "mug-blue")

    assert await settle(scripts, target) == b"same"
    assert await counters(scripts, "mug-blue") == before


@pytest.mark.parametrize(("first", "then"), [("C", "R"), ("C", "F"), ("R", "C")])
async def test_what_ended_one_way_does_not_end_the_other(
    scripts: Scripts, first: str, then: str
) -> None:
    await settle(scripts, first)
    before = await counters(scripts, "mug-blue")

    assert await settle(scripts, then) == b"other"
    assert await counters(scripts, "mug-blue") == before


async def test_forgotten_releases_and_lets_the_checkout_hold_again(scripts: Scripts) -> None:
    assert await settle(scripts, "F") == b"settled"

    assert (await counters(scripts, "mug-blue"))["avail"] == 5
    assert await hold(scripts, ("mug-blue", 1)) == [b"held"]


async def test_what_was_released_can_still_be_forgotten(scripts: Scripts) -> None:
    await settle(scripts, "R")

    assert await settle(scripts, "F") == b"same"
    assert not await scripts.command("EXISTS", keys.hold(SHOP, "co_1"))
    assert (await counters(scripts, "mug-blue"))["avail"] == 5


async def test_without_a_hold_there_is_nothing_to_settle(scripts: Scripts) -> None:
    assert await settle(scripts, "C", (), checkout="co_2") == b"none"


@pytest.mark.parametrize(
    "skus", [(), ("mug-blue",), ("mug-red", "mug-blue"), ("mug-blue", "mug-red", "mug-green")]
)
async def test_other_lines_than_the_holds_are_refused(
    scripts: Scripts, skus: tuple[str, ...]
) -> None:
    assert await settle(scripts, "R", skus) == b"lines"
    assert (await counters(scripts, "mug-blue"))["held"] == 2


async def test_counters_that_cannot_give_the_units_are_left_alone(scripts: Scripts) -> None:
    await scripts.command("HSET", keys.stock(SHOP, "mug-red"), "held", 0)

    assert await settle(scripts, "R") == b"drift"
    assert (await counters(scripts, "mug-blue"))["held"] == 2
    assert await scripts.command("HGET", keys.hold(SHOP, "co_1"), "st") == b"H"


async def test_t35_a_broken_second_sku_leaves_the_first_settled_by_nobody(
    scripts: Scripts,
) -> None:
    """A script failed half way, and Lua has no rollback.

    Guard: store/redis/lua/settle.lua checks every line before it writes.
    Kills: "settle: all is checked before anything is written".
    """
    await scripts.command("SET", keys.stock(SHOP, "mug-red"), "no hash")

    with pytest.raises(Outage):
        await settle(scripts, "R")

    assert (await counters(scripts, "mug-blue"))["held"] == 2


async def test_a_closed_shard_settles_nothing(scripts: Scripts) -> None:
    await scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    assert await settle(scripts, "R") == b"closed"
    assert (await counters(scripts, "mug-blue"))["held"] == 2
