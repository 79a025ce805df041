"""Opening a checkout: the key decides whether it is new, then the stock is reserved."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from base.errors import (
    InProgress,
    KeyReused,
    Outage,
    PriceChanged,
    Refused,
    YellowcartError,
)
from base.gathering import Gathering
from base.ids import derived_id
from cart.holds import StalePrice
from checkout import rows
from checkout.change import Change
from checkout.opened import BUSY, Found, look
from checkout.pricing import Quote, quote
from checkout.race import Raced
from checkout.record import Record
from checkout.reservation import HoldLost, Reservation
from checkout.state import State
from checkout.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.identity import Actor
    from checkout.ending import Ending
    from checkout.parts import Parts
    from checkout.reconcile import Reconciler
    from checkout.wish import Wish

__all__ = ["Opening"]

logger = logging.getLogger(__name__)

WAIT_S: Final = 15.0
"""How long a buyer waits for a reservation; what was begun, a repeat of the key finds."""

AT_ONCE: Final = 200
"""Losers looked up in one question."""

TRIES: Final = 4
"""Against prices that change and other purchases of the viewer while this one opens."""


@dataclass(frozen=True, slots=True)
class _Flight:
    """An opening that is under way in this process, and what comes of it."""

    fingerprint: str
    landed: asyncio.Future[Record]


class Opening:
    """Makes a checkout of a wish, once per viewer and key."""

    def __init__(self, parts: Parts, reconciler: Reconciler, ending: Ending) -> None:
        self._parts = parts
        self._reconciler = reconciler
        self._ending = ending
        self._reservation = Reservation(parts)
        self._looking = Gathering(self._known, parts.tasks, AT_ONCE)
        self._turns = Turns(parts.scripts, parts.tasks)
        self._flights: dict[str, _Flight] = {}

    async def open(self, actor: Actor, key: str, wish: Wish, show: str | None) -> Record:
        """The checkout of that key, made now or before.

        Raises:
            KeyReused, SoldOut, PriceChanged, InProgress, Conflict, NotFound, Invalid,
                RateLimited: As the contract says; the key is free again.
            Outage: A repeat of the key finds out what became of it.

        """
        ident = derived_id("co", self._parts.secret, actor.id, key)
        while (other := self._flights.get(ident)) is not None:
            if other.fingerprint == wish.fingerprint:
                try:
                    return await _landed(other.landed)
                finally:
                    del other  # as below
            # Another body: the key is taken only if that one succeeds.
            await asyncio.wait({other.landed}, timeout=WAIT_S)
            if not other.landed.done():
                raise KeyReused
        landed: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._flights[ident] = _Flight(wish.fingerprint, landed)
        try:
            async with asyncio.timeout(WAIT_S):
                record = await self._in_turn(actor, ident, wish, show)
        except TimeoutError:
            _fail(landed, Outage())
            raise Outage from None
        except YellowcartError as error:
            _fail(landed, error)
            raise
        except BaseException:
            _fail(landed, Outage())
            raise
        else:
            landed.set_result(record)
            return record
        finally:
            # An error holds this frame, and what has landed holds the error.
            del self._flights[ident], landed

    async def _in_turn(self, actor: Actor, ident: str, wish: Wish, show: str | None) -> Record:
        async with self._turns.of(actor.id):
            return await self._open(actor, ident, wish, show)

    async def _open(self, actor: Actor, ident: str, wish: Wish, show: str | None) -> Record:
        """Reserve first and look only when refused, for nearly always the key is new.

        A whole cart is looked up first: it is empty once it was bought.
        """
        refusal: Refused | None = None
        if not wish.is_whole_cart:
            try:
                return await self._try(actor, ident, wish, show, looked=False)
            except (KeyReused, Raced):
                # The gate may remember a try that never reached the book: that used no key up.
                pass
            except Refused as error:
                refusal = error
        for _ in range(TRIES):
            found = await self._look(ident, actor.id)
            if found.same is not None:
                return _of_same_body(found.same, wish.fingerprint)
            if found.other is not None:
                await self._priced(actor, wish)
                # First: its own hold may be what makes this one sold out.
                await self._make_room(found.other)
            elif refusal is not None:
                try:
                    raise refusal
                finally:
                    # Its traceback holds this frame: together they would wait for the
                    # collector, with fourteen frames for each who lost a flash sale.
                    refusal = None
            refusal = None
            with suppress(Raced):
                return await self._try(actor, ident, wish, show, looked=True)
        raise Outage

    async def _look(self, ident: str, viewer: str) -> Found:
        # Who lost a flash sale is nearly always unknown: all of them are looked up together.
        if not await self._looking.ask((ident, viewer)):
            return Found(same=None, other=None)
        return await self._parts.book.read(look, ident, viewer)

    async def _known(self, asked: Sequence[tuple[str, str]]) -> list[bool]:
        return await self._parts.book.read(rows.known, asked)

    async def _try(
        self, actor: Actor, ident: str, wish: Wish, show: str | None, *, looked: bool
    ) -> Record:
        priced = await self._priced(actor, wish)
        draft = self._draft(actor, ident, wish, show, priced)
        try:
            return await self._reserve(draft, priced, looked=looked)
        except StalePrice as stale:
            self._forget(priced, stale.sku)
            raise Raced from stale

    async def _reserve(self, draft: Record, priced: Quote, *, looked: bool) -> Record:
        try:
            opened = await self._reservation.take(draft, priced.pvs, looked=looked)
        except HoldLost:
            return await self._end_lost(draft.id)
        if opened.cancelled is not None:
            await self._reconciler.announce(Change(opened.cancelled, changed=True))
        record = _of_same_body(opened.record, draft.fingerprint)
        return await self._reconciler.announce(Change(record, changed=opened.is_new))

    async def _end_lost(self, ident: str) -> Record:
        """End a checkout whose hold is gone; what its viewer has cancelled lost it rightly."""
        found = await self._parts.book.read(rows.by_id, ident)
        if found is not None and not found.is_open:
            logger.warning("%s was %s while it was being opened", ident, found.state)
            return found
        logger.error("drift: the hold of %s was ended by somebody else", ident)
        return await self._ending.end(ident)

    async def _priced(self, actor: Actor, wish: Wish) -> Quote:
        if wish.sku is not None:
            wanted = [(wish.sku, wish.qty)]
        else:
            cart = await self._parts.carts.get(actor.id)
            wanted = [(line.sku, line.qty) for line in cart.lines]
        priced = quote(wanted, await self._parts.catalog.facts([sku for sku, _ in wanted]))
        if wish.expected_total is not None and wish.expected_total != priced.total:
            raise PriceChanged(priced.total)
        return priced

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

    def _draft(
        self, actor: Actor, ident: str, wish: Wish, show: str | None, priced: Quote
    ) -> Record:
        now, terms = self._parts.clock.now_ms(), self._parts.terms
        return Record(
            id=ident,
            version=1,
            viewer=actor.id,
            viewer_name=actor.name,
            fingerprint=wish.fingerprint,
            whole_cart=wish.is_whole_cart,
            show=show,
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


def _fail(landed: asyncio.Future[Record], error: YellowcartError) -> None:
    landed.set_exception(error)
    landed.exception()  # read here: nobody else may be waiting


async def _landed(flight: asyncio.Future[Record]) -> Record:
    """Wait without owning: who goes away does not stop the others."""
    await asyncio.wait({flight}, timeout=WAIT_S)
    if not flight.done():
        raise Outage
    try:
        return flight.result()
    finally:
        del flight  # as above


def _of_same_body(record: Record, fingerprint: str) -> Record:
    if record.fingerprint != fingerprint:
        raise KeyReused
    return record
