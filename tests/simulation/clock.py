"""The wall clock of the simulation; it follows the loop, and may jump."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START_MS = 1_790_000_000_000


class VirtualClock:
    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._ahead_ms = 0

    def now_ms(self) -> int:
        return START_MS + round(self._now_s() * 1000) + self._ahead_ms

    def monotonic_s(self) -> float:
        return self._now_s()

    def jump(self, by_ms: int) -> None:
        """Forward, as when a machine that slept learns the time."""
        self._ahead_ms += by_ms
