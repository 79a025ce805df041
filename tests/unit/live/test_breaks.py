"""What tells a crowd of numbers only takes breaks, for those who buy."""

from __future__ import annotations

import asyncio

import pytest

from live.crowd import CHUNK
from live.events import FeedEvent, Unpinned
from live.fan_out import LONGEST_BREAK_S, FanOut
from tests.clock import StoppedClock
from tests.unit.live.listening import SAID, Recorder, fan_out, happen, loop_turns


class Slow(Recorder):
    """Whose socket takes a millisecond for what it is told."""

    clock = StoppedClock()

    def write(self, data: bytes | memoryview) -> None:
        super().write(data)
        self.clock.advance(1)


def slow_crowd(chunks: int) -> tuple[FanOut, list[Slow]]:
    """Who heard something a while ago, and are about to be told of a stock that runs down."""
    room, crowd = fan_out(Slow.clock), [Slow() for _ in range(chunks * CHUNK)]
    for member in crowd:
        room.enter(member)
    Slow.clock.advance(10_000)
    return room, crowd


async def test_numbers_are_told_with_breaks_for_those_who_buy() -> None:
    room, crowd = slow_crowd(3)
    room.note_stock("mug", 7)
    await asyncio.sleep(0.01)
    assert sum(len(member.written) for member in crowd) == CHUNK
    await loop_turns()
    assert sum(len(member.written) for member in crowd) == CHUNK

    await asyncio.sleep(2 * LONGEST_BREAK_S + 0.05)

    assert all(len(member.written) == 1 for member in crowd)


async def test_who_comes_meanwhile_hears_no_older_number() -> None:
    room, crowd = slow_crowd(2)
    # Where this one was is room in a cohort that is told last.
    room.leave(crowd.pop())
    room.note_stock("mug", 7)
    await asyncio.sleep(0.01)
    assert not crowd[-1].written
    room.note_stock("mug", 6)
    late = Slow()
    room.enter(late)

    await asyncio.sleep(LONGEST_BREAK_S + 0.05)

    assert len(crowd[-1].written) == 1
    assert not late.written, "its snapshot said 6 already, and this was of before"


@pytest.mark.parametrize("news", [SAID, Unpinned(at=3)])
async def test_what_is_said_or_urgent_ends_the_breaks(news: FeedEvent) -> None:
    room, crowd = slow_crowd(3)
    room.note_stock("mug", 7)
    await asyncio.sleep(0.01)

    happen(room, 1, news)
    await loop_turns()

    assert all(member.written for member in crowd)
    assert all(member.seqs == [1] for member in crowd[CHUNK:]), "it went along"
