"""How often callers may ask: a budget each, in a table that cannot grow."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from base.errors import RateLimited
from live.token_bucket import TokenBucket

if TYPE_CHECKING:
    from base.clock import Clock
    from base.settings import Settings
    from web.caller import Caller

__all__ = ["Budgets"]

MOST_CALLERS: Final = 20_000
"""Kept at once; who has not asked for longest is forgotten, and starts with a full budget."""


class Budgets:
    """Counts requests by account, or by address for who shows no token.

    Args:
        settings: ``commands_per_second``, ``commands_burst`` and ``limit_loopback``.

    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._budgets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._budgets)

    def take(self, caller: Caller) -> None:
        """Count a request.

        Raises:
            RateLimited: The caller's budget is used up.

        """
        if caller.actor is None and caller.is_loopback and not self._settings.limit_loopback:
            return
        wait_ms = self._of(caller.budget_key).take(self._clock.monotonic_s())
        if wait_ms:
            raise RateLimited(wait_ms)

    def _of(self, key: str) -> TokenBucket:
        budget = self._budgets.get(key)
        if budget is None:
            settings = self._settings
            budget = TokenBucket(settings.commands_per_second, settings.commands_burst)
            self._budgets[key] = budget
            if len(self._budgets) > MOST_CALLERS:
                self._budgets.popitem(last=False)
        else:
            self._budgets.move_to_end(key)
        return budget
