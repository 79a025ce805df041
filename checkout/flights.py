"""Openings under way in this process: each key once, however often it is asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from base.errors import Outage, RateLimited
from checkout.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.identity import Actor
    from base.tasks import Tasks
    from checkout.wish import Wish

__all__ = ["WAIT_S", "Flight", "Flights", "Outcome", "Told"]

logger = logging.getLogger(__name__)

WAIT_S: Final = 15.0
"""How long a buyer waits for a reservation; what was begun, a repeat of the key finds."""

MOST_ASKING: Final = 32
"""Who waits for one key; nobody clicks that often, a broken client does."""

BUSY: Final = 4
"""Works on the way while new flights are not started one by one but wait for company: each work
costs as much as several flights do. Some are at the gate while others are at the book.
"""

ENOUGH: Final = 50
"""Company enough."""

COMPANY_S: Final = 0.02
"""No longer is it waited for: works may be slow for reasons of their own."""

FULL_MS: Final = 1_000

Outcome = Record | BaseException
"""The checkout, or why there is none."""

Told = Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class Flight:
    """A checkout that is being opened.

    Attributes:
        ident: Of the checkout.
        told: Who asked for just this.
        others: Who asked for something else with the same key: they begin when it has landed.
        until_s: By the loop's clock, when it has landed at the latest.
        turn: What its viewer's turn is given back with; None while it has none.
        keeper: The work that lands it.

    """

    ident: str
    actor: Actor
    wish: Wish
    show: str | None
    told: list[Told]
    others: list[Callable[[float], None]] = field(default_factory=list)
    until_s: float = 0.0
    turn: str | None = None
    keeper: object = None


class Flights:
    """Starts together what is asked for in a moment, and lands every one.

    The moment is a turn of the loop, and while there is much to do, until a work has ended.

    Args:
        tasks: Owns the work on them, which goes on when who asked has gone away.
        start: Begins work on new ones.
        on_end: Told of each that has landed, before who asked.

    """

    def __init__(
        self,
        tasks: Tasks,
        start: Callable[[Sequence[Flight]], None],
        on_end: Callable[[Flight], None],
    ) -> None:
        self._tasks = tasks
        self._start = start
        self._on_end = on_end
        self._under_way: dict[str, Flight] = {}
        self._works = 0
        self._new: list[Flight] = []
        self._waiting: asyncio.TimerHandle | None = None

    def ask(self, ident: str, actor: Actor, wish: Wish, show: str | None, told: Told) -> None:
        """Have a checkout opened; ``told`` is called once, within :data:`WAIT_S`."""
        flight = self._under_way.get(ident)
        if flight is None:
            flight = self._under_way[ident] = Flight(ident, actor, wish, show, [told])
            self._new.append(flight)
            if len(self._new) in {1, ENOUGH}:
                asyncio.get_running_loop().call_soon(self._look)
        elif len(flight.told) + len(flight.others) >= MOST_ASKING:
            told(RateLimited(FULL_MS))
        elif flight.wish.fingerprint == wish.fingerprint:
            flight.told.append(told)
        else:
            # Another body: the key is taken only if that one succeeds.
            flight.others.append(partial(self._ask_again, ident, actor, wish, show, told))

    def _ask_again(
        self, ident: str, actor: Actor, wish: Wish, show: str | None, told: Told, until_s: float
    ) -> None:
        self.ask(ident, actor, wish, show, told)
        flight = self._under_way.get(ident)
        if flight is not None and not flight.until_s:
            flight.until_s = until_s

    def keep(self, flights: Sequence[Flight], work: Coroutine[Any, Any, None]) -> None:
        """Have ``work`` land flights, unless it gives some into other keeping.

        What it leaves in the air lands with its error, or as an outage.
        """
        for flight in flights:
            flight.keeper = work
        try:
            task = self._tasks.start(self._in_time(flights, work))
        except Outage as outage:
            work.close()
            self._land_all(flights, work, outage)
        else:
            self._works += 1
            task.add_done_callback(lambda _: self._end(flights, work))

    def land(self, flight: Flight, outcome: Outcome) -> None:
        """Tell everybody who asked; once is enough."""
        if self._under_way.get(flight.ident) is not flight:
            return
        del self._under_way[flight.ident]
        try:
            self._on_end(flight)
        except Exception:
            logger.exception("the end of %s was not noted", flight.ident)
        # Let go of, for an error may hold the flight, and who is told holds the error.
        asked, flight.told = flight.told, []
        for told in asked:
            try:
                told(outcome)
            except Exception:
                logger.exception("nobody heard what became of %s", flight.ident)
        for begin in flight.others:
            begin(flight.until_s)

    def _look(self) -> None:
        if self._works < BUSY or len(self._new) >= ENOUGH:
            self._start_new()
        elif self._new and self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(COMPANY_S, self._start_new)

    def _start_new(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        new, self._new = self._new, []
        if not new:
            return
        until_s = asyncio.get_running_loop().time() + WAIT_S
        together = []
        for flight in new:
            if flight.until_s:
                # It has waited for another one already: the work ends when its time is over.
                self._start([flight])
            else:
                flight.until_s = until_s
                together.append(flight)
        if together:
            self._start(together)

    async def _in_time(self, flights: Sequence[Flight], work: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout_at(min(flight.until_s for flight in flights)):
                await work
        except TimeoutError:
            self._land_all(flights, work, Outage())
        except asyncio.CancelledError:
            # Ours, not theirs who asked.
            self._land_all(flights, work, Outage())
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to who asked
            self._land_all(flights, work, error)
        except BaseException as error:
            self._land_all(flights, work, error)
            raise

    def _end(self, flights: Sequence[Flight], work: Coroutine[Any, Any, None]) -> None:
        """After a task, which may have been cancelled before it began."""
        work.close()
        self._land_all(flights, work, Outage())
        self._works -= 1
        if self._new:
            self._look()

    def _land_all(self, flights: Sequence[Flight], work: object, outcome: Outcome) -> None:
        for flight in flights:
            if flight.keeper is work:
                self.land(flight, outcome)
