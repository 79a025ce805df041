"""How long to wait before Redis is tried again."""

from __future__ import annotations

import asyncio
import random
from typing import Final

__all__ = ["Backoff"]

FIRST_S: Final = 0.05
"""An embedded Redis is back within it."""

LONGEST_S: Final = 2.0


class Backoff:
    """Waits twice as long after each failure, up to two seconds.

    Half of each wait is left to chance, so that nodes do not all come back at once.
    """

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        """It worked: start small again."""
        self._failures = 0

    async def wait(self) -> None:
        """Wait after a failure."""
        longest = min(LONGEST_S, FIRST_S * 2 ** min(self._failures, 10))
        self._failures += 1
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
