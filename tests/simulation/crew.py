"""Many seeds, side by side in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.awaits import AWAITS
from tests.simulation.fate import Seen
from tests.simulation.servers import migrated_book, redis_servers
from tests.simulation.stage import Stage
from tests.simulation.town import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHUNK: Final = 20
"""Seeds that a worker gets at once."""

TRACE: Final = 60
"""Last steps of a failing seed that are shown."""

CORPUS: Final = Path(__file__).with_name("corpus.txt")

_stage: list[Stage] = []


@dataclass(slots=True)
class Failure:
    """A seed that broke something."""

    seed: int
    broken: tuple[str, ...]
    steps: list[str]


@dataclass(slots=True)
class Result:
    """What some seeds came to."""

    seeds: int = 0
    virtual_s: float = 0.0
    seen: Seen = field(default_factory=Seen)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Result) -> None:
        self.seeds += other.seeds
        self.virtual_s += other.virtual_s
        self.seen.add(other.seen)
        self.failures += other.failures


def corpus() -> list[int]:
    """Seeds that once failed."""
    lines = (line.partition("#")[0].strip() for line in CORPUS.read_text().splitlines())
    return [int(line) for line in lines if line]


def go_through(stage: Stage, seeds: Sequence[int], *, most: int = 5) -> Result:
    """Run seeds one after the other; end after ``most`` failures."""
    result = Result()
    with warnings.catch_warnings():
        # A process that was killed had work that it never began.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        for seed in seeds:
            outcome = run(seed, stage, list(AWAITS))
            result.seeds += 1
            result.virtual_s += outcome.seconds
            result.seen.add(outcome.seen)
            if outcome.broken:
                steps = outcome.trace.lines(TRACE)
                result.failures.append(Failure(seed, outcome.broken, steps))
                if len(result.failures) >= most:
                    break
    return result


def run_all(
    seeds: Sequence[int],
    *,
    jobs: int,
    most: int,
    seconds: float,
    progress: Callable[[Result, float], None],
) -> Result:
    """Run seeds in ``jobs`` processes, until ``most`` failed or ``seconds`` are over."""
    total, begun = Result(), time.monotonic()
    with ExitStack() as stack:
        sockets = stack.enter_context(redis_servers(jobs))
        book = stack.enter_context(migrated_book())
        context = multiprocessing.get_context("spawn")
        places = context.Queue()
        for path in sockets:
            places.put(path)
        pool = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(places, str(book)))
        stack.callback(pool.shutdown, cancel_futures=True)
        chunks = (seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK))
        under_way: set[Future[Result]] = set()
        while True:
            late = time.monotonic() - begun > seconds or len(total.failures) >= most
            if not late:
                under_way |= _submit(pool, chunks, 2 * jobs - len(under_way), most)
            if not under_way or (late and len(total.failures) >= most):
                return total
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                total.add(future.result())
            progress(total, time.monotonic() - begun)


def _submit(
    pool: ProcessPoolExecutor, chunks: Iterator[Sequence[int]], room: int, most: int
) -> set[Future[Result]]:
    return {pool.submit(_work, chunk, most) for _, chunk in zip(range(room), chunks, strict=False)}


def _begin(places: Any, book: str) -> None:
    os.nice(5)
    _stage.append(Stage(places.get(), Path(book)))


def _work(seeds: Sequence[int], most: int) -> Result:
    return go_through(_stage[0], seeds, most=most)
