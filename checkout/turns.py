"""Openings of one viewer run one after the other.

Each holds stock before the book knows of it. Two at once would take it from each other: a
viewer would hear "sold out" of what they hold themselves, and keep it from everybody else.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from base.errors import Outage, RateLimited
from base.ids import new_id
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from base.tasks import Tasks
    from store.redis.scripts import Scripts

__all__ = ["MOST_WAITING", "Turns"]

WAIT_S: Final = 6.0
"""For a turn; longer than ``LEASE_MS``, so that a process that died costs nobody an answer."""

LEASE_MS: Final = 4_000
"""An opening that takes longer may meet another one, which the book sorts out."""

LOOKS_S: Final = (0.01, 0.02, 0.05)
"""Waits between looks whether another process is done; the last one repeats."""

MOST_WAITING: Final = 32
"""Openings of one viewer in this process; nobody clicks that often, a broken client does."""

FULL_MS: Final = 1_000
"""Until then the ones that wait have had their turns."""


@dataclass(slots=True)
class _Queue:
    """A viewer's openings in this process, in the order in which they came."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    inside: int = 0


class Turns:
    """One turn at a time for each viewer.

    Args:
        scripts: Where other processes are noticed; None when no other serves these viewers.
        tasks: Owns the turns that are being given back.

    """

    def __init__(self, scripts: Scripts | None, tasks: Tasks) -> None:
        self._scripts = scripts
        self._tasks = tasks
        self._queues: dict[str, _Queue] = {}

    def __len__(self) -> int:
        """How many viewers have a turn or wait for one."""
        return len(self._queues)

    @asynccontextmanager
    async def of(self, viewer: str) -> AsyncIterator[None]:
        """The viewer's turn, first come, first served within this process.

        Raises:
            RateLimited: Too many of this viewer's wait: that is a client's fault, and no outage.
            Outage: Others had it for too long.

        """
        queue = self._queues.setdefault(viewer, _Queue())
        if queue.inside >= MOST_WAITING:
            raise RateLimited(FULL_MS)
        queue.inside += 1
        try:
            until = asyncio.get_running_loop().time() + WAIT_S
            try:
                if queue.inside > 1:
                    async with asyncio.timeout_at(until):
                        await queue.lock.acquire()
                else:
                    await queue.lock.acquire()
            except TimeoutError:
                raise Outage from None
            try:
                async with self._lease(viewer, until):
                    yield
            finally:
                queue.lock.release()
        finally:
            queue.inside -= 1
            if not queue.inside:
                del self._queues[viewer]

    @asynccontextmanager
    async def _lease(self, viewer: str, until: float) -> AsyncIterator[None]:
        """The turn among processes."""
        if self._scripts is None:
            yield
            return
        token = new_id("turn")
        await self._take(self._scripts, viewer, token, until)
        try:
            yield
        finally:
            # Nobody waits for this: whoever lost a stampede hears of it a round trip earlier.
            with suppress(Outage):
                self._tasks.detach(self._give_back(self._scripts, viewer, token))

    async def _take(self, scripts: Scripts, viewer: str, token: str, until: float) -> None:
        loop, looks = asyncio.get_running_loop(), iter(LOOKS_S)
        while not await self._ask(scripts, viewer, token):
            if loop.time() >= until:
                raise Outage
            await asyncio.sleep(next(looks, LOOKS_S[-1]))

    async def _ask(self, scripts: Scripts, viewer: str, token: str) -> bool:
        """Whether the turn is ours, or nobody's: without Redis there is nothing to hold."""
        try:
            word = await scripts.command("SET", keys.opening(viewer), token, "NX", "PX", LEASE_MS)
        except Outage:
            # A repeat of a key still finds its checkout in the book.
            return True
        return word is not None

    async def _give_back(self, scripts: Scripts, viewer: str, token: str) -> None:
        with suppress(Outage):
            await scripts.call("opening_done", [keys.opening(viewer)], [token])
