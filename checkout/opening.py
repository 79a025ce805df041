"""Opening a checkout: the key decides whether it is new, then the stock is reserved."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from base.errors import InProgress, KeyReused, Outage, PriceChanged, Refused
from base.ids import derived_id
from cart.holds import StalePrice
from checkout import rows
from checkout.change import Change
from checkout.flights import Flight, Flights, Outcome, Told
from checkout.opened import BUSY, Opened, look
from checkout.pricing import Quote, quote
from checkout.race import Raced
from checkout.record import Record
from checkout.reservation import HoldLost, Reservation
from checkout.state import State
from checkout.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from base.identity import Actor
    from checkout.ending import Ending
    from checkout.parts import Parts
    from checkout.reconcile import Reconciler
    from checkout.wish import Wish
    from shop.product import SkuFacts

__all__ = ["Opening"]

logger = logging.getLogger(__name__)

AT_ONCE: Final = 50
"""Checkouts that are opened together: one round trip to the gate, one operation of the book."""

TRIES: Final = 4
"""Against prices that change and other purchases of the viewer while this one opens."""


class Opening:
    """Makes a checkout of a wish, once per viewer and key.

    What is asked for in one turn of the loop is opened together. Only what meets something
    unusual goes on by itself.
    """

    def __init__(self, parts: Parts, reconciler: Reconciler, ending: Ending) -> None:
        self._parts = parts
        self._reconciler = reconciler
        self._ending = ending
        self._reservation = Reservation(parts)
        self._turns = Turns(parts.scripts, parts.tasks)
        self._flights = Flights(parts.tasks, self._start, self._give_turn_back)

    async def open(self, actor: Actor, key: str, wish: Wish, show: str | None) -> Record:
        """The checkout of that key, made now or before; who goes away does not stop it.

        Raises:
            KeyReused, SoldOut, PriceChanged, InProgress, Conflict, NotFound, Invalid,
                RateLimited: As the contract says; the key is free again.
            Outage: A repeat of the key finds out what became of it.

        """
        landed: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self.begin(actor, key, wish, show, partial(_tell, landed))
        try:
            return await landed
        finally:
            # An error holds this frame, and what has landed holds the error.
            del landed

    def begin(self, actor: Actor, key: str, wish: Wish, show: str | None, told: Told) -> None:
        """Open; ``told`` is called once with what :meth:`open` returns or raises."""
        ident = derived_id("co", self._parts.secret, actor.id, key)
        self._flights.ask(ident, actor, wish, show, told)

    def _start(self, new: Sequence[Flight]) -> None:
        together = []
        queued: set[str] = set()
        for flight in new:
            viewer = flight.actor.id
            is_alone = flight.wish.is_whole_cart or viewer in queued
            if is_alone or not self._turns.enter(viewer):
                # What the same viewer asks for after it comes after it.
                queued.add(viewer)
                self._flights.keep([flight], self._alone(flight))
            else:
                flight.turn = ""
                together.append(flight)
        for first in range(0, len(together), AT_ONCE):
            some = together[first : first + AT_ONCE]
            self._flights.keep(some, self._together(some))

    def _give_turn_back(self, flight: Flight) -> None:
        if flight.turn is not None:
            self._turns.end(flight.actor.id, flight.turn)

    # Together: each has its viewer's turn in this process.

    async def _together(self, flights: Sequence[Flight]) -> None:
        ready = []
        turns = await self._turns.lease([flight.actor.id for flight in flights])
        for flight, turn in zip(flights, turns, strict=True):
            if turn is None:
                # Another process opens something for the same viewer.
                self._turns.end(flight.actor.id, "")
                flight.turn = None
                self._flights.keep([flight], self._alone(flight))
            else:
                flight.turn = turn
                ready.append(flight)
        await self._try_all(ready)

    async def _try_all(self, flights: Sequence[Flight]) -> None:
        """Reserve first and look only when refused, for nearly always the key is new."""
        skus = dict.fromkeys(flight.wish.sku or "" for flight in flights)
        facts = await self._parts.catalog.facts([*skus])
        quotes: dict[str, Quote] = {}
        priced: list[tuple[Flight, Quote]] = []
        refused: list[tuple[Flight, Refused]] = []
        for flight in flights:
            wish = flight.wish
            try:
                # A crowd wants the same.
                found = quotes.get(wish.fingerprint) or _quoted(wish, facts)
            except Refused as refusal:
                refused.append((flight, refusal.with_traceback(None)))
            else:
                quotes[wish.fingerprint] = found
                priced.append((flight, found))
        drafts = [self._draft(flight, found) for flight, found in priced]
        pvs = [found.pvs for _, found in priced]
        again: list[Flight] = []
        outcomes = await self._reservation.take_all(drafts, pvs)
        for (flight, found), outcome in zip(priced, outcomes, strict=True):
            if isinstance(outcome, Opened) and outcome.cancelled is None:
                self._land(flight, outcome)
            elif isinstance(outcome, Refused) and not isinstance(outcome, KeyReused):
                refused.append((flight, outcome))
            elif isinstance(outcome, Raced):
                again.append(flight)
            else:
                self._go_on(flight, found, outcome)
        await self._show_again(again)
        await self._refuse(refused)

    def _land(self, flight: Flight, opened: Opened) -> None:
        record = opened.record
        if not _is_of(record, flight.wish):
            self._flights.land(flight, KeyReused())
            return
        if opened.is_new:
            self._reconciler.tell(Change(record, changed=True))
        self._flights.land(flight, record)

    def _go_on(self, flight: Flight, priced: Quote, outcome: Opened | BaseException) -> None:
        """Carry one on by itself that has met something unusual."""
        if isinstance(outcome, StalePrice):
            self._forget(priced, outcome.sku)
        if isinstance(outcome, Opened):
            work = self._tell_both(flight, outcome)
        elif isinstance(outcome, HoldLost):
            work = self._lose(flight)
        elif isinstance(outcome, KeyReused | StalePrice):
            # The gate may remember a try that never reached the book: that used no key up.
            work = self._find(flight, None)
        else:
            self._flights.land(flight, outcome)
            return
        self._flights.keep([flight], work)

    async def _show_again(self, flights: Sequence[Flight]) -> None:
        """Land who has pressed before, as nearly all have whose hold the gate knows."""
        if not flights:
            return
        idents = [flight.ident for flight in flights]
        found = await self._parts.book.read(rows.all_by_id, idents)
        for flight in flights:
            record = found.get(flight.ident)
            if record is not None and _is_of(record, flight.wish):
                self._flights.land(flight, record)
            else:
                self._flights.keep([flight], self._find(flight, None))

    async def _refuse(self, refused: Sequence[tuple[Flight, Refused]]) -> None:
        """Tell who gets nothing, unless the book knows their key or another purchase of theirs.

        Who lost a flash sale is nearly always unknown.
        """
        if not refused:
            return
        asked = [(flight.ident, flight.actor.id) for flight, _ in refused]
        known = await self._parts.book.read(rows.known, asked)
        for (flight, refusal), is_known in zip(refused, known, strict=True):
            if is_known:
                self._flights.keep([flight], self._find(flight, refusal))
            else:
                self._flights.land(flight, refusal)

    async def _tell_both(self, flight: Flight, opened: Opened) -> None:
        if opened.cancelled is not None:
            await self._reconciler.announce(Change(opened.cancelled, changed=True))
        self._land(flight, opened)

    async def _lose(self, flight: Flight) -> None:
        self._flights.land(flight, await self._end_lost(flight.ident))

    # Alone.

    async def _alone(self, flight: Flight) -> None:
        flight.turn = await self._turns.begin(flight.actor.id)
        if flight.wish.is_whole_cart:
            # Looked up first: it is empty once it was bought.
            await self._find(flight, None)
        else:
            await self._try_all([flight])

    async def _find(self, flight: Flight, refusal: Refused | None) -> None:
        """Look what the book knows, then try again."""
        for _ in range(TRIES):
            found = await self._parts.book.read(look, flight.ident, flight.actor.id)
            if found.same is not None:
                self._flights.land(flight, _of_same_body(found.same, flight.wish))
                return
            if found.other is not None:
                await self._priced(flight)
                # First: its own hold may be what makes this one sold out.
                await self._make_room(found.other)
            elif refusal is not None:
                self._flights.land(flight, refusal)
                return
            refusal = None
            with suppress(Raced):
                self._flights.land(flight, await self._try(flight))
                return
        raise Outage

    async def _try(self, flight: Flight) -> Record:
        priced = await self._priced(flight)
        draft = self._draft(flight, priced)
        try:
            opened = await self._reservation.take(draft, priced.pvs, looked=True)
        except StalePrice as stale:
            self._forget(priced, stale.sku)
            raise Raced from stale
        except HoldLost:
            return await self._end_lost(draft.id)
        if opened.cancelled is not None:
            await self._reconciler.announce(Change(opened.cancelled, changed=True))
        record = _of_same_body(opened.record, flight.wish)
        return await self._reconciler.announce(Change(record, changed=opened.is_new))

    async def _end_lost(self, ident: str) -> Record:
        """End a checkout whose hold is gone; what its viewer has cancelled lost it rightly."""
        found = await self._parts.book.read(rows.by_id, ident)
        if found is not None and not found.is_open:
            logger.warning("%s was %s while it was being opened", ident, found.state)
            return found
        logger.error("drift: the hold of %s was ended by somebody else", ident)
        return await self._ending.end(ident)

    async def _priced(self, flight: Flight) -> Quote:
        wish = flight.wish
        if wish.sku is not None:
            return _quoted(wish, await self._parts.catalog.facts([wish.sku]))
        cart = await self._parts.carts.get(flight.actor.id)
        wanted = [(line.sku, line.qty) for line in cart.lines]
        facts = await self._parts.catalog.facts([sku for sku, _ in wanted])
        return _quoted(wish, facts, wanted)

    async def _make_room(self, other: Record) -> None:
        """Cancel what the viewer has reserved, and wait until the gate has its stock back."""
        if other.state is not State.RESERVED:
            raise InProgress(BUSY, checkout=other.id)
        ended = await self._ending.end(other.id)
        if ended.is_open:
            raise InProgress(BUSY, checkout=other.id)
        if ended.state is not State.PAID:
            for shop in ended.shops:
                await self._parts.holds.settle(ended.id, shop, "released")

    def _draft(self, flight: Flight, priced: Quote) -> Record:
        actor, wish = flight.actor, flight.wish
        now, terms = self._parts.clock.now_ms(), self._parts.terms
        return Record(
            id=flight.ident,
            version=1,
            viewer=actor.id,
            viewer_name=actor.name,
            fingerprint=wish.fingerprint,
            whole_cart=wish.is_whole_cart,
            show=flight.show,
            state=State.RESERVED,
            currency=priced.currency,
            lines=priced.lines,
            subtotal=priced.total,
            shipping=0,
            discount=0,
            tax=0,
            total=priced.total,
            pay_by=now + terms.pay_ms,
            hold_until=now + terms.hold_ms,
            created_at=now,
            next_at=now + terms.pay_ms,
        )

    def _forget(self, priced: Quote, sku: str) -> None:
        for line in priced.lines:
            if line.sku == sku:
                self._parts.catalog.forget(line.product)


def _tell(landed: asyncio.Future[Record], outcome: Outcome) -> None:
    if landed.done():
        return
    if isinstance(outcome, BaseException):
        landed.set_exception(outcome)
    else:
        landed.set_result(outcome)


def _quoted(
    wish: Wish, facts: Mapping[str, SkuFacts], cart: Sequence[tuple[str, int]] = ()
) -> Quote:
    priced = quote(cart if wish.sku is None else [(wish.sku, wish.qty)], facts)
    if wish.expected_total is not None and wish.expected_total != priced.total:
        raise PriceChanged(priced.total)
    return priced


def _of_same_body(record: Record, wish: Wish) -> Record:
    if not _is_of(record, wish):
        raise KeyReused
    return record


def _is_of(record: Record, wish: Wish) -> bool:
    return record.fingerprint == wish.fingerprint
