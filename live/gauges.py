"""Gauges: viewers, likes and sales, once a second.

One script call per node, show and second reports what this node has and returns the totals.
The same answer tells whether the node has missed anything: its epoch, its ``seq``, its bans.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, cast

from base.clock import Clock
from base.errors import Outage
from live.fan_out import FanOut
from live.private import Private
from live.room_state import Room
from live.rooms import Rooms
from live.shows import Scripts, takings
from store.redis import keys

__all__ = ["Gauges"]

logger = logging.getLogger(__name__)

EVERY_S: Final = 1.0
SILENT_MS: Final = 5000
"""A node that has not reported for five periods has no viewers any more."""


class Gauges:
    """The periodic work of a node's rooms."""

    def __init__(
        self, *, node: str, rooms: Rooms, private: Private, scripts: Scripts, clock: Clock
    ) -> None:
        self._node = node
        self._rooms = rooms
        self._private = private
        self._scripts = scripts
        self._clock = clock
        self._behind: dict[str, int] = {}

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self._rooms.sweep()
            await self._report_all()
            for _, fan_out in self._rooms.open:
                fan_out.count()

    async def leave(self) -> None:
        """Report the last hearts and take this node's viewers out of every show."""
        await self._report_all()
        shows = [show for show, _ in self._rooms.open]
        drops = (self._scripts.command("HDEL", keys.presence(show), self._node) for show in shows)
        await asyncio.gather(*drops, return_exceptions=True)

    async def _report_all(self) -> None:
        rooms = dict(self._rooms.open)
        self._behind = {show: seq for show, seq in self._behind.items() if show in rooms}
        reports = (self._report(show, fan_out) for show, fan_out in rooms.items())
        for outcome in await asyncio.gather(*reports, return_exceptions=True):
            if isinstance(outcome, Outage):
                logger.warning("gauges cannot be reported: %s", outcome)
            elif isinstance(outcome, BaseException):
                raise outcome

    async def _report(self, show: str, fan_out: FanOut) -> None:
        likes, fan_out.new_likes = fan_out.new_likes, 0
        seen = fan_out.room.seq
        # Counted until the answer is here, so that the total never seems to fall.
        fan_out.room.totals.likes += likes
        names = [
            keys.show_state(show),
            keys.presence(show),
            keys.show_banned(show),
            keys.show_sales(show),
        ]
        now = self._clock.now_ms()
        args: list[str | int | bytes] = [self._node, fan_out.watching, likes, now, SILENT_MS]
        try:
            answer = await self._scripts.call("show_gauge", names, args)
        except Outage:
            fan_out.room.totals.likes -= likes
            fan_out.new_likes += likes
            raise
        if not answer:
            self._rooms.heal(show)
            return
        await self._take(show, fan_out, cast("list[bytes]", answer), seen)

    async def _take(self, show: str, fan_out: FanOut, answer: list[bytes], seen: int) -> None:
        epoch, seq, others, likes, bans, sales = answer
        room = fan_out.room
        room.totals.others = int(others)
        room.totals.likes = max(int(likes), 0)
        room.totals.sales = takings(cast("list[bytes]", sales))
        if epoch.decode() != room.epoch or int(seq) < seen:
            self._rooms.heal(show)
        else:
            self._check(show, fan_out, int(seq))
        if int(bans) != len(room.banned):
            await self._look_at_bans(show, room)

    async def _look_at_bans(self, show: str, room: Room) -> None:
        """Close those whose ban was not heard of."""
        answer = await self._scripts.command("HKEYS", keys.show_banned(show))
        banned = {viewer.decode() for viewer in cast("list[bytes]", answer)}
        news, room.banned = banned - room.banned, banned
        for viewer in news:
            self._private.ban(viewer, show)

    def _check(self, show: str, fan_out: FanOut, seq: int) -> None:
        """Heal a room whose feed has been behind for two reports running."""
        room = fan_out.room
        if seq > room.seq and self._behind.get(show) == room.seq:
            self._rooms.heal(show)
        self._behind[show] = room.seq if seq > room.seq else -1
