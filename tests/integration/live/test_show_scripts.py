"""The scripts of a show's own state, one by one: every change is told once, and numbered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from store.redis import keys
from tests.integration.live.stage import BANNED, FEED, NOW, PRODUCTS, SHOW, STATE, Stage, product

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis

SOLD = keys.show_sold(SHOW)


@pytest.fixture
def stage(scripts: Scripts) -> Stage:
    return Stage(scripts)


async def purchase(stage: Stage, event: str, *events: str, kept: int = 10_000) -> bytes:
    names = [STATE, FEED, keys.show_delivered(SHOW), keys.show_sales(SHOW), SOLD]
    args: list[str | int] = [event, NOW, 1000, kept, "USD", 1, 2, 3998]
    for told in events:
        args += [told.split(" x")[0], told.split(" x")[1], told]
    verdict: bytes = await stage.scripts.call("show_purchase", names, args)
    return verdict


async def change(stage: Stage, ident: str, body: str, skus: int, most: int = 500) -> list[bytes]:
    args: list[str | int] = [ident, body, skus, f"changed {ident}", 1000, most]
    answer: list[bytes] = await stage.scripts.call("show_product", [STATE, PRODUCTS, FEED], args)
    return answer


async def test_create_makes_a_show_once(stage: Stage) -> None:
    assert await stage.create("e1") == 1
    assert await stage.create("e2") == 0

    assert await stage.state() == {
        "epoch": "e1", "seq": "0", "likes": "0", "skus": "0", "id": SHOW, "title": "Demo",
        "state": "live", "host": "mara", "host_name": "Mara",
    }  # fmt: skip


async def test_create_forgets_a_feed_that_outlived_its_state(stage: Stage) -> None:
    await stage.create(state="scheduled")
    for _ in range(3):
        await stage.start()
        await stage.end()
    await stage.scripts.command("DEL", STATE)

    await stage.create("e2", state="scheduled")
    await stage.start()

    assert await stage.told() == ["started"]


async def test_nothing_happens_to_a_show_that_is_missing(stage: Stage) -> None:
    assert await stage.start() == b"missing"
    assert await stage.end() == b"missing"
    assert await stage.pin("mug") == b"missing"
    assert await stage.unpin() == b"missing"
    assert await stage.moderate(BANNED, "vera", "spam") == b"missing"
    assert await purchase(stage, "p1", "mug x1") == b"missing"
    assert await change(stage, "mug", product("mug"), 1) == [b"missing"]
    assert await stage.load() == []
    assert await stage.scripts.command("KEYS", "*") == []


async def test_start_tells_once_and_forgets_the_end(stage: Stage) -> None:
    await stage.create(state="scheduled")

    assert await stage.start() == b"ok"
    assert await stage.start() == b"same"
    assert await stage.end() == b"ok"
    assert (await stage.state())["ended_at"] == str(NOW)
    assert await stage.start() == b"ok"

    state = await stage.state()
    assert (state["state"], state["started_at"], "ended_at" in state) == ("live", str(NOW), False)
    assert await stage.told() == ["started", "ended", "started"]


async def test_end_unpins_first_and_only_ends_what_is_live(stage: Stage) -> None:
    await stage.create(state="scheduled")
    assert await stage.end() == b"same"
    await stage.start()
    await stage.add("mug")
    await stage.pin("mug")

    assert await stage.end() == b"ok"
    assert await stage.end() == b"same"

    assert "pinned" not in await stage.state()
    assert await stage.told() == ["started", "bag", "pinned mug", "unpinned", "ended"]


async def test_pin_takes_what_is_in_the_bag_of_a_live_show(stage: Stage) -> None:
    await stage.create()
    await stage.add("mug")

    assert await stage.pin("tote") == b"unknown"
    assert await stage.pin("mug") == b"ok"
    assert await stage.pin("mug") == b"same"
    state = await stage.state()
    assert (state["pinned"], state["pinned_at"]) == ("mug", str(NOW))
    await stage.end()
    assert await stage.pin("mug") == b"closed"

    assert await stage.told() == ["bag", "pinned mug", "unpinned", "ended"]


async def test_unpin_without_a_pin_changes_nothing(stage: Stage) -> None:
    await stage.create()
    await stage.add("mug")

    assert await stage.unpin() == b"same"
    await stage.pin("mug")
    assert await stage.unpin() == b"ok"
    assert await stage.unpin() == b"same"
    await stage.end()
    assert await stage.unpin() == b"closed"

    assert await stage.told() == ["bag", "pinned mug", "unpinned", "ended"]
    assert "pinned_at" not in await stage.state()


async def test_moderate_notes_the_viewer_and_tells_nobody(stage: Stage) -> None:
    await stage.create()

    assert await stage.moderate(BANNED, "vera", "spam") == b"ok"
    assert await stage.moderate(BANNED, "vera", "more spam") == b"ok"

    assert await stage.table(BANNED) == {"vera": "more spam"}
    assert await stage.told() == []


async def test_a_purchase_is_told_once(stage: Stage) -> None:
    await stage.create()

    assert await purchase(stage, "p1", "mug x1", "tote x1") == b"ok"
    assert await purchase(stage, "p1", "mug x1", "tote x1") == b"same"
    assert await purchase(stage, "p2", "mug x2") == b"ok"

    assert await stage.told() == ["mug x1", "tote x1", "mug x2"]
    assert await stage.table(keys.show_sales(SHOW)) == {
        "orders:USD": "2", "units:USD": "4", "revenue:USD": "7996"
    }  # fmt: skip
    assert await stage.table(SOLD) == {"mug": "3", "tote": "1"}


async def test_the_ids_of_purchases_are_bounded(stage: Stage) -> None:
    await stage.create()

    for number in range(5):
        await purchase(stage, f"p{number}", "mug x1", kept=3)

    assert await stage.scripts.command("ZCARD", keys.show_delivered(SHOW)) == 3


async def test_a_changed_product_is_told_where_it_is_in_the_bag(stage: Stage) -> None:
    await stage.create()
    await stage.add("mug", skus=2)

    assert await change(stage, "tote", product("tote"), 1) == [b"absent"]
    assert await change(stage, "mug", product("mug", 2), 2) == [b"same"]
    assert await change(stage, "mug", product("mug", 3, title="Cup"), 3) == [b"ok"]

    assert (await stage.state())["skus"] == "3"
    assert json.loads((await stage.table(PRODUCTS))["mug"])["title"] == "Cup"
    assert await stage.told() == ["bag", "changed mug"]


async def test_a_product_that_grows_stays_within_the_bags_limit(stage: Stage) -> None:
    await stage.create()
    await stage.add("mug", skus=2)
    await stage.add("tote", skus=1)

    assert await change(stage, "mug", product("mug", 9), 9, most=5) == [b"limit", b"4"]
    assert await change(stage, "mug", product("mug", 4), 4, most=5) == [b"ok"]
    assert await change(stage, "tote", product("tote", 2), 2, most=5) == [b"limit", b"1"]

    assert (await stage.state())["skus"] == "5"
    assert await stage.told() == ["bag", "bag", "changed mug"]


async def test_load_answers_everything_as_of_one_moment(stage: Stage) -> None:
    await stage.create()
    await stage.add("mug")
    await stage.add("tote")
    await stage.say("m1")
    await stage.say("m2")
    await stage.unsay("m1")
    await stage.moderate(BANNED, "otto", "spam")

    state, bag, products, chat, banned, entries = await stage.load(chat=200, entries=2)

    assert dict(zip(state[::2], state[1::2], strict=True))[b"seq"] == b"5"
    assert bag == [b"mug", b"tote"]
    assert {ident.decode() for ident in products[::2]} == {"mug", "tote"}
    assert chat == [b"4", b"chat m2"]
    assert banned == [b"otto"]
    assert [ident for ident, _ in entries] == [b"5-0", b"4-0"]


async def test_load_answers_the_latest_messages_oldest_first(stage: Stage) -> None:
    await stage.create()
    for number in range(1, 6):
        await stage.say(f"m{number}", unpaced=1)

    chat = (await stage.load(chat=2))[3]

    assert chat == [b"4", b"chat m4", b"5", b"chat m5"]


async def test_the_feed_keeps_at_least_its_history(stage: Stage) -> None:
    await stage.create()

    for number in range(1, 1500):
        await stage.say(f"m{number}", unpaced=1)

    feed = await stage.feed()
    assert feed[-1][0] == "1499-0"
    assert 1000 <= len(feed) < 1499
