"""What all sessions of a node share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, cast

from base.clock import Clock
from base.settings import Settings
from base.tasks import Tasks
from base.tokens import Tokens
from cart.cart import Cart
from live.close_codes import CloseCode
from live.handlers import Handlers
from live.meter import Meter, Unmetered
from live.private import Private, Recipient
from live.rooms import Rooms
from live.wheel import Wheel

__all__ = ["Hub"]

MOST_COMMANDS = 100_000
"""Connections of a node with a command under way: five times what a process can open here."""

SOCKETS_PER_ACCOUNT = 50
"""A person with several devices and tabs has few; beyond it the oldest is replaced."""


class MergesCarts(Protocol):
    """The carts, as joining needs them."""

    async def merge(self, guest: str, viewer: str) -> Cart:
        """Move a guest's cart into an account's."""
        ...


class _Closable(Protocol):
    def close(self, code: CloseCode) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The services and the state of one node's sockets."""

    settings: Settings
    clock: Clock
    tokens: Tokens
    rooms: Rooms
    private: Private
    handlers: Handlers
    carts: MergesCarts
    wheel: Wheel
    meter: Meter = field(default_factory=Unmetered)
    tasks: Tasks = field(default_factory=lambda: Tasks(MOST_COMMANDS))

    def replace_oldest(self, sockets: list[Recipient]) -> None:
        """Close an account's oldest sockets when it has too many."""
        for socket in sockets[:-SOCKETS_PER_ACCOUNT]:
            cast("_Closable", socket).close(CloseCode.REPLACED)
