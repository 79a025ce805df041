"""Follows many streams at once: what happens in the shows and with the stock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis
from redis.crc import key_slot

from store.redis.stream_reader import Entry, OnEntries, StreamReader

if TYPE_CHECKING:
    from store.redis.connect import Client

__all__ = ["Entry", "Feed", "OnEntries"]

ONE_PLACE: Final = -1


class Feed:
    """Calls back with the entries of every stream that is followed, in order.

    One connection reads them all; on a Cluster, one for each slot. After a failure it goes
    on behind the last entry that it delivered, so nothing is missed unless the stream was
    trimmed meanwhile, which the numbers of the entries tell.

    Args:
        client: Where Redis is.

    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._readers: dict[int, StreamReader] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        if isinstance(client, Redis):
            self._readers[ONE_PLACE] = StreamReader(client)

    def follow(self, key: str, after: str, on_entries: OnEntries) -> None:
        """Call back with the entries after ``after``, at once if there are any.

        Following a key again replaces how it was followed.

        Args:
            key: The stream; it need not exist yet.
            after: An entry's id, ``0-0`` for all.
            on_entries: Gets ids and fields; must not wait. What it raises is logged.

        """
        place = self._place(key)
        reader = self._readers.get(place)
        if reader is None:
            reader = self._readers[place] = StreamReader(self._client, key)
        reader.follow(key, after, on_entries)
        self._start(place)

    def leave(self, key: str) -> None:
        """Stop calling back; harmless when the key is not followed."""
        place = self._place(key)
        reader = self._readers.get(place)
        if reader is None:
            return
        reader.leave(key)
        if place != ONE_PLACE and not len(reader):
            del self._readers[place]
            task = self._tasks.pop(place, None)
            if task is not None:
                task.cancel()

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for place in list(self._readers):
                    self._start(place)
                await asyncio.get_running_loop().create_future()  # until cancelled
            finally:
                self._group = None
                self._tasks.clear()

    def alive_s(self) -> float:
        """Seconds since Redis was heard; about a second at most while all is well.

        Infinite until it was heard for the first time.
        """
        if not self._readers:
            return 0.0
        now = asyncio.get_running_loop().time()
        return max(now - reader.heard_at for reader in self._readers.values())

    def _start(self, place: int) -> None:
        if self._group is not None and place not in self._tasks:
            self._tasks[place] = self._group.create_task(self._readers[place].run())

    def _place(self, key: str) -> int:
        return ONE_PLACE if isinstance(self._client, Redis) else key_slot(key.encode())
