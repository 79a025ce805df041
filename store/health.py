"""Whether this process can sell: its gate, its book, and the feed that tells everybody."""

from __future__ import annotations

import asyncio
from typing import Final

from base.errors import Outage
from store.redis import keys
from store.stores import Stores, select_one

__all__ = ["Health"]

SILENT_S: Final = 5.0
"""The feed hears from Redis every second while all is well."""

CHECK_S: Final = 2.0
START_S: Final = 10.0
STEP_S: Final = 0.005


class Health:
    """Checks the stores when asked.

    Attributes:
        is_draining: The process is on its way out: it takes nobody new.

    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self.is_draining = False

    async def check(self) -> dict[str, bool]:
        """Whether all is well, and each part: ``ok redis sql feed``; never raises."""
        redis, sql = await asyncio.gather(self._redis(), self._sql())
        feed = self._stores.feed.alive_s() < SILENT_S
        ok = redis and sql and feed and not self.is_draining
        return {"ok": ok, "redis": redis, "sql": sql, "feed": feed}

    async def wait_alive(self) -> None:
        """Wait until the feed has heard from Redis for the first time.

        Raises:
            Outage: It has not within :data:`START_S`.

        """
        for _ in range(int(START_S / STEP_S)):
            if self._stores.feed.alive_s() < SILENT_S:
                return
            await asyncio.sleep(STEP_S)
        raise Outage("Redis does not answer on the feed's connection.")

    async def _redis(self) -> bool:
        """Whether the gate answers and is open: a shard that lost its data sells nothing."""
        try:
            async with asyncio.timeout(CHECK_S):
                ready = await asyncio.gather(
                    *(
                        self._stores.scripts.command("EXISTS", keys.shop_ready(number))
                        for number in range(keys.SHARDS)
                    )
                )
        except (Outage, TimeoutError):
            return False
        return all(ready)

    async def _sql(self) -> bool:
        try:
            async with asyncio.timeout(CHECK_S):
                # Who writes and who reads may be two.
                await asyncio.gather(
                    self._stores.book.write(select_one), self._stores.book.read(select_one)
                )
        except (Outage, TimeoutError):
            return False
        return True
