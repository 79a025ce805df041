"""Faults on demand: what a real provider does on a bad day.

Kept in memory only: a provider that is started again is well.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["Faults", "Orders"]


class Orders(Struct, frozen=True, forbid_unknown_fields=True):
    """Which faults to show; what is left out is well.

    Attributes:
        webhooks: ``duplicate`` sends each twice at the same time, ``drop`` loses it for good,
            ``delay`` sends it ``delay_s`` late, ``reorder`` does so with every other one, so
            that its successor overtakes it.
        delay_s: Seconds.
        next_confirm: For one confirm: ``500_then_success`` carries it out and answers 500,
            ``429`` turns it away.

    """

    webhooks: Literal["normal", "duplicate", "drop", "reorder", "delay"] = "normal"
    delay_s: Annotated[float, Meta(ge=0, le=60)] = 0.5
    next_confirm: Literal["500_then_success", "429"] | None = None


class Faults:
    """The faults that are in force."""

    def __init__(self) -> None:
        self._orders = Orders()
        self._confirm: str | None = None
        self._odd = False

    def order(self, orders: Orders) -> None:
        """Replace the faults in force."""
        self._orders = orders
        self._confirm = orders.next_confirm
        self._odd = False

    def take_confirm(self) -> str | None:
        """The fault of this confirm; the next one is well."""
        fault, self._confirm = self._confirm, None
        return fault

    def sends(self) -> tuple[float, ...]:
        """After how many seconds to send each copy of the next webhook."""
        match self._orders.webhooks:
            case "normal":
                return (0.0,)
            case "duplicate":
                return (0.0, 0.0)
            case "drop":
                return ()
            case "delay":
                return (self._orders.delay_s,)
            case "reorder":
                self._odd = not self._odd
                return (self._orders.delay_s if self._odd else 0.0,)
