"""The whole purchase under every fault; ``make simulate`` runs far more seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.simulation.awaits import AWAITS
from tests.simulation.crew import Result, corpus, go_through
from tests.simulation.stage import Stage
from tests.simulation.town import run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.redis,
    pytest.mark.timeout(300),
    # A process that was killed had work that it never began.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

CHUNKS = 4
SEEDS = 500


@pytest.fixture
def stage(redis_server: str, migrated_sqlite: Path) -> Iterator[Stage]:
    stage = Stage(redis_server.removeprefix("unix://"), migrated_sqlite)
    yield stage
    stage.close()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_fault_breaks_a_promise(stage: Stage, chunk: int) -> None:
    assert_whole(go_through(stage, range(chunk, SEEDS, CHUNKS), most=1))


def test_what_once_broke_a_promise_does_not_again(stage: Stage) -> None:
    assert_whole(go_through(stage, corpus(), most=1))


def test_a_seed_is_a_schedule_to_its_last_step(stage: Stage) -> None:
    for seed in (1, 2, 3):
        first, again = (run(seed, stage, list(AWAITS)) for _ in range(2))

        assert first.trace.lines() == again.trace.lines()


def assert_whole(result: Result) -> None:
    for failure in result.failures:
        replay = f"replay: .venv/bin/python -m tests.simulation --seed {failure.seed}"
        pytest.fail("\n".join([f"seed {failure.seed}", *failure.broken, *failure.steps, replay]))
