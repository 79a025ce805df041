"""Work that goes on when its caller has hung up, and the one who owns it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from base.errors import Outage, YellowcartError

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Tasks", "run_now"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

MOST: Final = 10_000
"""As many purchases under way as one process can serve in the time they may take."""


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing, without a task of its own; its outcome.

    Raises:
        RuntimeError: It did wait, and was ended there.

    """
    try:
        work.send(None)
    except StopIteration as done:
        outcome: T = done.value
        return outcome
    work.close()
    raise RuntimeError("This waits for something: it needs a task.")


class Tasks:
    """A bounded set of tasks, kept until they are done.

    Args:
        most: How many may be under way.

    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start ``work``; cancelling the caller does not cancel it.

        Raises:
            Outage: Too much is under way.

        """
        if len(self._running) >= self._most:
            work.close()
            raise Outage
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def detach(self, work: Coroutine[Any, Any, None]) -> None:
        """Start ``work`` whose outcome nobody waits for.

        Raises:
            Outage: Too much is under way.

        """
        _ = self.start(work)

    async def close(self, seconds: float) -> None:
        """Wait for what is under way, then cancel what is left."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, YellowcartError):
            logger.error("a task broke off", exc_info=error)
