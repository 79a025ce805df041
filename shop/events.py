"""The log of events, in an order that a cursor can follow.

An event is written without a place, in the transaction that makes it happen: a place taken
there could be seen before a lower one whose transaction ends later, and a reader who has
passed it would never come back. Places are given afterwards, by whoever reads first, in
transactions that wait for each other: so they appear in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from base.errors import Forbidden, Invalid
from base.identity import Role
from shop.happened import Event
from store.sql.event_tables import counters, events
from store.sql.rows import Connection, bindparam, delete, insert_or_ignore, select, update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from base.identity import Actor
    from store.sql.book import Book

__all__ = ["KEPT_MS", "Events", "Page", "event_of", "last_position", "whose"]

KEPT_MS: Final = 90 * 24 * 3600 * 1000
"""How long events are kept; they carry addresses, so no longer than a merchant may need."""

PAGE: Final = 500
"""Events that get their places in one transaction."""

PRUNED: Final = 5_000
"""Events dropped in one transaction."""

COUNTER: Final = "events"

Page = tuple[list[Event], str | None]
"""Events, and the cursor of the next page unless this was the last one."""


class Events:
    """What happened, as far as somebody may see it.

    Args:
        book: Where the log is.
        clock: Says what is too old to be kept.

    """

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def list(self, actor: Actor, after: str | None, limit: int) -> Page:
        """A page of events in their order, the oldest first.

        Args:
            actor: A shop's seller sees the shop's, an admin all.
            after: The id of the last event that the reader knows; None for the first page.
            limit: 1..100.

        Raises:
            Forbidden: Neither a seller nor an admin.
            Invalid: No event of that id is known to this reader.
            Outage: The book does not answer.

        """
        shop = whose(actor)
        await self.settle()
        found = await self._book.read(_page, shop, after, limit + 1)
        if found is None:
            raise Invalid(
                "after is not an event that we know: events are kept for 90 days."
                " Leave it out to begin with the oldest."
            )
        page = found[:limit]
        return page, page[-1].id if len(found) > limit else None

    async def settle(self) -> None:
        """Give every event that was committed before this call its place.

        Raises:
            Outage: The book does not answer.

        """
        while numbers := await self._book.read(_placeless, PAGE):
            await self._book.write(_place, numbers)
            if len(numbers) < PAGE:
                return

    async def prune(self) -> None:
        """Drop what is too old.

        Raises:
            Outage: The book does not answer.

        """
        before = self._clock.now_ms() - KEPT_MS
        while await self._book.write(_forget, before, PRUNED) == PRUNED:
            pass


def whose(actor: Actor) -> str | None:
    """The shop that an actor acts for; None for an admin, who acts for all.

    Raises:
        Forbidden: Neither a shop's seller nor an admin.

    """
    if actor.is_admin:
        return None
    if actor.role is not Role.SELLER or actor.shop is None:
        raise Forbidden("Only a shop's seller may do this. Use a seller's token.")
    return actor.shop


def event_of(row: Any) -> Event:
    """An event of a row of the log."""
    return Event(id=row.id, kind=row.kind, shop=row.shop, at=row.at, data=row.data)


def last_position(conn: Connection) -> int:
    """The place that was given last; 0 before the first."""
    found = conn.execute(select(counters.c.last).where(counters.c.name == COUNTER))
    return found.scalar_one_or_none() or 0


def _placeless(conn: Connection, limit: int) -> list[int]:
    query = select(events.c.number).where(events.c.position.is_(None))
    return list(conn.execute(query.order_by(events.c.number).limit(limit)).scalars())


def _place(conn: Connection, numbers: Sequence[int]) -> None:
    # The counter first: whoever else gives places waits here, or begins again.
    insert_or_ignore(conn, counters, name=COUNTER, last=0)
    mine = counters.c.name == COUNTER
    conn.execute(update(counters).where(mine).values(last=counters.c.last))
    last = last_position(conn)
    waiting = select(events.c.number).where(
        events.c.number.in_(numbers), events.c.position.is_(None)
    )
    found = conn.execute(waiting.order_by(events.c.number)).scalars().all()
    if not found:
        return
    conn.execute(
        update(events)
        .where(events.c.number == bindparam("a_number"))
        .values(position=bindparam("place")),
        [{"a_number": number, "place": last + step} for step, number in enumerate(found, 1)],
    )
    conn.execute(update(counters).where(mine).values(last=last + len(found)))


def _page(conn: Connection, shop: str | None, after: str | None, limit: int) -> list[Event] | None:
    query = select(events).where(events.c.position.is_not(None))
    known = select(events.c.position).where(events.c.id == after)
    if shop is not None:
        query = query.where(events.c.shop == shop)
        known = known.where(events.c.shop == shop)
    if after is not None:
        place = conn.execute(known).scalar_one_or_none()
        if place is None:
            return None
        query = query.where(events.c.position > place)
    return [event_of(row) for row in conn.execute(query.order_by(events.c.position).limit(limit))]


def _forget(conn: Connection, before: int, limit: int) -> int:
    old = select(events.c.number).where(events.c.at < before, events.c.position.is_not(None))
    numbers = conn.execute(old.order_by(events.c.number).limit(limit)).scalars().all()
    if numbers:
        conn.execute(delete(events).where(events.c.number.in_(numbers)))
    return len(numbers)
