"""The pace at which payments go to the provider, who takes only so many requests a second."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from base.errors import Outage
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from base.clock import Clock
    from store.redis.scripts import Scripts

__all__ = ["Pace"]

logger = logging.getLogger(__name__)

SLOW_S: Final = 1.0
"""No turns after the provider has asked for fewer requests: its limits count by the second."""

MOST_AHEAD: Final = 1024
"""Turns given ahead: each process takes one at a time, and there are fewer processes."""


class Pace:
    """Turns that follow each other evenly, over all processes that ask the same Redis.

    A turn is one payment: a request to make it and one to confirm it. There is no burst: who
    was idle for long gets one turn at once, not many.

    Args:
        per_second: Payments, over all processes.
        clock: Whose monotonic seconds count within this process.
        provider: Whose pace it is, by name.
        scripts: Where the processes share it; None when there is one only.
        processes: That share it; while Redis is away each goes at its part of the pace.
        sleep: How to wait, in seconds.

    """

    def __init__(
        self,
        per_second: int,
        clock: Clock,
        *,
        provider: str,
        scripts: Scripts | None = None,
        processes: int = 1,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval_us = round(1_000_000 / per_second)
        self._clock = clock
        self._key = keys.payment_pace(provider)
        self._scripts = scripts
        self._share_s = processes / per_second
        self._sleep = sleep
        self._next_s = self._quiet_s = clock.monotonic_s()

    async def turn(self) -> None:
        """Wait for the next turn; one at a time, for a turn that is given up is lost."""
        wait = await self._ask()
        now = self._clock.monotonic_s()
        if wait is None:
            wait = self._next_s - now
        # A turn that comes while the provider wants quiet is taken afterwards.
        wait = max(wait, self._quiet_s - now)
        if wait > 0:
            await self._sleep(wait)
        # From now on, not from when it was due: a late turn must not push the next one.
        self._next_s = self._clock.monotonic_s() + self._share_s

    def slow(self) -> None:
        """Give no turn for a moment: the provider asks for fewer requests."""
        self._quiet_s = self._clock.monotonic_s() + SLOW_S

    async def _ask(self) -> float | None:
        """How long to wait for a shared turn, in seconds; None when nobody can say."""
        if self._scripts is None:
            return None
        try:
            wait_us = await self._scripts.call(
                "payment_pace", [self._key], [self._interval_us, MOST_AHEAD]
            )
        except Outage:
            logger.warning("redis cannot pace the payments: this process keeps to its share")
            return None
        return int(wait_us) / 1_000_000
