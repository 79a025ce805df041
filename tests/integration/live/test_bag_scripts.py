"""The scripts of the bag: order, limits, and what is told with each change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.live.stage import PRODUCTS, Stage, product

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis


@pytest.fixture
async def stage(scripts: Scripts) -> Stage:
    stage = Stage(scripts)
    await stage.create()
    return stage


async def test_add_puts_at_the_end_and_tells_the_product_with_its_stock(stage: Stage) -> None:
    assert await stage.add("mug") == [b"ok", b"mug"]
    assert await stage.add("tote", skus=2) == [b"ok", b"mug", b"tote"]

    (_, first), (_, second) = await stage.feed()
    assert (first["bag"], second["bag"]) == ("mug", "mug,tote")
    assert json.loads(second["p"]) == json.loads(product("tote", 2, left=7))
    assert json.loads((await stage.table(PRODUCTS))["tote"]) == json.loads(product("tote", 2))
    assert (await stage.state())["skus"] == "3"


async def test_adding_what_is_there_changes_nothing(stage: Stage) -> None:
    await stage.add("mug")
    await stage.add("tote")

    assert await stage.add("mug", most_products=2, most_skus=2) == [b"same", b"mug", b"tote"]

    assert await stage.told() == ["bag", "bag"]
    assert (await stage.state())["skus"] == "2"


async def test_add_keeps_both_limits(stage: Stage) -> None:
    await stage.add("mug", skus=3)

    assert await stage.add("tote", most_products=1) == [b"limit", b"1"]
    assert await stage.add("tote", skus=3, most_skus=5) == [b"limit", b"5"]
    assert await stage.add("tote", skus=2, most_products=2, most_skus=5) == [
        b"ok", b"mug", b"tote"
    ]  # fmt: skip

    assert await stage.told() == ["bag", "bag"]


async def test_remove_unpins_first_and_gives_the_skus_back(stage: Stage) -> None:
    await stage.add("mug", skus=3)
    await stage.add("tote")
    await stage.pin("mug")

    assert await stage.remove("cap") == [b"unknown"]
    assert await stage.remove("mug") == [b"ok", b"tote"]
    assert await stage.remove("mug") == [b"unknown"]

    state = await stage.state()
    assert (state["skus"], "pinned" in state) == ("1", False)
    assert set(await stage.table(PRODUCTS)) == {"tote"}
    assert await stage.told() == ["bag", "bag", "pinned mug", "unpinned", "bag"]


async def test_removing_the_last_product_tells_an_empty_bag(stage: Stage) -> None:
    await stage.add("mug")
    await stage.add("tote")
    await stage.pin("tote")
    await stage.remove("mug")

    assert await stage.remove("tote") == [b"ok"]

    assert (await stage.feed())[-1][1]["bag"] == ""
    assert await stage.add("mug") == [b"ok", b"mug"]


@pytest.mark.parametrize(
    ("moved", "position", "order"),
    [
        ("mug", 3, b"tote cap mug"),
        ("cap", 1, b"cap mug tote"),
        ("mug", 2, b"tote mug cap"),
        ("mug", 100, b"tote cap mug"),
    ],
)
async def test_move_puts_a_product_at_a_position(
    stage: Stage, moved: str, position: int, order: bytes
) -> None:
    for ident in ("mug", "tote", "cap"):
        await stage.add(ident)

    assert await stage.move(moved, position) == [b"ok", *order.split()]

    assert (await stage.feed())[-1][1]["bag"] == order.decode().replace(" ", ",")
    assert (await stage.load())[1] == order.split()


@pytest.mark.parametrize(("moved", "position"), [("mug", 1), ("cap", 3), ("cap", 99)])
async def test_moving_to_where_it_is_changes_nothing(
    stage: Stage, moved: str, position: int
) -> None:
    for ident in ("mug", "tote", "cap"):
        await stage.add(ident)

    assert await stage.move(moved, position) == [b"same", b"mug", b"tote", b"cap"]

    assert len(await stage.told()) == 3


async def test_move_knows_what_is_in_the_bag_only(stage: Stage) -> None:
    assert await stage.move("mug", 1) == [b"unknown"]


async def test_a_bag_of_no_show_is_missing(scripts: Scripts) -> None:
    stage = Stage(scripts)

    assert await stage.add("mug") == [b"missing"]
    assert await stage.remove("mug") == [b"missing"]
    assert await stage.move("mug", 1) == [b"missing"]
    assert await scripts.command("KEYS", "*") == []
