"""Commands of one loop turn travel together."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from base.errors import Outage
from store.redis.connect import FAILURES
from store.redis.line import Command, Line, Reply

if TYPE_CHECKING:
    from store.redis.connect import Client

__all__ = ["BATCH", "Pipeline"]

BATCH: Final = 200
"""Commands in one sending: Redis needs some 3 ms for them, which the first one waits."""

LANES: Final = 4
"""Connections: while Redis works on one sending, the next is on its way."""

WAITING: Final = 10_000
"""Commands not yet sent before new ones are refused."""


class Pipeline:
    """Sends commands that meet in one turn of the loop in one write.

    It is no transaction: each command stands for itself. On a Cluster each goes its own way.

    Args:
        client: Where Redis is.
        lanes: Connections. With one alone commands happen in the order they were given;
            with several, only those that were awaited come before the next.

    """

    def __init__(self, client: Client, *, lanes: int = LANES) -> None:
        self._client = client
        self._waiting: deque[tuple[Command, asyncio.Future[Reply]]] = deque()
        self._lines = [Line(client) for _ in range(lanes)]
        self._idle = [*self._lines]
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_called = False
        self._is_closed = False

    def submit(self, command: Command) -> asyncio.Future[Reply]:
        """Queue a command; its future gets the reply, an error reply included.

        A caller that goes away does not call the command back.

        Raises:
            Outage: Too much waits already, or the pipeline is closed.

        """
        if self._is_closed or len(self._waiting) >= WAITING:
            raise Outage
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((command, future))
        if not self._is_called:
            self._is_called = True
            loop.call_soon(self._start)
        return future

    async def close(self) -> None:
        """Stop at once; what was not answered fails."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _fail([future for _, future in self._waiting], Outage())
        self._waiting.clear()
        # Not the idle ones only: a task that was cancelled before it began gave none back.
        for line in self._lines:
            await line.close()

    def _start(self) -> None:
        self._is_called = False
        while self._waiting and self._idle and not self._is_closed:
            task = asyncio.create_task(self._serve(self._idle.pop(), self._batch()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _batch(self) -> list[tuple[Command, asyncio.Future[Reply]]]:
        count = min(BATCH, len(self._waiting))
        return [self._waiting.popleft() for _ in range(count)]

    async def _serve(self, line: Line, batch: list[tuple[Command, asyncio.Future[Reply]]]) -> None:
        try:
            while batch:
                futures = [future for _, future in batch]
                try:
                    replies = await self._converse(line, [command for command, _ in batch])
                except Outage as outage:
                    _fail(futures, outage)
                except BaseException:
                    _fail(futures, Outage())
                    raise
                else:
                    for future, reply in zip(futures, replies, strict=True):
                        if not future.done():
                            future.set_result(reply)
                batch = self._batch()
        finally:
            self._idle.append(line)

    async def _converse(self, line: Line, commands: list[Command]) -> list[Reply]:
        if isinstance(self._client, Redis):
            return await line.converse(commands)
        return await asyncio.gather(*map(self._ask_cluster, commands))

    async def _ask_cluster(self, command: Command) -> Reply:
        try:
            return await self._client.execute_command(*command)
        except ResponseError as error:
            return error
        except FAILURES as error:
            raise Outage from error


def _fail(futures: list[asyncio.Future[Reply]], outage: Outage) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(outage)
            future.exception()  # read here: who was cancelled will not read it
