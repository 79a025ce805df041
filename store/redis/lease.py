"""A lease: one process at a time does what it names, another one soon after that died."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from store.redis import keys

if TYPE_CHECKING:
    from store.redis.scripts import Scripts

__all__ = ["LEASE_MS", "Lease"]

LEASE_MS: Final = 5_000
"""Long enough for a slow round, short enough that a dead process is soon replaced."""


class Lease:
    """The right to do periodic work.

    Two may have it for a moment, when one was stopped for longer than it lasts: the work must
    bear that.

    Args:
        scripts: Where the lease is.
        name: The work.
        node: Names this process; unique.
        lasts_ms: How long, unless it is renewed before.

    """

    def __init__(
        self, scripts: Scripts, name: str, node: str, *, lasts_ms: int = LEASE_MS
    ) -> None:
        self._scripts = scripts
        self._lasts_ms = lasts_ms
        self._key = keys.lease(name)
        self._node = node

    async def held(self) -> bool:
        """Take or renew it; whether this process has it now.

        Raises:
            Outage: Redis does not answer.

        """
        ask = self._scripts.command
        if await ask("SET", self._key, self._node, "NX", "PX", self._lasts_ms) is not None:
            return True
        if await ask("GET", self._key) != self._node.encode():
            return False
        await ask("PEXPIRE", self._key, self._lasts_ms)
        return True
