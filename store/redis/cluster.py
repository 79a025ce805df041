"""Commands to a Cluster: each goes its own way, to the node that has its key."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from redis.exceptions import ResponseError

from base.errors import Outage
from store.redis.connect import FAILURES
from store.redis.exchange import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import RedisCluster

    from store.redis.line import Command, Reply

__all__ = ["ClusterPipeline"]

logger = logging.getLogger(__name__)

AT_ONCE: Final = 800
"""Commands under way: each has a connection to its node meanwhile."""

WAITING: Final = 10_000
"""Commands not yet sent before new ones are refused."""


class ClusterPipeline:
    """Takes commands as :class:`store.redis.pipeline.Commands` says.

    Args:
        client: Where Redis is.
        at_once: Commands under way. One alone keeps them in their order.

    """

    def __init__(self, client: RedisCluster, at_once: int = AT_ONCE) -> None:
        self._client = client
        self._at_once = at_once
        self._waiting: deque[tuple[Command, asyncio.Future[Reply]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def submit(self, command: Command) -> asyncio.Future[Reply]:
        """Queue a command."""
        if self._is_closed or len(self._waiting) >= WAITING:
            raise Outage
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        if len(self._tasks) < self._at_once:
            task = asyncio.create_task(self._serve())
            self._tasks.add(task)
            # For one that is cancelled before it begins.
            task.add_done_callback(self._tasks.discard)
        return future

    def submit_all(self, commands: Sequence[Command]) -> list[asyncio.Future[Reply]]:
        """Queue commands."""
        if len(self._waiting) + len(commands) > WAITING:
            raise Outage
        return [self.submit(command) for command in commands]

    async def close(self) -> None:
        """Stop at once."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, future in self._waiting:
            fail(future)
        self._waiting.clear()

    async def _serve(self) -> None:
        try:
            while self._waiting:
                await self._ask(*self._waiting.popleft())
        finally:
            # In the very step in which nothing waited any more: what is asked next starts anew.
            self._tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _ask(self, command: Command, future: asyncio.Future[Reply]) -> None:
        try:
            reply = await self._client.execute_command(*command)
        except ResponseError as error:
            reply = error
        except FAILURES as error:
            fail(future, error)
            return
        except Exception as error:
            logger.exception("redis cannot be asked")
            fail(future, error)
            return
        except BaseException:
            fail(future)
            raise
        if not future.done():
            future.set_result(reply)
