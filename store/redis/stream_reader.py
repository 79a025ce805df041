"""Follows streams that live in one place, on one connection."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from redis.exceptions import ResponseError

from base.errors import Outage
from store.redis.backoff import Backoff
from store.redis.connect import TIMEOUT_S, Client
from store.redis.line import Line, Reply

__all__ = ["Entry", "OnEntries", "StreamReader"]

logger = logging.getLogger(__name__)

Entry = tuple[str, dict[bytes, bytes]]
OnEntries = Callable[[list[Entry]], None]

BLOCK_MS: Final = 1000
"""A silent Redis is heard at least so often."""

COUNT: Final = 500
"""Entries of a stream in one answer: who is far behind must not hold up the others."""

GATHER_S: Final = 0.005
"""Between an answer with entries and the next question: in a rush they come together, and a
question costs as much as fifty of them.
"""

NUDGE_S: Final = 0.002

AGAIN_S: Final = 0.05
"""After a nudge that failed: the reader most likely fails too, and comes around."""


@dataclass(slots=True, eq=False)
class _Followed:
    after: str
    on_entries: OnEntries


class StreamReader:
    """Reads many streams by one blocking XREAD after another.

    Args:
        client: Where Redis is.
        key: On a Cluster, any of the keys: they share a slot.

    """

    def __init__(self, client: Client, key: str | None = None) -> None:
        self._line = Line(client, key)
        self._nudger = Line(client, key)
        self._client_id = 0
        self._followed: dict[str, _Followed] = {}
        self._wanted = 0
        self._reading = 0
        self._news = asyncio.Event()
        self._heard_at = -math.inf
        self._backoff = Backoff()

    def follow(self, key: str, after: str, on_entries: OnEntries) -> None:
        """Read ``key`` too, from now on."""
        self._followed[key] = _Followed(after, on_entries)
        self._wanted += 1
        self._news.set()

    def leave(self, key: str) -> None:
        """Read ``key`` no more; what is on its way is dropped."""
        self._followed.pop(key, None)

    def __len__(self) -> int:
        return len(self._followed)

    @property
    def heard_at(self) -> float:
        """When Redis last answered, by the loop's clock."""
        return self._heard_at

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._nudge())
        finally:
            await self._line.close()
            await self._nudger.close()

    async def _read(self) -> None:
        while True:
            try:
                await self._read_once()
                self._backoff.reset()
            except Outage as outage:
                logger.warning("the feed is interrupted: %s", outage.__cause__ or outage)
                await self._line.close()
                await self._backoff.wait()

    async def _read_once(self) -> None:
        if not self._line.is_open:
            self._client_id = await self._line.ask("CLIENT", "ID")
        self._reading = self._wanted
        followed = dict(self._followed)
        if not followed:
            await self._idle()
            return
        after = [one.after for one in followed.values()]
        options = ("COUNT", COUNT, "BLOCK", BLOCK_MS)
        await self._line.send([("XREAD", *options, "STREAMS", *followed, *after)])
        reply = await self._heard()
        for key, entries in reply or ():
            self._deliver(key.decode(), followed, entries)
        if reply:
            await asyncio.sleep(GATHER_S)

    async def _heard(self) -> Reply:
        try:
            async with asyncio.timeout(BLOCK_MS / 1000 + TIMEOUT_S):
                reply = await self._line.read()
        except TimeoutError as error:
            raise Outage from error
        if isinstance(reply, ResponseError):
            raise Outage from reply
        self._heard_at = asyncio.get_running_loop().time()
        return reply

    async def _idle(self) -> None:
        await self._line.ask("PING")
        self._heard_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(BLOCK_MS / 1000):
                while self._reading == self._wanted:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass

    def _deliver(self, key: str, asked: dict[str, _Followed], raw: list[list[Reply]]) -> None:
        one = self._followed.get(key)
        if one is None or one is not asked[key]:
            return  # left, or followed anew from elsewhere, while the answer travelled
        entries = [
            (ident.decode(), dict(zip(pairs[::2], pairs[1::2], strict=True)))
            # An entry that was deleted meanwhile has no fields.
            for ident, pairs in ((ident, pairs or ()) for ident, pairs in raw)
        ]
        one.after = entries[-1][0]
        try:
            one.on_entries(entries)
        except Exception:
            # The others' entries must not be lost by one follower's bug.
            logger.exception("a follower of %s failed", key)

    async def _nudge(self) -> None:
        """End a read that does not know the newest keys yet."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._reading != self._wanted:
                if self._line.is_open and self._followed:
                    await self._unblock()
                # Again: the read may have been on its way while it was unblocked.
                await asyncio.sleep(NUDGE_S)

    async def _unblock(self) -> None:
        try:
            await self._nudger.ask("CLIENT", "UNBLOCK", self._client_id)
        except Outage:
            await asyncio.sleep(AGAIN_S)
