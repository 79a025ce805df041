"""What is asked in one turn of the loop is answered together, and everybody is answered."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import pytest

from base.errors import Outage, SoldOut
from base.gathering import Gathering
from base.tasks import Tasks


class Doubling:
    """Answers numbers with their doubles, odd ones with an error; a question may be slow."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.going = asyncio.Event()
        self.going.set()
        self.error: Exception | None = None

    async def answer(self, numbers: Sequence[int]) -> list[int | BaseException]:
        self.asked.append(list(numbers))
        await self.going.wait()
        if self.error is not None:
            raise self.error
        return [SoldOut(str(number)) if number % 2 else 2 * number for number in numbers]


@pytest.fixture
async def tasks() -> Tasks:
    return Tasks()


async def test_a_turn_is_one_question_and_each_has_an_answer(tasks: Tasks) -> None:
    doubling = Doubling()
    gathering = Gathering(doubling.answer, tasks, 3)

    answers = await asyncio.gather(*map(gathering.ask, range(5)), return_exceptions=True)

    assert [repr(one) for one in answers[::2]] == ["0", "4", "8"]
    assert [one.data for one in answers if isinstance(one, SoldOut)] == [
        {"sku": "1"},
        {"sku": "3"},
    ]
    assert doubling.asked == [[0, 1, 2], [3, 4]]
    assert await gathering.ask(8) == 16


async def test_an_error_at_all_of_them_reaches_all_of_them(tasks: Tasks) -> None:
    doubling = Doubling()
    doubling.error = ValueError("no")
    gathering = Gathering(doubling.answer, tasks, 10)

    answers = await asyncio.gather(*map(gathering.ask, range(3)), return_exceptions=True)

    assert [type(one) for one in answers] == [ValueError] * 3


async def test_who_goes_away_costs_nobody_an_answer(tasks: Tasks) -> None:
    doubling = Doubling()
    doubling.going.clear()
    gathering = Gathering(doubling.answer, tasks, 10)
    asking = [asyncio.create_task(gathering.ask(number)) for number in (2, 4, 6)]
    await asyncio.sleep(0.01)

    asking[1].cancel()
    doubling.going.set()

    assert [await asking[0], await asking[2]] == [4, 12]


@pytest.mark.parametrize("turns", [1, 2, 5])
async def test_answering_that_is_cancelled_is_an_outage(tasks: Tasks, turns: int) -> None:
    doubling = Doubling()
    doubling.going.clear()
    gathering = Gathering(doubling.answer, tasks, 10)
    asking = asyncio.create_task(gathering.ask(2))
    # After one turn it has not been started, after two it has not begun.
    for _ in range(turns):
        await asyncio.sleep(0)

    await tasks.close(0)

    async with asyncio.timeout(2):
        while not asking.done():
            await tasks.close(0)
            await asyncio.sleep(0)
    assert isinstance(asking.exception(), Outage)


async def test_too_much_under_way_is_an_outage() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling.answer, Tasks(most=0), 10)

    with pytest.raises(Outage):
        await gathering.ask(2)


async def test_errors_leave_nothing_for_the_collector(tasks: Tasks) -> None:
    gathering = Gathering(Doubling().answer, tasks, 10)

    async def refused(number: int) -> None:
        with pytest.raises(SoldOut):
            await gathering.ask(number)

    await refused(1)
    gc.collect()
    gc.disable()
    try:
        for number in range(1, 101, 2):
            await refused(number)
        left = gc.collect()
    finally:
        gc.enable()

    assert left == 0
