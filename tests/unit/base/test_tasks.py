"""Work that is owned: bounded, never lost, stopped in the end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from base.errors import Outage, SoldOut
from base.tasks import Tasks, run_now


async def answer(after_s: float = 0.0) -> str:
    await asyncio.sleep(after_s)
    return "done"


async def test_work_goes_on_when_its_caller_is_cancelled() -> None:
    tasks = Tasks()
    task = tasks.start(answer(0.01))

    async def caller() -> None:
        await asyncio.wait({task})

    waiting = asyncio.create_task(caller())
    await asyncio.sleep(0)
    waiting.cancel()

    assert await task == "done"


async def test_beyond_its_bound_it_refuses() -> None:
    tasks = Tasks(most=1)
    first = tasks.start(answer())

    with pytest.raises(Outage):
        await tasks.start(answer())

    assert await first == "done"


async def test_closing_waits_then_cancels() -> None:
    tasks = Tasks()
    quick, slow = tasks.start(answer()), tasks.start(answer(60))

    await tasks.close(0.05)

    assert quick.result() == "done"
    assert slow.cancelled()


async def test_a_bug_is_logged_and_a_refusal_is_not(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(error: Exception) -> None:
        raise error

    tasks = Tasks()
    with caplog.at_level(logging.ERROR):
        failing = [
            tasks.start(fail(SoldOut("mug-blue"))),
            tasks.start(fail(ZeroDivisionError("bug"))),
        ]
        await asyncio.wait(failing)

    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert "broke off" in caplog.text


async def answered() -> str:
    return "at once"


async def slow() -> None:
    await asyncio.sleep(0)


def test_what_waits_for_nothing_needs_no_loop() -> None:
    assert run_now(answered()) == "at once"


def test_what_waits_after_all_is_ended_with_a_word() -> None:
    with pytest.raises(RuntimeError, match="needs a task"):
        run_now(slow())
