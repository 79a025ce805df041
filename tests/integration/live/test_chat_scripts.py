"""The scripts of chat and gauges: pace, mutes, bans, deletion, totals over the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from store.redis import keys
from tests.integration.live.stage import BANNED, CHAT, FEED, MUTED, NOW, SHOW, STATE, Stage

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

pytestmark = pytest.mark.redis

SILENT_MS = 5000


@pytest.fixture
async def stage(scripts: Scripts) -> Stage:
    stage = Stage(scripts)
    await stage.create()
    return stage


async def gauge(stage: Stage, node: str, viewers: int, likes: int = 0, at: int = NOW) -> list[Any]:
    names = [STATE, keys.presence(SHOW), BANNED, keys.show_sales(SHOW)]
    answer: list[Any] = await stage.scripts.call(
        "show_gauge", names, [node, viewers, likes, at, SILENT_MS]
    )
    return answer


async def test_what_is_said_is_kept_and_told(stage: Stage) -> None:
    assert await stage.say("m1") == [b"ok"]
    assert await stage.say("m2") == [b"ok"]

    assert await stage.told() == ["chat m1", "chat m2"]
    assert await stage.table(CHAT[1]) == {"m1": "chat m1", "m2": "chat m2"}
    assert await stage.scripts.command("ZRANGE", CHAT[0], 0, -1, "WITHSCORES") == [
        b"m1", b"1", b"m2", b"2"
    ]  # fmt: skip


async def test_chat_is_closed_unless_the_show_is_live(scripts: Scripts) -> None:
    stage = Stage(scripts)

    assert await stage.say("m1") == [b"missing"]
    await stage.create(state="scheduled")
    assert await stage.say("m1") == [b"closed"]
    await stage.start()
    await stage.end()
    assert await stage.say("m1") == [b"closed"]

    assert await stage.told() == ["started", "ended"]


async def test_the_pace_allows_a_burst_then_one_each_period(stage: Stage) -> None:
    for number in range(3):
        assert await stage.say(f"m{number}", at=NOW) == [b"ok"]

    assert await stage.say("m3", at=NOW) == [b"paced", b"2000"]
    assert await stage.say("m3", at=NOW + 500) == [b"paced", b"1500"]
    assert await stage.say("m3", at=NOW + 2000) == [b"ok"]
    assert await stage.say("m4", at=NOW + 2000) == [b"paced", b"2000"]

    assert len(await stage.told()) == 4


async def test_each_viewer_has_a_pace_of_their_own_and_the_host_has_none(stage: Stage) -> None:
    for number in range(3):
        await stage.say(f"v{number}", who="vera")

    assert (await stage.say("v3", who="vera"))[0] == b"paced"
    assert await stage.say("o1", who="otto") == [b"ok"]
    for number in range(20):
        assert await stage.say(f"h{number}", who="mara", unpaced=1) == [b"ok"]


async def test_the_pace_is_forgotten_when_the_budget_is_whole(stage: Stage) -> None:
    await stage.say("m1")

    left_ms = await stage.scripts.command("PTTL", keys.chat_pace(SHOW, "vera"))

    assert 0 < left_ms <= 2000


async def test_a_mute_says_until_when_and_ends(stage: Stage) -> None:
    await stage.moderate(MUTED, "vera", NOW + 1000)

    assert await stage.say("m1", at=NOW) == [b"muted", str(NOW + 1000).encode()]
    assert await stage.say("m1", at=NOW + 999) == [b"muted", str(NOW + 1000).encode()]
    assert await stage.say("m1", at=NOW + 1000) == [b"ok"]
    assert await stage.say("m2", who="otto") == [b"ok"]


async def test_a_refused_message_costs_no_budget(stage: Stage) -> None:
    await stage.moderate(MUTED, "vera", NOW + 1)
    for _ in range(5):
        await stage.say("m1", at=NOW)

    assert [await stage.say(f"m{n}", at=NOW + 1) for n in range(3)] == [[b"ok"]] * 3


async def test_the_banned_say_nothing(stage: Stage) -> None:
    await stage.moderate(BANNED, "vera", "spam")

    assert await stage.say("m1") == [b"banned"]
    assert await stage.told() == []


async def test_only_the_latest_messages_are_kept(stage: Stage) -> None:
    for number in range(1, 6):
        await stage.say(f"m{number}", kept=3, unpaced=1)

    assert set(await stage.table(CHAT[1])) == {"m3", "m4", "m5"}
    assert await stage.scripts.command("ZRANGE", CHAT[0], 0, -1) == [b"m3", b"m4", b"m5"]
    assert await stage.unsay("m1") == b"unknown"


async def test_a_message_is_deleted_once(stage: Stage) -> None:
    await stage.say("m1")

    assert await stage.unsay("m1") == b"ok"
    assert await stage.unsay("m1") == b"unknown"
    assert await stage.unsay("m9") == b"unknown"

    assert await stage.told() == ["chat m1", "deleted m1"]
    assert await stage.table(CHAT[1]) == {}


async def test_nothing_is_deleted_in_a_missing_show(scripts: Scripts) -> None:
    assert await Stage(scripts).unsay("m1") == b"missing"


async def test_a_gauge_answers_the_other_nodes_viewers(stage: Stage) -> None:
    await gauge(stage, "a", 3)
    await gauge(stage, "b", 4)

    assert await gauge(stage, "a", 5) == [b"e1", b"0", b"4", b"0", 0, []]
    assert (await gauge(stage, "c", 0))[2] == b"9"
    assert await stage.table(keys.presence(SHOW)) == {"a": f"5:{NOW}", "b": f"4:{NOW}"}


async def test_likes_add_up_over_the_nodes(stage: Stage) -> None:
    await gauge(stage, "a", 1, likes=7)

    assert (await gauge(stage, "b", 1, likes=5))[3] == b"12"
    assert (await gauge(stage, "a", 1))[3] == b"12"
    assert (await stage.state())["likes"] == "12"


async def test_a_node_without_viewers_is_not_kept(stage: Stage) -> None:
    await gauge(stage, "a", 3)
    await gauge(stage, "a", 0)

    assert await stage.table(keys.presence(SHOW)) == {}


async def test_a_silent_node_has_no_viewers_any_more(stage: Stage) -> None:
    await gauge(stage, "dead", 100)

    assert (await gauge(stage, "a", 1, at=NOW + SILENT_MS))[2] == b"100"
    assert (await gauge(stage, "a", 1, at=NOW + SILENT_MS + 1))[2] == b"0"
    assert set(await stage.table(keys.presence(SHOW))) == {"a"}


async def test_a_gauge_tells_seq_bans_and_sales(stage: Stage) -> None:
    await stage.say("m1")
    await stage.moderate(BANNED, "vera", "spam")
    told = [keys.show_delivered(SHOW), keys.show_sales(SHOW), keys.show_sold(SHOW)]
    args: list[str | int] = ["p1", NOW, 1000, 100, "USD", 1, 2, 3998, "mug", 2, "bought"]
    await stage.scripts.call("show_purchase", [STATE, FEED, *told], args)

    _, seq, _, _, bans, sales = await gauge(stage, "a", 1)

    assert (seq, bans) == (b"2", 1)
    assert sales == [b"orders:USD", b"1", b"units:USD", b"2", b"revenue:USD", b"3998"]


async def test_a_gauge_of_a_missing_show_changes_nothing(scripts: Scripts) -> None:
    assert await gauge(Stage(scripts), "a", 3, likes=5) == []
    assert await scripts.command("KEYS", "*") == []
