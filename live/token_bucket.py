"""Budgets: so many in a burst, then so many a second."""

from __future__ import annotations

__all__ = ["TokenBucket"]

ROUNDING_S = 1e-9
"""Sums of floats miss the exact moment by less than this."""


class TokenBucket:
    """A token bucket without a timer (GCRA): two floats of state.

    Args:
        per_second: Steady rate.
        burst: How many may come at once.

    """

    __slots__ = ("_ahead_s", "_every_s", "_whole_at_s")

    def __init__(self, per_second: float, burst: int) -> None:
        self._every_s = 1.0 / per_second
        self._ahead_s = burst * self._every_s
        self._whole_at_s = 0.0

    def take(self, now_s: float) -> int:
        """Use one up.

        Returns:
            0 when there was one, else how many milliseconds until there is.

        """
        whole_at = max(self._whole_at_s, now_s) + self._every_s
        wait_s = whole_at - now_s - self._ahead_s
        if wait_s > ROUNDING_S:
            return int(wait_s * 1000) + 1
        self._whole_at_s = whole_at
        return 0
