"""Time, passed in: nobody else reads the wall clock."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the time comes from."""

    def now_ms(self) -> int:
        """Wall-clock time in Unix milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back, for budgets and waits."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Wall-clock time in Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
