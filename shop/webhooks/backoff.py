"""When a failed delivery is tried again, and when an endpoint is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

__all__ = ["OFF_MS", "RETRIES_S", "Backoff"]

RETRIES_S: Final = (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Waits of an event after each failure; after one more it is given up."""

FIRST_REST_S: Final = 5
LONGEST_REST_S: Final = 300
"""An endpoint that was down for hours hears of us within five minutes of its return."""

OFF_MS: Final = 5 * 24 * 3600 * 1000
"""An endpoint that has taken nothing for so long is switched off."""

SPREAD: Final = 0.2
"""Waits are up to a fifth shorter or longer, so that those who fell together do not return
together."""


class Backoff:
    """How long to wait.

    Args:
        chance: Spreads the waits.

    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def retry_ms(self, tries: int) -> int | None:
        """How long an event waits that was tried so often in vain; None: it is given up."""
        if tries > len(RETRIES_S):
            return None
        return self._spread(RETRIES_S[tries - 1])

    def rest_ms(self, failures: int) -> int:
        """How long an endpoint is left alone that has failed so often in a row."""
        doublings = min(failures - 1, LONGEST_REST_S)
        return self._spread(min(FIRST_REST_S * 2**doublings, LONGEST_REST_S))

    def _spread(self, seconds: int) -> int:
        return round(seconds * 1000 * self._chance.uniform(1 - SPREAD, 1 + SPREAD))
