"""A whole run against a small server that behaves, and that does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bots.options import CannotStart, Options
from bots.report import as_text
from bots.swarm import Swarm
from bots.unruly import Habit
from tests.unit.bots.fake_server import SECRET, FakeServer, Unheard, running

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from bots.report import Findings


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.host.PIN_EVERY_S", 0.2)
    monkeypatch.setattr("bots.reckoning.SETTLE_S", 0.2)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not told after a second will not be: only where that is what is to be found."""
    monkeypatch.setattr("bots.company.GRACE_S", 1.0)


async def run(
    fake: FakeServer, *, viewers: int = 8, buyers: int = 4, seconds: float = 0.3, **more: Any
) -> Findings:
    options = Options(
        url=fake.url,
        show="demo",
        viewers=viewers,
        buyers=buyers,
        seconds=seconds,
        json=False,
        seed=7,
        data_dir=Path("none"),
        secret=SECRET,
        **more,
    )
    return await Swarm(options, SECRET).run()


def broken(findings: Findings) -> set[str]:
    return {breach["name"] for breach in findings.broken}


async def test_a_server_that_behaves_breaks_no_invariant() -> None:
    async with running(FakeServer()) as fake:
        findings = await run(fake)

    assert findings.broken == []
    assert findings.pins["delivered"] == findings.pins["acknowledged"] * 8 > 0
    assert findings.purchases["paid"] == 4
    assert findings.stock["sold"] == 100 - sum(fake.stock.values())
    assert findings.charges["captured"] == findings.charges["ordered"] > 0


@pytest.mark.usefixtures("impatient")
async def test_a_pin_that_misses_one_viewer_is_undelivered_and_lost() -> None:
    class Deaf(FakeServer):
        def left_out(self, seat: ServerConnection, event: dict[str, Any]) -> bool:
            return event["ev"] == "pinned" and self.seats[seat] == next(
                viewer for viewer in self.seats.values() if viewer.startswith("bot-")
            )

    async with running(Deaf()) as fake:
        findings = await run(fake)

    assert broken(findings) == {"undelivered", "events lost"}
    # Not a number: how many pins fit depends on the machine.
    assert findings.pins["delivered"] == findings.pins["acknowledged"] * 7 > 0


async def test_an_event_that_comes_twice_is_doubled() -> None:
    class Echo(FakeServer):
        async def tell(self, **event: Any) -> None:
            await super().tell(**event)
            self.feed.pop()
            await super().tell(**event)

    async with running(Echo()) as fake:
        findings = await run(fake)

    assert "events doubled" in broken(findings)


async def test_a_shelf_that_does_not_empty_is_noticed() -> None:
    class Bottomless(FakeServer):
        async def do_buy(self, seat: ServerConnection, command: dict[str, Any]) -> dict[str, Any]:
            before = dict(self.stock)
            answer = await super().do_buy(seat, command)
            self.stock = before
            return answer

    async with running(Bottomless()) as fake:
        findings = await run(fake)

    assert broken(findings) == {"sold without leaving the shelf"}


async def test_a_second_capture_of_one_checkout_is_noticed() -> None:
    class Greedy(FakeServer):
        def capture(self, checkout: dict[str, Any]) -> list[dict[str, Any]]:
            return super().capture(checkout) * 2

    async with running(Greedy()) as fake:
        findings = await run(fake)

    assert broken(findings) == {"charged twice"}


async def test_two_checkouts_for_one_key_are_noticed() -> None:
    class Forgetful(FakeServer):
        async def do_buy(self, seat: ServerConnection, command: dict[str, Any]) -> dict[str, Any]:
            return await super().do_buy(seat, command | {"key": f"k{len(self.checkouts)}"})

    async with running(Forgetful()) as fake:
        findings = await run(fake, buyers=8)

    assert "one key, two checkouts" in broken(findings)


async def test_nothing_left_to_buy_is_a_failed_run() -> None:
    async with running(FakeServer()) as fake:
        fake.stock = dict.fromkeys(fake.stock, 0)
        findings = await run(fake)

    assert broken(findings) == {"nothing paid"}


async def test_viewers_who_are_hung_up_on_come_back_with_since_and_miss_nothing() -> None:
    async with running(FakeServer()) as fake:
        fake.hang_up_after_pins = 1
        findings = await run(fake)

    assert findings.broken == []
    assert findings.viewers["reconnects"] == 8
    returns = Counter(join["since"]["epoch"] for join in fake.joins if "since" in join)
    assert returns == {"e1": 8}


async def test_guests_return_with_their_guest_token() -> None:
    async with running(FakeServer()) as fake:
        fake.hang_up_after_pins = 1
        await run(fake)

    guests = [join for join in fake.joins if "since" in join and "token" not in join]
    assert len(guests) == 4
    assert all(join["guest_token"].startswith("guest-") for join in guests)


async def test_without_a_server_the_run_says_how_to_start_one() -> None:
    fake = FakeServer()
    async with running(fake):
        pass

    with pytest.raises(CannotStart, match="start one with make run"):
        await run(fake)


async def test_without_a_bag_the_run_cannot_start() -> None:
    async with running(FakeServer()) as fake:
        fake.stock = {}
        with pytest.raises(CannotStart, match="empty bag"):
            await run(fake)


async def test_viewers_of_several_processes_count_together() -> None:
    async with running(FakeServer()) as fake:
        findings = await run(fake, viewers=9, buyers=2, processes=3, ramp=0.3)

    assert findings.broken == []
    assert findings.viewers["joined"] == 9
    assert findings.pins["delivered"] == findings.pins["acknowledged"] * 9 > 0
    assert findings.purchases["paid"] == 2


async def test_what_breaks_in_another_process_is_told() -> None:
    class Deaf(FakeServer):
        def left_out(self, seat: ServerConnection, event: dict[str, Any]) -> bool:
            viewer = self.seats[seat]
            return event["ev"] == "pinned" and viewer.startswith("bot-") and viewer[-2:] == "-8"

    async with running(Deaf()) as fake:
        findings = await run(fake, viewers=9, buyers=2, processes=2)

    assert broken(findings) == {"undelivered", "events lost"}
    assert findings.pins["delivered"] == findings.pins["acknowledged"] * 8 > 0


async def test_a_process_that_dies_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.remote.sys.executable", "false")

    async with running(FakeServer()) as fake:
        with pytest.raises(CannotStart, match="ended with 1"):
            await run(fake, processes=2)


async def test_a_storm_is_heard_by_everybody_and_timed_by_its_senders() -> None:
    async with running(FakeServer()) as fake:
        findings = await run(fake, viewers=40, buyers=0, processes=2, chat_per_second=16.0)

    said = findings.chat["outcomes"]["ok"]
    assert findings.broken == []
    assert findings.chat["outcomes"] == {"ok": said}
    assert said == sum(event["ev"] == "chat" for event in fake.feed) > 0
    assert sum(findings.chat["sight_ms"]["steps"].values()) == said * 40
    assert sum(findings.feed["event_age_ms"]["steps"].values()) == len(fake.feed) * 40


async def test_chats_without_a_reply_are_noticed() -> None:
    class Mute(FakeServer):
        async def do_chat_send(
            self, seat: ServerConnection, command: dict[str, Any]
        ) -> dict[str, Any]:
            raise Unheard

    async with running(Mute()) as fake:
        findings = await run(fake, buyers=0, chat_per_second=20.0)

    [breach] = findings.broken
    assert breach["name"] == "unanswered"
    assert findings.chat["outcomes"] == {"unanswered": breach["times"]}
    assert "unanswered" in as_text(findings)


async def test_chats_that_are_let_in_and_never_told_are_noticed() -> None:
    class Censor(FakeServer):
        async def do_chat_send(
            self, seat: ServerConnection, command: dict[str, Any]
        ) -> dict[str, Any]:
            return {"message": "m"}

    async with running(Censor()) as fake:
        findings = await run(fake, buyers=0, chat_per_second=20.0)

    [breach] = findings.broken
    assert breach["name"] == "chats undelivered"
    assert breach["times"] == findings.chat["outcomes"]["ok"] * 8 > 0


async def test_a_storm_is_as_strong_where_one_process_has_nobody_who_speaks() -> None:
    everybody_else = {Habit.STALLED: 0.5}

    async with running(FakeServer()) as fake:
        findings = await run(
            fake,
            viewers=40,
            buyers=20,
            processes=2,
            seconds=1.0,
            chat_per_second=16.0,
            shares=everybody_else,
        )

    assert findings.broken == []
    assert findings.chat["per_second"] == findings.chat["outcomes"]["ok"] > 9


async def test_who_misbehaves_is_where_everybody_is_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bots.unruly.FLAPS_EVERY_S", 0.05)
    shares = {Habit.STALLED: 0.2, Habit.FLAPPING: 0.2, Habit.FLOODING: 0.1}

    async with running(FakeServer()) as fake:
        findings = await run(fake, viewers=10, buyers=2, seconds=1.0, shares=shares)

    assert findings.broken == []
    unruly = findings.unruly
    assert [unruly[habit] for habit in Habit] == [2, 2, 1]
    assert unruly["stalls"] == 2
    assert unruly["hang-ups"] == findings.viewers["reconnects"] > 0
    assert unruly["flood"] == unruly["ok"] + unruly["rate_limited"] == fake.pings.total() > 0
    # How late they heard it tells nothing of the server.
    assert findings.pins["delivered"] == findings.pins["acknowledged"] * 5 > 0
