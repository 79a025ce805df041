"""Commands of one loop turn travel together."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import hiredis
from redis.asyncio import Redis

from base.errors import Outage
from store.redis.cluster import ClusterPipeline
from store.redis.exchange import Asked, Exchange, fail
from store.redis.line import Command, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.redis.connect import Client

__all__ = ["BATCH", "Commands", "Pipeline", "pipeline"]

logger = logging.getLogger(__name__)

BATCH: Final = 200
"""Commands of one turn that go to one connection, in their order: Redis needs some 3 ms."""

LANES: Final = 4
"""Connections."""

WAITING: Final = 10_000
"""Commands not yet answered before new ones are refused."""

_pack: Any = hiredis.pack_command  # its stub knows commands of one word only


class Commands(Protocol):
    """Takes single commands; each stands for itself."""

    def submit(self, command: Command) -> asyncio.Future[Reply]:
        """Queue a command; its future gets the reply, an error reply included.

        A caller that goes away does not call the command back.

        Raises:
            Outage: Too much waits already, or it is closed.

        """
        ...

    def submit_all(self, commands: Sequence[Command]) -> list[asyncio.Future[Reply]]:
        """Queue commands, all or none; each has a reply of its own.

        Raises:
            Outage: As for :meth:`submit`.

        """
        ...

    async def close(self) -> None:
        """Stop at once; what was not answered fails."""
        ...


def pipeline(client: Client, *, lanes: int = LANES) -> Commands:
    """The way to a client's Redis.

    Args:
        client: Where Redis is.
        lanes: Connections to one server. With one alone commands happen in the order they
            were given; with several, only those that were awaited come before the next.

    """
    if isinstance(client, Redis):
        return Pipeline(client, lanes)
    return ClusterPipeline(client, at_once=1) if lanes == 1 else ClusterPipeline(client)


class Pipeline:
    """Sends commands that meet in one turn of the loop in one write; see :class:`Commands`.

    Args:
        client: Where Redis is.
        lanes: The most connections. One more is opened when all are busy.

    """

    def __init__(self, client: Redis, lanes: int) -> None:
        self._client = client
        self._most = lanes
        self._lanes: list[Exchange] = []
        self._waiting: deque[Asked] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._is_called = False
        self._is_closed = False

    def submit(self, command: Command) -> asyncio.Future[Reply]:
        """Queue a command."""
        (future,) = self.submit_all([command])
        return future

    def submit_all(self, commands: Sequence[Command]) -> list[asyncio.Future[Reply]]:
        """Queue commands."""
        under_way = len(self._waiting) + sum(map(len, self._lanes))
        if self._is_closed or under_way + len(commands) > WAITING:
            raise Outage
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Reply]] = [loop.create_future() for _ in commands]
        packed = [_pack(tuple(command)) for command in commands]
        self._waiting.extend(zip(packed, futures, strict=True))
        if not self._is_called:
            self._is_called = True
            loop.call_soon(self._send)
        return futures

    async def close(self) -> None:
        """Stop at once."""
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        for lane in [*self._lanes]:
            await lane.close()
        await asyncio.gather(*self._closing, return_exceptions=True)
        self._fail_waiting(None)

    def _send(self) -> None:
        self._is_called = False
        if self._waiting and (len(self._lanes) < self._most) and all(map(len, self._lanes)):
            self._open_another()
        if not self._lanes:
            return
        shares: dict[Exchange, list[Asked]] = {}
        while self._waiting:
            lane = min(self._lanes, key=lambda one: len(one) + len(shares.get(one, ())))
            share = shares.setdefault(lane, [])
            share += [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        for lane, share in shares.items():
            lane.send(share)

    def _open_another(self) -> None:
        if self._opening is None and not self._is_closed:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(_complain)

    async def _open(self) -> None:
        lane = Exchange(self._client, self._ended)
        try:
            await lane.open()
        except Outage as outage:
            if not self._lanes:
                self._fail_waiting(outage)
        except BaseException as error:
            await lane.close()
            if not self._lanes:
                self._fail_waiting(error)
            raise
        else:
            self._lanes.append(lane)
        finally:
            self._opening = None
        self._send()

    def _ended(self, lane: Exchange) -> None:
        self._lanes.remove(lane)
        task = asyncio.create_task(lane.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _fail_waiting(self, cause: BaseException | None) -> None:
        waiting, self._waiting = self._waiting, deque()
        for _, future in waiting:
            fail(future, cause)


def _complain(opening: asyncio.Task[None]) -> None:
    if not opening.cancelled() and (error := opening.exception()) is not None:
        logger.error("a connection to redis cannot be opened", exc_info=error)
