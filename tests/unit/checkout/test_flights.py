"""Openings under way: each key once, everybody told once, whatever becomes of the work."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Outage, RateLimited, SoldOut
from base.identity import Actor, Role
from base.tasks import Tasks
from checkout import flights
from checkout.flights import BUSY, COMPANY_S, ENOUGH, MOST_ASKING, Flight, Flights
from checkout.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

VERA = Actor(id="vera", name="Vera", role=Role.VIEWER, expires_ms=10**15)
ONE, TWO = Wish(sku="mug", qty=1), Wish(sku="mug", qty=2)


class Tower:
    """Flights whose work the test decides, and who was told what."""

    def __init__(self, work: Callable[[Sequence[Flight]], Awaitable[None]], most: int = 9) -> None:
        self.tasks = Tasks(most)
        self.flights = Flights(self.tasks, self._start, lambda one: self.ended.append(one.ident))
        self.started: list[list[str]] = []
        self.ended: list[str] = []
        self.told: list[tuple[str, Any]] = []
        self._work = work

    def ask(self, ident: str, wish: Wish = ONE, name: str = "") -> None:
        def tell(outcome: object) -> None:
            self.told.append((name or ident, outcome))

        self.flights.ask(ident, VERA, wish, "demo", tell)

    async def all_told(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.told) < count:  # noqa: ASYNC110 - told by a call
                await asyncio.sleep(0)

    def _start(self, new: Sequence[Flight]) -> None:
        self.started.append([one.ident for one in new])

        async def work() -> None:
            await self._work(new)

        self.flights.keep(new, work())


async def never(_: Sequence[Flight]) -> None:
    await asyncio.Event().wait()


async def test_those_of_one_turn_begin_together_and_a_repeat_joins_the_first() -> None:
    async def land(new: Sequence[Flight]) -> None:
        for number, one in enumerate(new):
            tower.flights.land(one, SoldOut(str(number)))
            tower.flights.land(one, Outage())

    tower = Tower(land)
    for ident in ("a", "b", "a"):
        tower.ask(ident)
    await tower.all_told(3)

    assert tower.started == [["a", "b"]]
    assert [(name, type(said), said.data) for name, said in tower.told] == [
        ("a", SoldOut, {"sku": "0"}),
        ("a", SoldOut, {"sku": "0"}),
        ("b", SoldOut, {"sku": "1"}),
    ]
    assert tower.ended == ["a", "b"]


async def test_another_body_begins_when_the_first_has_landed() -> None:
    async def land(new: Sequence[Flight]) -> None:
        await asyncio.sleep(0)
        for one in new:
            tower.flights.land(one, SoldOut(str(one.wish.qty)))

    tower = Tower(land)
    tower.ask("a", ONE, "one")
    tower.ask("a", TWO, "two")
    await tower.all_told(2)

    assert tower.started == [["a"], ["a"]]
    assert [(name, said.data["sku"]) for name, said in tower.told] == [("one", "1"), ("two", "2")]


async def test_work_that_breaks_off_tells_its_error_and_work_that_forgets_an_outage() -> None:
    async def work(new: Sequence[Flight]) -> None:
        tower.flights.land(new[0], SoldOut("mug"))
        if new[0].ident == "a":
            raise ZeroDivisionError

    tower = Tower(work)
    tower.ask("a")
    tower.ask("b")
    await tower.all_told(2)
    tower.ask("c")
    tower.ask("d")
    await tower.all_told(4)

    assert [(name, type(said)) for name, said in tower.told] == [
        ("a", SoldOut),
        ("b", ZeroDivisionError),
        ("c", SoldOut),
        ("d", Outage),
    ]
    assert tower.ended == ["a", "b", "c", "d"]


async def test_what_is_given_into_other_keeping_lands_there() -> None:
    async def later(one: Flight) -> None:
        await asyncio.sleep(0.01)
        tower.flights.land(one, SoldOut("later"))

    async def work(new: Sequence[Flight]) -> None:
        tower.flights.keep([new[0]], later(new[0]))
        raise ZeroDivisionError

    tower = Tower(work)
    tower.ask("a")
    tower.ask("b")
    await tower.all_told(2)

    assert [(name, type(said)) for name, said in tower.told] == [
        ("b", ZeroDivisionError),
        ("a", SoldOut),
    ]


@pytest.mark.filterwarnings("error")
async def test_nobody_is_left_in_the_air_by_full_hands_the_clock_or_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Tower(never, most=0)
    full.ask("a")
    await full.all_told(1)

    monkeypatch.setattr(flights, "WAIT_S", 0.01)
    slow = Tower(never)
    slow.ask("b")
    await slow.all_told(1)

    monkeypatch.setattr(flights, "WAIT_S", 60)
    ending = Tower(never)
    ending.ask("c")
    await asyncio.sleep(0)  # its task is there, and has not begun
    assert len(ending.tasks) == 1
    await ending.tasks.close(0)
    await ending.all_told(1)
    gc.collect()

    told = [*full.told, *slow.told, *ending.told]
    assert [(name, type(said)) for name, said in told] == [
        ("a", Outage),
        ("b", Outage),
        ("c", Outage),
    ]
    assert full.ended + slow.ended + ending.ended == ["a", "b", "c"]


async def test_a_broken_client_that_repeats_without_end_is_slowed_down() -> None:
    tower = Tower(never)
    for _ in range(MOST_ASKING + 1):
        tower.ask("a")

    assert [type(said) for _, said in tower.told] == [RateLimited]
    await asyncio.sleep(0)
    await tower.tasks.close(0)
    await tower.all_told(MOST_ASKING + 1)
    assert len(tower.ended) == 1


async def test_who_cannot_be_told_keeps_nobody_else_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def land(new: Sequence[Flight]) -> None:
        tower.flights.land(new[0], SoldOut("mug"))

    def fails(_: object) -> None:
        raise ZeroDivisionError

    tower = Tower(land)
    tower.flights.ask("a", VERA, ONE, "demo", fails)
    tower.ask("a")
    await tower.all_told(1)

    assert [type(said) for _, said in tower.told] == [SoldOut]
    assert "nobody heard what became of a" in caplog.text


BUSY_ONES = [f"busy-{number}" for number in range(BUSY)]


async def busy(tower: Tower) -> None:
    """Have as many works under way as begin one by one."""
    for ident in BUSY_ONES:
        tower.ask(ident)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert tower.started == [[ident] for ident in BUSY_ONES]
    tower.started.clear()


async def test_while_much_is_under_way_what_is_new_waits_for_company() -> None:
    tower = Tower(never)
    await busy(tower)

    for number in range(1, ENOUGH):
        tower.ask(f"co-{number}")
        await asyncio.sleep(0)
        assert not tower.started
    tower.ask("enough")
    await asyncio.sleep(0)

    assert [len(some) for some in tower.started] == [ENOUGH]
    await tower.tasks.close(0)


async def test_nobody_waits_for_company_for_long() -> None:
    tower = Tower(never)
    await busy(tower)
    for ident in ("c", "d"):
        tower.ask(ident)
        await asyncio.sleep(0)
    assert not tower.started

    await asyncio.sleep(COMPANY_S + 0.02)

    assert tower.started == [["c", "d"]]
    await tower.tasks.close(0)


async def test_what_waits_begins_when_a_work_has_ended() -> None:
    first = asyncio.Event()

    async def wait(some: Sequence[Flight]) -> None:
        await (first.wait() if some[0].ident == BUSY_ONES[0] else asyncio.Event().wait())

    tower = Tower(wait)
    await busy(tower)
    tower.ask("c")
    await asyncio.sleep(0)

    first.set()
    await tower.all_told(1)

    assert tower.started == [["c"]]
    await tower.tasks.close(0)


async def test_who_has_waited_for_another_one_is_opened_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is over sooner than that of those who come with it."""
    monkeypatch.setattr(flights, "WAIT_S", 0.3)
    refuse = asyncio.Event()

    async def wait(some: Sequence[Flight]) -> None:
        await (refuse.wait() if some[0].ident == "a" else asyncio.Event().wait())

    tower = Tower(wait)

    def come_too(_: object) -> None:
        refuse.clear()
        tower.ask("b")

    tower.flights.ask("a", VERA, ONE, "demo", come_too)
    tower.ask("a", TWO, "another body")
    await asyncio.sleep(0.2)

    refuse.set()
    await tower.all_told(1)

    assert tower.started == [["a"], ["a"], ["b"]]
    assert [name for name, _ in tower.told] == ["another body"]
    await tower.tasks.close(0)
