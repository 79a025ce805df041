"""The pace of payments within one process, on a clock that only sleeping moves."""

from __future__ import annotations

from checkout.payments.pace import SLOW_S, Pace
from tests.clock import StoppedClock


class Watch:
    """Notes when each turn came."""

    def __init__(self, per_second: int, processes: int = 1) -> None:
        self.clock = StoppedClock()
        self.pace = Pace(
            per_second, self.clock, provider="p", processes=processes, sleep=self.sleep
        )
        self.turns: list[int] = []

    async def sleep(self, seconds: float) -> None:
        # As real sleeps: never too short.
        self.clock.advance(-int(-seconds * 1000 // 1))

    async def take(self, count: int) -> None:
        for _ in range(count):
            await self.pace.turn()
            self.turns.append(self.clock.now_ms())

    def most_within(self, window_ms: int) -> int:
        return max(
            sum(first <= turn < first + window_ms for turn in self.turns) for first in self.turns
        )


async def test_no_second_has_more_turns_than_the_pace() -> None:
    watch = Watch(20)

    await watch.take(60)
    watch.clock.advance(30_000)  # idle for long: no burst is saved up
    await watch.take(60)

    assert watch.most_within(1000) <= 20
    assert watch.most_within(100) <= 2


async def test_the_pace_is_used_up() -> None:
    watch = Watch(20)

    await watch.take(21)

    assert watch.turns[-1] - watch.turns[0] <= 20 * 51


async def test_alone_a_process_keeps_to_its_part() -> None:
    watch = Watch(20, processes=4)

    await watch.take(20)

    assert watch.most_within(1000) <= 5


async def test_a_provider_that_asks_for_less_has_quiet_for_a_moment() -> None:
    watch = Watch(20)
    await watch.take(1)

    watch.pace.slow()
    await watch.take(1)

    assert watch.turns[1] - watch.turns[0] >= SLOW_S * 1000
