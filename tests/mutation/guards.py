"""Guards of the purchase, each with the change that takes it away.

Whoever rewrites a guard rewrites it here too: a unit test looks whether its text and its tests
still are where this says. A test of a story names the guard that it kills.
"""

from __future__ import annotations

from typing import Final

from tests.mutation.money_guards import MONEY_GUARDS
from tests.mutation.stock_guards import STOCK_GUARDS
from tests.mutation.story_guards import STORY_GUARDS

__all__ = ["GUARDS", "SIMULATED"]

SIMULATED: Final = 15
"""So many at least must be noticed by the simulation alone."""

GUARDS: Final = (*STOCK_GUARDS, *MONEY_GUARDS, *STORY_GUARDS)
