"""People who watch: each sees the pins and counts its feed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from bots.client import Client, Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.frames import Map
    from bots.pins import Pinboard
    from bots.till import Till
    from bots.tokens import Mint
    from bots.unruly import Habit

__all__ = ["Venue", "Viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """What the bots of one process share.

    ``run`` is drawn anew each time and makes accounts and keys of its own; ``seed`` decides what
    the bots do.
    """

    line: Line
    mint: Mint
    pins: Pinboard
    till: Till
    run: str
    seed: int


class Viewer:
    """A guest or, every second one, an account with a token.

    Args:
        venue: What all bots share.
        index: Counts the viewers from 0.
        habit: How it misbehaves, if it does.

    Attributes:
        on_checkout: Called with every ``checkout`` event, if set.

    """

    __slots__ = ("_guest_token", "_venue", "client", "habit", "index", "on_checkout")

    def __init__(self, venue: Venue, index: int, habit: Habit | None = None) -> None:
        self.index = index
        self.habit = habit
        self.on_checkout: Callable[[Map], object] | None = None
        self.client = Client(
            venue.line,
            f"bot-{venue.run}-{index}",
            credentials=self._credentials,
            on_event=self._see,
            is_steady=habit is None,
        )
        self._venue = venue
        self._guest_token = ""

    @property
    def who(self) -> str:
        """A name for the report, and the account's."""
        return self.client.who

    @property
    def seed(self) -> int:
        """What decides what it does."""
        return self._venue.seed

    def new_rng(self) -> Random:
        """Draws what it does, the same in every run of a seed."""
        return Random(f"{self.seed}/viewer/{self.index}")

    @property
    def bearer(self) -> str:
        """The token that speaks for this viewer over HTTP."""
        if self._is_guest:
            return self._guest_token
        return self._venue.mint.token(self.who, "viewer", f"Bot {self.index}")

    async def enter(self) -> None:
        """Join the show. Raises what :meth:`Client.enter` raises."""
        snapshot = await self.client.enter()
        self._guest_token = snapshot.get("guest_token", "")

    @property
    def _is_guest(self) -> bool:
        return self.index % 2 == 1

    def _credentials(self) -> Map:
        if not self._is_guest:
            return {"token": self.bearer}
        return {"guest_token": self._guest_token} if self._guest_token else {}

    def _see(self, event: Map) -> None:
        if event["ev"] == "pinned":
            self._venue.pins.see(self.client.feed.epoch, event, counted=self.habit is None)
        elif event["ev"] == "checkout" and self.on_checkout is not None:
            self.on_checkout(event["checkout"])
