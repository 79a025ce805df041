"""The sweeper: what is due happens, whoever crashed or hung up.

A checkout that was not paid in time is ended: the provider is asked to cancel first, and when
it has, the stock goes back and the checkout is ``expired`` (``checkout/ending.py``). Payments
whose outcome is unknown are asked about, and what a crash left half done is completed. Refunds
without an answer are asked again, and orders move on when their time has come.

One process at a time sweeps, by a lease that runs out; two at once would be harmless, since
everything it does may be repeated.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from base.errors import YellowcartError
from checkout import attempts, rows
from checkout.paid import LATE
from checkout.state import ENDED, PENDING, State
from store.sql.rows import Connection, select
from store.sql.tables import checkouts, claims, payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from checkout.parts import Parts
    from checkout.purchase import Purchases
    from checkout.record import Record
    from checkout.webhook import Webhooks
    from shop.gate import Gate
    from shop.stock import Stock
    from store.redis.lease import Lease

__all__ = ["ORPHAN_AGE_MS", "Sweeper"]

logger = logging.getLogger(__name__)

PERIOD_S: Final = 1.0
PAGE: Final = 200
AT_ONCE: Final = 16
"""Checkouts looked at side by side; each may cost a request to the provider."""

AGAIN_MS: Final = 5_000
"""Until a checkout that did not move on is looked at again: the others come first."""

PRUNE_EVERY: Final = 3600
ORPHANS_EVERY: Final = 5
"""Sweeps."""

ORPHAN_AGE_MS: Final = 10_000
"""Far longer than from hold to claim, even in a stampede."""

START_AGE_MS: Final = 1_000
"""At a start less is under way, and what a crash left should not look like a break."""

MOST_HELD: Final = 20_000
"""Holds looked at in one go."""


class Sweeper:
    """Does what is due, once a second.

    Args:
        purchases: Ends and reconciles checkouts.
        webhooks: Whose leftovers are looked at again.
        gate: Kept true and open.
        stock: Whose half-done adjustments are completed.
        lease: Says who sweeps.

    """

    def __init__(
        self,
        parts: Parts,
        purchases: Purchases,
        webhooks: Webhooks,
        *,
        gate: Gate,
        stock: Stock,
        lease: Lease,
    ) -> None:
        self._parts = parts
        self._purchases = purchases
        self._webhooks = webhooks
        self._gate = gate
        self._stock = stock
        self._lease = lease
        self._swept = 0

    async def run(self) -> None:
        """Recover from a crash, then sweep until cancelled."""
        recovered = False
        while True:
            # Not only the leader: a dead process may still hold the lease. And what keeps it
            # from recovering must not keep everybody's stock.
            recovered = recovered or await self._went_well(self.recover())
            await self._went_well(self._lead())
            await asyncio.sleep(PERIOD_S)

    async def sweep(self) -> None:
        """Do everything that is due now.

        Raises:
            Outage: Book or gate do not answer; the next sweep goes on.

        """
        # A Redis that has lost writes opens again by itself, filled from the book.
        await self._gate.restore()
        now = self._parts.clock.now_ms()
        due = await self._parts.book.read(_due, now, PAGE)
        await self._each([self._attend(record) for record in due])
        await self._webhooks.sweep()
        overdue = await self._parts.holds.due(now, PAGE)
        await self._each([self._settle_orphan(shop, hold, now) for shop, hold in overdue])
        await self._each(await self._purchases.aftercare.due(PAGE))
        await self._stock.finish_pending()

    async def recover(self) -> None:
        """Put right what a crash may have left; for every start, before the first buyer.

        Asks the provider about every payment and refund under way, and ends holds of
        checkouts that never reached the book.

        Raises:
            Outage: Book or gate do not answer; try again.

        """
        await self.ask_provider()
        await self.end_orphans(START_AGE_MS)

    async def ask_provider(self) -> int:
        """Ask about every payment and refund under way; how many there were.

        Raises:
            Outage: The book does not answer; try again.

        """
        after, asked = "", 0
        while pending := await self._parts.book.read(_pending, after, PAGE):
            await self._each([self._reconcile(attempt) for _, attempt in pending])
            after, asked = pending[-1][0], asked + len(pending)
        refunds, last = await self._purchases.aftercare.pending("", PAGE)
        while refunds:
            asked += len(refunds)
            await self._each(refunds)
            refunds, last = await self._purchases.aftercare.pending(last, PAGE)
        return asked

    async def end_orphans(self, age_ms: int) -> int:
        """End holds older than ``age_ms`` that are of no checkout in the book; how many.

        A buyer who was granted a hold claims it within a moment, or never.

        Raises:
            Outage: Book or gate do not answer; try again.

        """
        terms = self._parts.terms
        made_before = self._parts.clock.now_ms() - age_ms
        latest = made_before + terms.hold_ms
        held = await self._parts.holds.due(latest, MOST_HELD)
        ended = 0
        for start in range(0, len(held), PAGE):
            some = held[start : start + PAGE]
            checkouts_held = sorted({hold.removesuffix(LATE) for _, hold in some})
            known = await self._parts.book.read(_known, checkouts_held)
            # By shop too: a repeat of the key may have opened a cart of other shops.
            orphans = [item for item in some if (item[0], item[1].removesuffix(LATE)) not in known]
            await self._each([self._settle_orphan(shop, hold, latest) for shop, hold in orphans])
            ended += len(orphans)
        return ended

    async def _went_well(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except YellowcartError as error:
            logger.warning("the sweep broke off: %s", error)
        except Exception:
            # The next second may be better; nobody else does this.
            logger.exception("the sweep broke off")
        else:
            return True
        return False

    async def _lead(self) -> None:
        if await self._lease.held():
            await self._sweep_number(self._swept)
            self._swept += 1

    async def _sweep_number(self, number: int) -> None:
        await self.sweep()
        if number % ORPHANS_EVERY == 0:
            await self.end_orphans(ORPHAN_AGE_MS)
        if number % PRUNE_EVERY == 0:
            await self._webhooks.prune()

    async def _attend(self, record: Record) -> None:
        """Move on what is due; what the provider does not settle must not stay first of all."""
        try:
            after = await self._move_on(record)
        except Exception:
            await self._look_later(record)
            raise
        if after.version == record.version:
            await self._look_later(record)

    async def _move_on(self, record: Record) -> Record:
        ending, now = self._purchases.ending, self._parts.clock.now_ms()
        if record.state is State.REFUNDING:
            return await self._purchases.reconciler.reconcile(record.paying.id)
        if record.state is State.CANCELING or record.state in ENDED:
            return await ending.cancel_payment(record)
        if now >= record.pay_by:
            return await ending.end(record.id)
        if record.is_pending:
            return await self._purchases.reconciler.reconcile(record.paying.id)
        return record

    async def _look_later(self, record: Record) -> None:
        now = self._parts.clock.now_ms()
        due = now + AGAIN_MS
        if now < record.pay_by:
            due = min(due, record.pay_by)
        await self._parts.book.write(attempts.look_later, record, due)

    async def _reconcile(self, attempt: str) -> None:
        await self._purchases.reconciler.reconcile(attempt)

    async def _settle_orphan(self, shop: str, hold: str, latest: int) -> None:
        """End a hold whose deadline was ``latest`` or before as the book knows it.

        An open checkout keeps its own; and not what somebody holds again since it was listed or
        since we looked: then the book is about to know it.
        """
        checkout = hold.removesuffix(LATE)
        seen = await self._parts.holds.deadline(hold, shop)
        if seen is None or seen > latest:
            return
        record = await self._parts.book.read(rows.by_id, checkout)
        settle = partial(self._parts.holds.settle, deadline_ms=seen)
        if record is None or shop not in record.shops:
            await settle(hold, shop, "forgotten")
        elif record.state is State.PAID:
            await settle(hold, shop, "sold")
        elif hold != checkout:
            await settle(hold, shop, "forgotten")
        elif not record.is_open:
            await settle(hold, shop, "released")

    async def _each(self, work: Sequence[Awaitable[None]]) -> None:
        """Do all, some at a time; what fails is logged and stays due."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(item: Awaitable[None]) -> None:
            async with gate:
                try:
                    await item
                except YellowcartError as error:
                    logger.warning("stays due: %s", error)
                except Exception:
                    # One broken checkout must not keep the others waiting.
                    logger.exception("stays due")

        async with asyncio.TaskGroup() as group:
            for item in work:
                group.create_task(one(item))


def _due(conn: Connection, now_ms: int, limit: int) -> list[Record]:
    query = (
        select(checkouts.c.id)
        .where(checkouts.c.next_at <= now_ms)
        .order_by(checkouts.c.next_at)
        .limit(limit)
    )
    found = (rows.by_id(conn, ident) for ident in conn.execute(query).scalars().all())
    return [record for record in found if record is not None]


def _known(conn: Connection, idents: Sequence[str]) -> set[tuple[str, str]]:
    """The shops of these checkouts, as (shop, checkout)."""
    query = select(claims.c.shop, claims.c.checkout).where(claims.c.checkout.in_(idents))
    return {(shop, checkout) for shop, checkout in conn.execute(query)}


def _pending(conn: Connection, after: str, limit: int) -> list[tuple[str, str]]:
    """Payments under way, as (viewer, attempt), by viewer: as the index of what is open has them.

    A viewer has one open checkout. By the ids of payments, all there ever were would be read.
    """
    states = [state.value for state in PENDING]
    query = (
        select(checkouts.c.viewer, payments.c.id)
        .join(payments, payments.c.checkout == checkouts.c.id)
        .where(checkouts.c.open, checkouts.c.viewer > after, checkouts.c.state.in_(states))
        .order_by(checkouts.c.viewer)
        .limit(limit)
    )
    return [(viewer, attempt) for viewer, attempt in conn.execute(query)]
