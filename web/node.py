"""What a node measures of itself, read from its gateway, its rooms and its queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live.front import Gateway

__all__ = ["GatewayNode"]


class GatewayNode:
    """The numbers that metrics ask for.

    Args:
        feed_silent_s: Seconds since Redis was last heard.
        payments_waiting: Payments that wait for their turn.

    """

    def __init__(
        self,
        gateway: Gateway,
        feed_silent_s: Callable[[], float],
        payments_waiting: Callable[[], int],
    ) -> None:
        self._gateway = gateway
        self._feed_silent_s = feed_silent_s
        self._payments_waiting = payments_waiting

    @property
    def viewers(self) -> int:
        """Who watches on this node."""
        return sum(fan_out.watching for _, fan_out in self._gateway.hub.rooms.open)

    @property
    def sockets(self) -> int:
        """Open WebSocket connections."""
        return len(self._gateway.connections)

    @property
    def rooms(self) -> int:
        """Shows that are open on this node."""
        return len(list(self._gateway.hub.rooms.open))

    @property
    def tasks(self) -> int:
        """Tasks under way in the loop."""
        return len(asyncio.all_tasks())

    @property
    def payments_waiting(self) -> int:
        """Payments that wait for their turn to the provider."""
        return self._payments_waiting()

    @property
    def feed_silent_s(self) -> float:
        """Seconds since Redis was last heard."""
        return self._feed_silent_s()

    @property
    def closes(self) -> Mapping[int, int]:
        """Closed WebSocket connections by close code."""
        return self._gateway.closes
