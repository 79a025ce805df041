"""Openings of one viewer run one after the other.

Each holds stock before the book knows of it. Two at once would take it from each other: a
viewer would hear "sold out" of what they hold themselves, and keep it from everybody else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from base.errors import Outage, RateLimited
from base.ids import new_id
from store.redis import keys

if TYPE_CHECKING:
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

    def of(self, viewer: str) -> _Turn:
        """The viewer's turn, first come, first served within this process.

        Entering it raises:
            RateLimited: Too many of this viewer's wait: that is a client's fault, and no outage.
            Outage: Others had it for too long.

        """
        return _Turn(self, viewer)

    async def begin(self, viewer: str) -> str:
        """Wait for the viewer's turn; returns what it is given back with."""
        queue = self._queues.setdefault(viewer, _Queue())
        if queue.inside >= MOST_WAITING:
            raise RateLimited(FULL_MS)
        queue.inside += 1
        try:
            until = asyncio.get_running_loop().time() + WAIT_S
            await self._await_lock(queue, until)
            try:
                return await self._lease(viewer, until)
            except BaseException:
                queue.lock.release()
                raise
        except BaseException:
            self._leave(viewer, queue)
            raise

    def end(self, viewer: str, token: str) -> None:
        """Give a turn back."""
        if self._scripts is not None:
            # Nobody waits for this: whoever lost a stampede hears of it a round trip earlier.
            self._let_go(self._scripts, viewer, token)
        queue = self._queues[viewer]
        queue.lock.release()
        self._leave(viewer, queue)

    def _leave(self, viewer: str, queue: _Queue) -> None:
        queue.inside -= 1
        if not queue.inside:
            del self._queues[viewer]

    async def _await_lock(self, queue: _Queue, until: float) -> None:
        if queue.inside == 1:
            await queue.lock.acquire()
            return
        try:
            async with asyncio.timeout_at(until):
                await queue.lock.acquire()
        except TimeoutError:
            raise Outage from None

    async def _lease(self, viewer: str, until: float) -> str:
        """The turn among processes."""
        if self._scripts is None:
            return ""
        token = new_id("turn")
        try:
            await self._take(self._scripts, viewer, token, until)
        except BaseException:
            # Whoever is cancelled may have it without knowing.
            self._let_go(self._scripts, viewer, token)
            raise
        return token

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

    def _let_go(self, scripts: Scripts, viewer: str, token: str) -> None:
        with suppress(Outage):
            self._tasks.detach(self._give_back(scripts, viewer, token))

    async def _give_back(self, scripts: Scripts, viewer: str, token: str) -> None:
        with suppress(Outage):
            await scripts.call("opening_done", [keys.opening(viewer)], [token])


class _Turn:
    """A turn while its block runs: a generator's would cost three times as much."""

    __slots__ = ("_token", "_turns", "_viewer")

    def __init__(self, turns: Turns, viewer: str) -> None:
        self._turns = turns
        self._viewer = viewer
        self._token = ""

    async def __aenter__(self) -> None:
        self._token = await self._turns.begin(self._viewer)

    async def __aexit__(self, *_: object) -> None:
        self._turns.end(self._viewer, self._token)
