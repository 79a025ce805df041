"""An event loop without a wall clock: one seed, one schedule."""

from __future__ import annotations

import asyncio
import heapq
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Context
    from random import Random

MOST_STEPS = 1_000_000
"""Far more than a seed takes: beyond it something turns in a circle."""


class Life:
    """A process, as the loop sees it: what belongs to a dead one never runs again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False


LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)
"""Whose work is running; None is the world outside: buyers, the provider, the weather."""


class Loop(asyncio.BaseEventLoop):
    """Runs what is ready in an order that the dice choose; time passes when nothing is.

    Args:
        dice: Decides; nothing else does.

    """

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self.outside = copy_context()
        self.steps = 0
        self._dice = dice
        self._now_s = 0.0
        self._tasks: list[asyncio.Task[Any]] = []
        self._dropped: list[Any] = []
        self.set_task_factory(self._task)

    # The base class has no public way to change how it chooses what comes next.
    _ready: Any
    _scheduled: Any
    _timer_cancelled_count: int

    def time(self) -> float:
        """Virtual seconds."""
        return self._now_s

    def start(self, work: Coroutine[Any, Any, Any], life: Life | None = None) -> asyncio.Task[Any]:
        """A task that belongs to ``life``, whoever starts it."""
        context = self.outside.copy()
        context.run(LIFE.set, life)
        return self.create_task(work, context=context)

    def bury(self) -> None:
        """End all that is left, the dead too; what they call then must refuse."""
        self.steps = 0
        # A dead task may wait for a wake-up that was dropped.
        self._ready.extend(self._dropped)
        self._dropped.clear()
        while left := [task for task in self._tasks if not task.done()]:
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.wait(left, timeout=1))
        self._tasks.clear()
        self.close()

    def _task(self, loop: Any, work: Any, **more: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
        # Kept to the end: a dead task that is collected would run its finally blocks.
        self._tasks.append(task)
        return task

    def _run_once(self) -> None:
        ready = self._ready
        if not ready or self._is_due():
            self._wake()
        at = int(self._dice.random() * len(ready)) if len(ready) > 1 else 0
        handle = ready[at]
        del ready[at]
        if handle._cancelled:
            return
        context: Context = handle._context
        life = context.get(LIFE)
        if life is not None and life.is_dead:
            self._dropped.append(handle)
            return
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise AssertionError(f"{MOST_STEPS} steps without an end")
        handle._run()

    def _is_due(self) -> bool:
        return bool(self._scheduled) and self._scheduled[0]._when <= self._now_s

    def _wake(self) -> None:
        """Make what is due ready; if nothing is, let time pass until something is."""
        while self._scheduled:
            timer = self._scheduled[0]
            if timer._cancelled:
                self._timer_cancelled_count -= 1
            elif self._ready and timer._when > self._now_s:
                return
            else:
                self._now_s = max(self._now_s, timer._when)
                self._ready.append(timer)
            heapq.heappop(self._scheduled)
            timer._scheduled = False
        if not self._ready:
            raise AssertionError("everybody waits, and nobody will ever come")

    def _write_to_self(self) -> None:
        """There is no other thread to wake this one from."""
