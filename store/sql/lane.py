"""Groups of operations on one connection, and a thread that runs them from a bounded queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from base.errors import Outage
from base.threads import at_work
from store.sql.connect import outage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

__all__ = ["Call", "Groups", "Lane"]

logger = logging.getLogger(__name__)

WAITING: Final = 10_000
"""Calls in the queue before new ones are refused: a second or two of work."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(slots=True, eq=False)
class Call:
    """One operation on its way, and what became of it."""

    op: Callable[..., Any]
    args: tuple[Any, ...]
    result: Any = field(default=None, kw_only=True)
    error: BaseException | None = field(default=None, kw_only=True)


class Groups:
    """Runs groups of calls on one connection, always in the same thread.

    Args:
        engine: Gives the connection; it is opened again after a failure.
        run: Runs a group and sets each call's result or error. When it raises, nothing
            of the group was done and the connection is not used again.
        most: Calls in a group.

    """

    def __init__(
        self, engine: Engine, run: Callable[[Connection, Sequence[Call]], None], most: int
    ) -> None:
        self._engine = engine
        self._run = run
        self.most = most
        self._conn: Connection | None = None

    def serve(self, calls: Sequence[Call]) -> None:
        """Run a group; each call has its result or its error then."""
        try:
            if self._conn is None:
                self._conn = self._engine.connect()
            self._run(self._conn, calls)
        except Exception as error:  # noqa: BLE001 - whoever serves outlives any operation
            logger.warning("%d operations of the book were undone", len(calls))
            outage = outage_of(error)
            for call in calls:
                call.error = outage
            self.close()

    def close(self) -> None:
        """Let the connection go."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        try:
            conn.close()
        except Exception as error:  # noqa: BLE001 - it is broken, so we let it go
            logger.warning("closing the book's connection failed: %s", error)


@dataclass(slots=True, eq=False)
class Waited(Call):
    """A call that somebody waits for in a loop."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Lane:
    """Runs calls in the order they came, in groups, on a thread of its own.

    Args:
        name: The thread's name.
        groups: Runs them.

    """

    def __init__(self, name: str, groups: Groups) -> None:
        self._groups = groups
        self._calls: deque[Waited] = deque()
        self._wake = threading.Condition()
        self._closing = False
        # A daemon: a server that dies must not be kept alive by it.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` on the thread.

        Raises:
            Outage: The queue is full, the lane is closed or the database failed.

        """
        loop = asyncio.get_running_loop()
        call = Waited(op, args, loop=loop, future=loop.create_future())
        with self._wake:
            if self._closing or len(self._calls) >= WAITING:
                raise Outage
            self._calls.append(call)
            if len(self._calls) == 1:
                self._wake.notify()
        try:
            result: T = await call.future
        finally:
            # An error holds this frame, and the call holds the error.
            del call
        return result

    async def close(self) -> None:
        """Serve what waits, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while calls := self._next_group():
            with at_work():
                self._groups.serve(calls)
            _answer(calls)
        self._groups.close()

    def _next_group(self) -> list[Waited]:
        with self._wake:
            while not self._calls and not self._closing:
                self._wake.wait()
            count = min(self._groups.most, len(self._calls))
            return [self._calls.popleft() for _ in range(count)]


def _answer(calls: Sequence[Waited]) -> None:
    # One wake-up of the loop a group, not one a call.
    for loop in {call.loop for call in calls}:
        mine = [call for call in calls if call.loop is loop]
        try:
            loop.call_soon_threadsafe(_resolve, mine)
        except RuntimeError:
            logger.warning("%d answers of the book found their loop closed", len(mine))


def _resolve(calls: Sequence[Waited]) -> None:
    for call in calls:
        if call.future.done():  # the caller was cancelled; its operation stands
            continue
        if call.error is not None:
            call.future.set_exception(call.error)
        else:
            call.future.set_result(call.result)
