"""A timing wheel: deadlines of a whole crowd without a timer each.

Slots of a second; whoever is due is asked once, and says when to ask again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import Final, Protocol

from base.clock import Clock

__all__ = ["Due", "Wheel"]

logger = logging.getLogger(__name__)

SLOT_S: Final = 1.0


class Due(Protocol):
    """Something with deadlines."""

    def due(self, now_s: float) -> float | None:
        """Do what is due.

        Returns:
            When to be asked again, in monotonic seconds; None: never.

        """
        ...


class Wheel:
    """Asks everybody who is due, once a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slots: defaultdict[int, list[Due]] = defaultdict(list)
        self._next = int(clock.monotonic_s())

    def add(self, due: Due, at_s: float) -> None:
        """Ask ``due`` at ``at_s``, or up to a second later."""
        self._slots[max(int(at_s / SLOT_S) + 1, self._next)].append(due)

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            await asyncio.sleep(SLOT_S / 2)
            self.turn()

    def turn(self) -> None:
        """Ask everybody whose slot has passed."""
        now_s = self._clock.monotonic_s()
        while self._next <= int(now_s / SLOT_S):
            for due in self._slots.pop(self._next, ()):
                self._ask(due, now_s)
            self._next += 1

    def _ask(self, due: Due, now_s: float) -> None:
        try:
            again = due.due(now_s)
        except Exception:
            # One broken connection must not stop everybody's clock.
            logger.exception("a deadline failed")
            return
        if again is not None:
            slot = max(int(again / SLOT_S) + 1, self._next + 1)
            self._slots[slot].append(due)
