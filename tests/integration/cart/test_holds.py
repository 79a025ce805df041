"""Holds: what the gate answers, as errors and states of ours."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from base.errors import Invalid, KeyReused, NotFound, Outage, SoldOut
from cart.holds import Holds, HoldState, StalePrice, Wanted
from store.redis import keys
from tests.selling import SHOP, counters, open_gate, put_counters

if TYPE_CHECKING:
    from store.redis.scripts import Scripts
    from tests.clock import StoppedClock

pytestmark = pytest.mark.redis


@pytest.fixture
async def holds(scripts: Scripts, clock: StoppedClock) -> Holds:
    await open_gate(scripts)
    await put_counters(scripts, "mug", 5, pv=2)
    await put_counters(scripts, "tote", 1)
    return Holds(scripts, clock)


def wanted(sku: str = "mug", qty: int = 1, pv: int = 2) -> Wanted:
    return Wanted(sku=sku, qty=qty, pv=pv)


async def hold(
    holds: Holds, *lines: Wanted, checkout: str = "co_1", fp: str = "f", until: int = 10
) -> HoldState:
    return await holds.hold(checkout, SHOP, lines, fingerprint=fp, deadline_ms=until)


async def test_a_repeat_tells_what_became_of_the_hold(holds: Holds) -> None:
    assert await hold(holds, wanted()) is HoldState.NEW
    assert await hold(holds, wanted()) is HoldState.HELD
    await holds.settle("co_1", SHOP, "sold")
    assert await hold(holds, wanted()) is HoldState.SOLD


async def test_what_is_held_again_is_no_orphan_of_before(holds: Holds, scripts: Scripts) -> None:
    await hold(holds, wanted(), until=10)
    seen = await holds.deadline("co_1", SHOP)
    assert (seen, await holds.deadline("co_9", SHOP)) == (10, None)
    assert await hold(holds, wanted(), until=20) is HoldState.HELD

    assert not await holds.settle("co_1", SHOP, "forgotten", deadline_ms=seen)

    assert (await counters(scripts, "mug"))["held"] == 1
    assert await holds.due(19, 10) == []
    assert await holds.due(20, 10) == [(SHOP, "co_1")]
    assert await holds.settle("co_1", SHOP, "forgotten", deadline_ms=20)
    assert (await counters(scripts, "mug"))["held"] == 0


async def test_released_stays_released_and_forgotten_may_be_held_again(holds: Holds) -> None:
    await hold(holds, wanted())

    assert await holds.settle("co_1", SHOP, "released")
    assert await hold(holds, wanted()) is HoldState.RELEASED
    assert await holds.settle("co_1", SHOP, "forgotten")
    assert await hold(holds, wanted()) is HoldState.NEW


async def test_sold_out_names_the_sku(holds: Holds) -> None:
    with pytest.raises(SoldOut) as refused:
        await hold(holds, wanted(), wanted("tote", 2, 1))

    assert refused.value.data == {"sku": "tote"}


async def test_a_stale_price_names_the_sku(holds: Holds) -> None:
    with pytest.raises(StalePrice) as refused:
        await hold(holds, wanted("tote", 1, 1), wanted(pv=1))

    assert refused.value.sku == "mug"


async def test_another_request_under_the_same_checkout_is_refused(holds: Holds) -> None:
    await hold(holds, wanted())

    with pytest.raises(KeyReused):
        await hold(holds, wanted(), fp="other")


async def test_an_unknown_sku_is_not_found(holds: Holds) -> None:
    with pytest.raises(NotFound):
        await hold(holds, wanted("ghost"))


@pytest.mark.parametrize(
    "lines", [(), (wanted(qty=0),), (wanted(qty=1000),), (wanted(), wanted()), (wanted(),) * 51]
)
async def test_lines_that_cannot_be_held_are_invalid(
    holds: Holds, lines: tuple[Wanted, ...]
) -> None:
    with pytest.raises(Invalid):
        await hold(holds, *lines)


async def test_a_closed_gate_is_an_outage(holds: Holds, scripts: Scripts) -> None:
    await hold(holds, wanted())
    await scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))

    with pytest.raises(Outage):
        await hold(holds, wanted(), checkout="co_2")
    with pytest.raises(Outage):
        await holds.settle("co_1", SHOP, "sold")


async def test_counters_that_do_not_add_up_are_an_outage(holds: Holds, scripts: Scripts) -> None:
    await hold(holds, wanted(qty=2))
    await scripts.command("HSET", keys.stock(SHOP, "mug"), "held", 1)

    with pytest.raises(Outage):
        await holds.settle("co_1", SHOP, "released")


async def test_nobody_holds_for_longer_than_a_day(holds: Holds, clock: StoppedClock) -> None:
    with pytest.raises(ValueError, match="longer than a day"):
        await hold(holds, wanted(), until=clock.now_ms() + 24 * 3600 * 1000 + 1)


async def test_without_a_hold_released_is_reached_and_sold_is_not(holds: Holds) -> None:
    assert await holds.settle("co_9", SHOP, "released")
    assert await holds.settle("co_9", SHOP, "forgotten")
    assert not await holds.settle("co_9", SHOP, "sold")


async def test_what_ended_the_other_way_is_false(holds: Holds) -> None:
    await hold(holds, wanted())
    await holds.settle("co_1", SHOP, "released")

    assert not await holds.settle("co_1", SHOP, "sold")


async def test_a_hold_of_fifty_lines_is_settled(holds: Holds, scripts: Scripts) -> None:
    skus = [f"sku-{number}" for number in range(50)]
    for sku in skus:
        await put_counters(scripts, sku, 999)
    await hold(holds, *(wanted(sku, 999) for sku in skus))

    assert await holds.settle("co_1", SHOP, "sold")

    assert (await counters(scripts, "sku-49"))["sold"] == 999


@pytest.mark.parametrize(
    "skus", [None, (), ("mug", "tote"), ("tote", "mug"), ("mug",), ("mug", "tote", "cap")], ids=str
)
async def test_a_hold_ends_whatever_its_lines_were_thought_to_be(
    holds: Holds, scripts: Scripts, skus: tuple[str, ...] | None
) -> None:
    await hold(holds, wanted(), wanted("tote", 1, 1))

    assert await holds.settle("co_1", SHOP, "sold", skus)

    for sku in ("mug", "tote"):
        assert (await counters(scripts, sku))["held"] == 0
        assert (await counters(scripts, sku))["sold"] == 1


async def test_ten_settlers_at_once_settle_once(holds: Holds, scripts: Scripts) -> None:
    await hold(holds, wanted(qty=2))

    ends = await asyncio.gather(
        *(holds.settle("co_1", SHOP, "sold" if n % 2 else "released") for n in range(10))
    )

    assert Counter(ends) == {True: 5, False: 5}
    mug = await counters(scripts, "mug")
    assert (mug["held"], mug["avail"] + mug["sold"]) == (0, 5)


async def test_due_names_holds_of_every_shard_past_their_deadline(
    holds: Holds, scripts: Scripts
) -> None:
    await hold(holds, wanted(), checkout="co_late", until=200)
    await hold(holds, wanted(), checkout="co_soon", until=100)
    await hold(holds, wanted(), checkout="co_later", until=300)
    await scripts.command("ZADD", keys.hold_deadlines("bob"), 150, "co_bob.bob")

    due = await holds.due(200, 10)

    assert sorted(due) == [("ada", "co_late"), ("ada", "co_soon"), ("bob", "co_bob")]
    assert len(await holds.due(300, 2)) == 2
    assert await holds.due(99, 10) == []
