"""Pub/sub: news that may be missed, told to every node that listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from redis.exceptions import ResponseError

from base.errors import Outage
from store.redis.backoff import Backoff
from store.redis.line import Line, Reply
from store.redis.pipeline import pipeline

if TYPE_CHECKING:
    from store.redis.connect import Client

__all__ = ["Channels", "OnMessage"]

logger = logging.getLogger(__name__)

OnMessage = Callable[[bytes], None]

PROBE_S: Final = 5.0
"""A silent connection is asked whether it lives."""


class Channels:
    """Listens on one connection and publishes on others.

    What is published while the connection is down is missed; it comes back by itself and
    listens to the same channels again. Messages of one node arrive in their order.

    Args:
        client: Where Redis is.

    """

    def __init__(self, client: Client) -> None:
        self._line = Line(client)
        self._pipeline = pipeline(client, lanes=1)
        self._listeners: dict[str, OnMessage] = {}
        self._told: set[str] = set()
        self._changed = asyncio.Event()
        self._backoff = Backoff()
        self._is_losing = False

    def listen(self, channel: str, on_message: OnMessage) -> None:
        """Call back with each message of a channel, one listener a channel.

        Args:
            channel: Its name.
            on_message: Must not wait. What it raises is logged.

        """
        self._listeners[channel] = on_message
        self._changed.set()

    def unlisten(self, channel: str) -> None:
        """Stop calling back; harmless when nobody listens."""
        if self._listeners.pop(channel, None) is not None:
            self._changed.set()

    def publish(self, channel: str, data: bytes) -> None:
        """Send without waiting; lost when Redis is away or too much waits already."""
        try:
            future = self._pipeline.submit(("PUBLISH", channel, data))
        except Outage:
            self._note(lost=True)
            return
        future.add_done_callback(self._published)

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            while True:
                try:
                    await self._listen()
                except Outage as outage:
                    logger.warning("pub/sub is interrupted: %s", outage.__cause__ or outage)
                await self._line.close()
                await self._backoff.wait()
        finally:
            await self._line.close()

    async def close(self) -> None:
        """Stop publishing; listening ends with :meth:`run`."""
        await self._pipeline.close()

    async def _listen(self) -> None:
        # No TaskGroup: when a task of it fails in the moment in which its owner is cancelled,
        # Python before 3.13 forgets the cancellation.
        await self._line.open()
        subscribing = asyncio.create_task(self._subscribe())
        try:
            await self._receive()
        finally:
            subscribing.cancel()
            await asyncio.gather(subscribing, return_exceptions=True)

    async def _subscribe(self) -> None:
        """Keep what Redis was told in step with who listens."""
        self._told.clear()
        while True:
            self._changed.clear()
            wanted = set(self._listeners)
            commands = []
            if wanted - self._told:
                commands.append(("SUBSCRIBE", *(wanted - self._told)))
            if self._told - wanted:
                commands.append(("UNSUBSCRIBE", *(self._told - wanted)))
            self._told = wanted
            if commands:
                await self._line.send(commands)
            await self._changed.wait()

    async def _receive(self) -> None:
        is_probed = False
        while True:
            try:
                async with asyncio.timeout(PROBE_S):
                    reply = await self._line.read()
            except TimeoutError as error:
                if is_probed:
                    raise Outage from error
                is_probed = True
                await self._line.send([("PING",)])
                continue
            is_probed = False
            self._backoff.reset()
            self._take(reply)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, ResponseError):
            raise Outage from reply
        if not isinstance(reply, list) or reply[0] != b"message":
            return  # a subscription confirmed, or the answer to a probe
        _, channel, data = reply
        on_message = self._listeners.get(channel.decode())
        if on_message is None:
            return
        try:
            on_message(data)
        except Exception:
            # The other listeners' messages must not be lost by one listener's bug.
            logger.exception("a listener to %s failed", channel.decode())

    def _published(self, future: asyncio.Future[Reply]) -> None:
        lost = future.cancelled() or future.exception() is not None
        self._note(lost=lost or isinstance(future.result(), ResponseError))

    def _note(self, *, lost: bool) -> None:
        """Log when losing begins and when it ends, not for each message."""
        if lost != self._is_losing:
            self._is_losing = lost
            logger.warning("published messages are %s", "lost" if lost else "carried again")
