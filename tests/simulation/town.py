"""One seed: shops, processes, buyers, the provider and the weather, until all is quiet."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from base.errors import YellowcartError
from checkout.audit import Audit
from shop.rebuild import rebuild
from tests.simulation import people, weather
from tests.simulation.book import MemoryBook
from tests.simulation.buyer import Buyer
from tests.simulation.clock import VirtualClock
from tests.simulation.fate import Fate, Seen
from tests.simulation.gate import Gate
from tests.simulation.line import Line
from tests.simulation.loop import Loop
from tests.simulation.process import Cut, Process, Shared
from tests.simulation.stage import SHOP_OF, fixed
from tests.simulation.till import Till
from tests.simulation.trace import Trace
from tests.simulation.verdict import Verdict
from tests.simulation.watch import Watch
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

    from tests.simulation.loop import Life
    from tests.simulation.stage import Stage

T = TypeVar("T")

BUSY_S: Final = 40.0
"""After that whatever buyers still do is left to itself, and the faults stop."""

QUIET_S: Final = 180.0
"""Longest from the last fault to the end of every purchase."""

LOGGERS: Final = ("base", "cart", "checkout", "sandbox", "shop", "store", "asyncio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a seed."""

    seed: int
    broken: tuple[str, ...]
    seen: Seen
    trace: Trace
    seconds: float


class Town:
    """Everything in a seed."""

    def __init__(self, seed: int, stage: Stage, aims: list[str]) -> None:
        self.dice = random.Random(seed)
        self.loop = Loop(self.dice)
        self.trace = Trace(self.loop.time)
        self.clock = VirtualClock(self.loop.time)
        self.fate = Fate(self.dice, calm=self.dice.random() < 0.08, aims=aims)
        # A flash sale: those who come at all come in the same moments.
        self.is_rush = self.dice.random() < 0.4
        self.is_alone = self.dice.random() < 0.25
        self.shop_of = SHOP_OF
        # Few things that many want, or enough for all.
        self.skus = list(SHOP_OF)[: self.dice.choice((1, 2, 3, 5))]
        self.stock = {sku: self.dice.choice((1, 1, 2, 3, 6)) for sku in SHOP_OF}
        self.watch = Watch(stage.redis, stage.shelf.raw, self.shop_of, self.trace)
        self.verdict = Verdict(self.watch, stage.redis, stage.shelf.raw, stage.drawer.raw)
        self.wire = Wire(self.fate, self.trace, self.crash)
        self.gate = Gate(stage.redis, self.wire, self.loop.time, self.watch.after_script)
        self.book = MemoryBook(stage.shelf, self.wire, self.watch.after_write)
        self.till = Till(stage.drawer, self.clock, self.loop, self._take_webhook)
        self.provider = Line(self.till, self.wire, self.dice, self.clock)
        self.provider.lies = self.watch.lied_about
        self._raw = stage.shelf.raw
        self.processes: list[Process] = []
        self._born = 0

    # What others ask of it.

    def some_process(self) -> Process | None:
        """One that is alive."""
        alive = [process for process in self.processes if not process.life.is_dead]
        return self.dice.choice(alive) if alive else None

    async def ask(self, work: Callable[[Process], Coroutine[Any, Any, T]]) -> T:
        """Ask some process.

        Raises:
            Cut: There is none, or it died meanwhile.

        """
        process = self.some_process()
        if process is None:
            raise Cut
        return await process.ask(work(process))

    def some_checkout(self) -> str | None:
        found = self._raw.execute("SELECT id FROM checkouts ORDER BY id").fetchall()
        return self.dice.choice(found)[0] if found else None

    def crash(self, life: Life) -> None:
        """Kill a process; another one takes its place a little later."""
        self.trace.add(life.name, "dies")
        for process in self.processes:
            if process.life is life:
                process.kill()
        after_s = self.dice.choice((0.1, 1.0, 5.0))
        self.loop.call_later(after_s, self._start_process, context=self.loop.outside)

    # Its course.

    async def live(self) -> None:
        """From the first buyer until everything is quiet, then a last look."""
        self.trace.add("stock", self.stock, self.fate.spoken())
        await rebuild(self.book, self.gate, 0)
        await self.till.start()
        for _ in range(1 if self.is_alone else 2):
            self._start_process()
        names = ("vera", "otto", "ida", "max")[: self.dice.choice((2, 2, 3, 4))]
        busy = [self.loop.start(Buyer(name, self).run()) for name in names]
        busy += [self.loop.start(work(self)) for work in (people.sell, people.pry, people.forge)]
        busy += [self.loop.start(work) for work in weather.forecast(self)]
        done, late = await asyncio.wait(busy, timeout=BUSY_S)
        self.fate.end()
        self.provider.may_lie = False
        self.till.webhooks = "normal"
        self.till.order()
        self.trace.add("faults stop")
        if late:
            done, late = await asyncio.wait(busy, timeout=QUIET_S)
        for task in [*done, *late]:
            self._look_at_person(task)
        await self._until_quiet()
        if not self.watch.broken:
            self.verdict.look()
            await self._audit()

    async def _until_quiet(self) -> None:
        until = self.loop.time() + QUIET_S
        while (left := self.verdict.left_to_do()) or self.till.is_owing:
            if self.watch.broken:
                return
            if self.loop.time() > until:
                self.watch.complain(f"I16: not quiet after {QUIET_S:.0f} s: {', '.join(left)}")
                return
            await asyncio.sleep(1)

    async def _audit(self) -> None:
        for check in await Audit(self.book, self.gate, self.provider).run():
            if not check.ok:
                self.watch.complain(f"audit: {check.name}: {check.expected} but {check.actual}")

    def _look_at_person(self, task: asyncio.Task[None]) -> None:
        if not task.done():
            self.watch.complain("I16: somebody still waits for an answer")
        elif (error := task.exception()) is not None:
            self.watch.complain(f"a buyer met {error!r}")

    def _start_process(self) -> None:
        self._born += 1
        shared = Shared(
            loop=self.loop,
            book=self.book,
            gate=self.gate,
            provider=self.provider,
            clock=self.clock,
            announcer=self.watch,
            purchased=self.watch.purchased,
            is_alone=self.is_alone,
        )
        process = Process(f"node-{self._born}", shared)
        self.processes.append(process)
        self.trace.add(process.life.name, "starts")
        process.start()

    async def _take_webhook(self, headers: dict[str, str], raw: bytes) -> bool:
        if self.wire.is_cut:
            return False
        try:
            await self.ask(lambda process: process.webhooks.receive("sandbox", headers, raw))
        except (YellowcartError, Cut) as error:
            self.trace.add("webhook", "is refused", type(error).__name__)
            return False
        return True

    def end(self) -> None:
        """Let everybody go; the stores are cut off first."""
        self.wire.is_cut = True
        for process in self.processes:
            process.life.is_dead = False
        self.loop.bury()


def run(seed: int, stage: Stage, aims: list[str]) -> Outcome:
    """Live through a seed."""
    with fixed(random.Random(seed)):
        town = Town(seed, stage, aims)
        with stage.set_up(town.stock), _listening(town.watch):
            try:
                town.loop.run_until_complete(town.live())
            except Exception as error:  # noqa: BLE001 - whatever it is, the seed has failed
                town.watch.complain(f"the simulation ended by {error!r}")
            broken, seconds = tuple(town.watch.broken), town.loop.time()
            town.end()
    return Outcome(
        seed=seed,
        broken=broken,
        seen=town.fate.seen,
        trace=town.trace,
        seconds=seconds,
    )


@contextmanager
def _listening(watch: Watch) -> Iterator[None]:
    """Errors in the log are the watch's; the rest is not even made into text."""
    before: list[tuple[Any, int, bool]] = []
    for name in LOGGERS:
        logger = logging.getLogger(name)
        before.append((logger, logger.level, logger.propagate))
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        logger.addHandler(watch)
    try:
        yield
    finally:
        for logger, level, propagate in before:
            logger.setLevel(level)
            logger.propagate = propagate
            logger.removeHandler(watch)
