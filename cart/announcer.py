"""Who tells a viewer's sockets what became of their cart, checkout or order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from msgspec import Struct

__all__ = ["Announcer"]


class Announcer(Protocol):
    """Sends private events, best effort: a viewer who is away asks again anyway."""

    def tell(
        self,
        viewer: str,
        name: Literal["cart", "checkout", "order"],
        thing: Struct,
        *,
        again: bool = False,
    ) -> None:
        """Send ``thing`` to all sockets of a viewer; never waits and never raises.

        Args:
            viewer: Whose it is.
            name: Of the event.
            thing: As it is now.
            again: Whether its state was told before, and only something else is new.

        """
        ...
