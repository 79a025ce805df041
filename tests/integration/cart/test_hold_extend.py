"""hold_extend.lua: a deadline moves later, and only while something is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from cart.holds import LONGEST_MS, Holds
from store.redis import keys
from tests.integration.cart.test_hold import DEADLINE, hold
from tests.selling import SHOP, counters, open_gate, put_counters

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
async def held(scripts: Scripts) -> None:
    """Two of five blue mugs are held by co_1."""
    await open_gate(scripts)
    await put_counters(scripts, "mug-blue", 5)
    assert await hold(scripts, ("mug-blue", 2)) == [b"held"]


@pytest.fixture
def holds(scripts: Scripts, clock: StoppedClock) -> Holds:
    return Holds(scripts, clock)


async def deadlines(scripts: Scripts) -> tuple[int, int]:
    """As the hold has it, and as the list of what is due has it."""
    own = await scripts.command("HGET", keys.hold(SHOP, "co_1"), "dl")
    listed = await scripts.command("ZSCORE", keys.hold_deadlines(SHOP), f"co_1.{SHOP}")
    return int(own), int(listed)


async def test_a_later_deadline_counts_and_moves_no_unit(scripts: Scripts, holds: Holds) -> None:
    before = await counters(scripts, "mug-blue")

    assert await holds.extend("co_1", SHOP, DEADLINE + 1)

    assert await deadlines(scripts) == (DEADLINE + 1, DEADLINE + 1)
    assert await counters(scripts, "mug-blue") == before


async def test_an_earlier_deadline_changes_nothing(scripts: Scripts, holds: Holds) -> None:
    assert await holds.extend("co_1", SHOP, DEADLINE - 1)

    assert await deadlines(scripts) == (DEADLINE, DEADLINE)


async def test_nobody_holds_for_longer_than_a_day_from_now(
    scripts: Scripts, holds: Holds, clock: StoppedClock
) -> None:
    latest = clock.now_ms() + LONGEST_MS

    await holds.extend("co_1", SHOP, latest + 5)

    assert await deadlines(scripts) == (latest, latest)


@pytest.mark.parametrize("target", ["sold", "released"])
async def test_what_has_ended_is_not_held_again(
    scripts: Scripts, holds: Holds, target: str
) -> None:
    await holds.settle("co_1", SHOP, target)  # type: ignore[arg-type]

    assert not await holds.extend("co_1", SHOP, DEADLINE + 1)

    listed = await scripts.command("ZSCORE", keys.hold_deadlines(SHOP), f"co_1.{SHOP}")
    assert listed is None


async def test_a_closed_gate_and_a_deadline_that_is_none_are_refused(
    scripts: Scripts, holds: Holds
) -> None:
    with pytest.raises(Outage):
        await holds.extend("co_1", SHOP, -1)
    await scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    with pytest.raises(Outage):
        await holds.extend("co_1", SHOP, DEADLINE + 1)
