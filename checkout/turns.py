"""Openings of one viewer run one after the other.

Each holds stock before the book knows of it. Two at once would take it from each other: a
viewer would hear "sold out" of what they hold themselves, and keep it from everybody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from base.errors import Outage, RateLimited
from base.ids import new_id
from store.redis import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

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

AT_ONCE: Final = 50
"""Turns that are given back in one round trip."""

_Given = tuple[str, str]
"""A turn that is given back: its viewer, and with what."""


class Turns:
    """One turn at a time for each viewer, first come, first served within this process.

    Args:
        scripts: Where other processes are noticed; None when no other serves these viewers.
        tasks: Owns the turns that are being given back.

    """

    def __init__(self, scripts: Scripts | None, tasks: Tasks) -> None:
        self._scripts = scripts
        self._tasks = tasks
        # Of viewers who have a turn: those of this process who wait for it.
        self._waiting: dict[str, deque[asyncio.Future[None]] | None] = {}
        self._given_back: list[_Given] = []

    def __len__(self) -> int:
        """How many viewers have a turn or wait for one."""
        return len(self._waiting)

    def enter(self, viewer: str) -> bool:
        """Take the viewer's turn in this process if nobody has it; then :meth:`lease` it."""
        if viewer in self._waiting:
            return False
        self._waiting[viewer] = None
        return True

    async def lease(self, viewers: Sequence[str]) -> list[str | None]:
        """The turns among processes, of viewers whose turn in this one we have.

        Returns:
            What each is given back with; None where another process has it.

        """
        if self._scripts is None:
            return [""] * len(viewers)
        tokens = [new_id("turn") for _ in viewers]
        wanted = list(zip(viewers, tokens, strict=True))
        try:
            words = await self._scripts.command_all(
                [("SET", keys.opening(one), token, "NX", "PX", LEASE_MS) for one, token in wanted]
            )
        except BaseException:
            # Whoever is cancelled may have them without knowing.
            self._let_go(wanted)
            raise
        # Without Redis there is nothing to hold: a repeat of a key finds its checkout in the book.
        return [None if word is None else token for token, word in zip(tokens, words, strict=True)]

    async def begin(self, viewer: str) -> str:
        """Wait for the viewer's turn; returns what it is given back with.

        Raises:
            RateLimited: Too many of this viewer's wait: that is a client's fault, and no outage.
            Outage: Others had it for too long.

        """
        until = asyncio.get_running_loop().time() + WAIT_S
        if not self.enter(viewer):
            await self._wait(viewer, until)
        try:
            return await self._insist(viewer, until)
        except BaseException:
            self.end(viewer, "")
            raise

    def end(self, viewer: str, token: str) -> None:
        """Give a turn back."""
        if token:
            # Nobody waits for this: whoever lost a stampede hears of it a round trip earlier.
            self._given_back.append((viewer, token))
            if len(self._given_back) == 1:
                asyncio.get_running_loop().call_soon(self._let_all_go)
        waiting = self._waiting[viewer]
        while waiting:
            one = waiting.popleft()
            if not one.done():
                one.set_result(None)
                return
        del self._waiting[viewer]

    async def _wait(self, viewer: str, until: float) -> None:
        waiting = self._waiting[viewer]
        if waiting is None:
            waiting = self._waiting[viewer] = deque()
        if len(waiting) >= MOST_WAITING - 1:
            raise RateLimited(FULL_MS)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            async with asyncio.timeout_at(until):
                await turn
        except BaseException as error:
            if turn in waiting:
                waiting.remove(turn)
            elif not turn.cancelled():
                # It came in the very moment in which we went. One that was cancelled may have been
                # passed over already: then it came to somebody else.
                self.end(viewer, "")
            if isinstance(error, TimeoutError):
                raise Outage from None
            raise

    async def _insist(self, viewer: str, until: float) -> str:
        loop, looks = asyncio.get_running_loop(), iter(LOOKS_S)
        while True:
            (token,) = await self.lease([viewer])
            if token is not None:
                return token
            if loop.time() >= until:
                raise Outage
            await asyncio.sleep(next(looks, LOOKS_S[-1]))

    def _let_all_go(self) -> None:
        given, self._given_back = self._given_back, []
        self._let_go(given)

    def _let_go(self, given: Sequence[_Given]) -> None:
        with suppress(Outage):
            self._tasks.detach(self._give_back(given))

    async def _give_back(self, given: Sequence[_Given]) -> None:
        scripts = self._scripts
        if scripts is None:
            return
        calls = [([keys.opening(viewer)], [token]) for viewer, token in given]
        for first in range(0, len(calls), AT_ONCE):
            await scripts.call_all("opening_done", calls[first : first + AT_ONCE])
