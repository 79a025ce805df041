"""Endpoints: made, listed and deleted by the shops that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from base.errors import Invalid, Limit, NotFound
from base.ids import new_id
from shop.events import last_position, whose
from shop.happened import Kind
from shop.webhooks.endpoint import Delivery, Endpoint, NewEndpoint, checked_url, new_secret
from shop.webhooks.work import put_retry
from store.sql.event_tables import events, webhook_attempts, webhook_endpoints, webhook_retries
from store.sql.rows import Connection, delete, func, insert, select, update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from base.identity import Actor
    from store.sql.book import Book

__all__ = ["MOST_ENDPOINTS", "Deliveries", "Endpoints", "Page"]

MOST_ENDPOINTS: Final = 10
"""Of one shop; each event is sent once to each."""

LONGEST_NUMBER: Final = 18

Page = tuple[list[Endpoint], str | None]
"""Endpoints, and the cursor of the next page unless this was the last one."""

Deliveries = tuple[list[Delivery], str | None]
"""Attempts, and the cursor of the next page unless this was the last one."""

_points, _retries, _log = webhook_endpoints, webhook_retries, webhook_attempts


class Endpoints:
    """Where shops want to hear of their events.

    A seller sees and changes the shop's, an admin all; what is another shop's is not there.

    Args:
        book: Where they are kept.
        clock: Dates them.
        private: Whether this machine and its network may be told.

    """

    def __init__(self, book: Book, clock: Clock, *, private: bool) -> None:
        self._book = book
        self._clock = clock
        self._private = private

    async def create(self, actor: Actor, new: NewEndpoint) -> Endpoint:
        """Make an endpoint; the answer alone has its secret.

        Raises:
            Forbidden: Neither the shop's seller nor an admin.
            Invalid: Events may not be sent to that address.
            Limit: The shop has as many as it may.

        """
        own = whose(actor)
        shop = own if new.shop is UNSET else new.shop
        if shop is not None:
            actor.require_shop(shop)
        endpoint = Endpoint(
            id=new_id("wh"),
            shop=UNSET if shop is None else shop,
            url=checked_url(new.url, private=self._private),
            kinds=UNSET if new.kinds is UNSET else _in_order(new.kinds),
            secret=new_secret(),
            created_at=self._clock.now_ms(),
        )
        await self._book.write(_add, endpoint)
        return endpoint

    async def list(self, actor: Actor, after: str | None, limit: int) -> Page:
        """A page of endpoints by id, without their secrets.

        Raises:
            Forbidden: Neither a seller nor an admin.

        """
        found = await self._book.read(_list, whose(actor), after, limit + 1)
        page = found[:limit]
        return page, page[-1].id if len(found) > limit else None

    async def delete(self, actor: Actor, endpoint: str) -> None:
        """Delete an endpoint: from now on it is sent nothing.

        Raises:
            Forbidden: Neither a seller nor an admin.
            NotFound: There is none, or it is another shop's.

        """
        await self._book.write(_remove, whose(actor), endpoint)

    async def deliveries(
        self, actor: Actor, endpoint: str, after: str | None, limit: int
    ) -> Deliveries:
        """A page of what was tried, the latest first; kept for 30 days.

        Raises:
            Forbidden: Neither a seller nor an admin.
            NotFound: There is no such endpoint, or it is another shop's.
            Invalid: Not a cursor.

        """
        shop, place = whose(actor), _number(after)
        found = await self._book.read(_list_deliveries, shop, endpoint, place, limit + 1)
        page = found[:limit]
        more = str(page[-1][0]) if len(found) > limit else None
        return [delivery for _, delivery in page], more

    async def redeliver(self, actor: Actor, endpoint: str, event: str) -> None:
        """Have an event sent once more, and switch the endpoint on if it is off.

        Raises:
            Forbidden: Neither a seller nor an admin.
            NotFound: There is no such endpoint, or no such event for it.

        """
        await self._book.write(_again, whose(actor), endpoint, event, self._clock.now_ms())


def _in_order(kinds: Sequence[Kind]) -> tuple[str, ...]:
    return tuple(kind.value for kind in Kind if kind in kinds)


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= LONGEST_NUMBER):
        raise Invalid("after is not a cursor: use the next of the page before.")
    return int(cursor)


def _add(conn: Connection, endpoint: Endpoint) -> None:
    """Enter an endpoint; it hears of what happens from now on.

    Raises:
        Limit: The shop has as many as it may.

    """
    shop = None if endpoint.shop is UNSET else endpoint.shop
    mine = _points.c.shop.is_(None) if shop is None else _points.c.shop == shop
    count = conn.execute(select(func.count()).select_from(_points).where(mine)).scalar_one()
    if count >= MOST_ENDPOINTS:
        raise Limit(
            f"A shop has at most {MOST_ENDPOINTS} endpoints. Delete one first.", MOST_ENDPOINTS
        )
    row = {
        "id": endpoint.id,
        "shop": shop,
        "url": endpoint.url,
        "kinds": None if endpoint.kinds is UNSET else list(endpoint.kinds),
        "secret": endpoint.secret,
        "created_at": endpoint.created_at,
        "position": last_position(conn),
        "failures": 0,
        "next_at": 0,
    }
    conn.execute(insert(_points), row)


def _list(conn: Connection, shop: str | None, after: str | None, limit: int) -> list[Endpoint]:
    """Endpoints by id, of one shop or of all."""
    query = select(_points).order_by(_points.c.id).limit(limit)
    if shop is not None:
        query = query.where(_points.c.shop == shop)
    if after is not None:
        query = query.where(_points.c.id > after)
    return [_shown(row) for row in conn.execute(query)]


def _remove(conn: Connection, shop: str | None, endpoint: str) -> None:
    """Delete an endpoint and all that is known of it.

    Raises:
        NotFound: There is none, or it is another shop's.

    """
    _require(conn, shop, endpoint)
    conn.execute(delete(_retries).where(_retries.c.endpoint == endpoint))
    conn.execute(delete(_log).where(_log.c.endpoint == endpoint))
    conn.execute(delete(_points).where(_points.c.id == endpoint))


def _list_deliveries(
    conn: Connection, shop: str | None, endpoint: str, before: int | None, limit: int
) -> list[tuple[int, Delivery]]:
    """The log of an endpoint with the numbers of its entries, the latest first.

    Raises:
        NotFound: There is none, or it is another shop's.

    """
    _require(conn, shop, endpoint)
    query = select(_log).where(_log.c.endpoint == endpoint)
    if before is not None:
        query = query.where(_log.c.id < before)
    return [
        (row.id, _delivery(row))
        for row in conn.execute(query.order_by(_log.c.id.desc()).limit(limit))
    ]


def _again(conn: Connection, shop: str | None, endpoint: str, event: str, now_ms: int) -> None:
    """Have an event delivered once more, and switch the endpoint on if it is off.

    Raises:
        NotFound: There is no such endpoint, or no such event for it.

    """
    whose = _require(conn, shop, endpoint)
    query = select(events.c.position).where(events.c.id == event, events.c.position.is_not(None))
    if whose is not None:
        query = query.where(events.c.shop == whose)
    position = conn.execute(query).scalar_one_or_none()
    if position is None:
        raise NotFound("There is no such event: they are kept for 90 days. See GET /v1/events.")
    put_retry(conn, endpoint, event, position, tries=0, next_at=now_ms)
    conn.execute(
        update(_points)
        .where(_points.c.id == endpoint)
        .values(next_at=0, failures=0, failing_since=None, off_at=None)
    )


def _require(conn: Connection, shop: str | None, endpoint: str) -> str | None:
    """The shop of an endpoint that is this shop's, or anybody's for None as shop."""
    query = select(_points.c.shop).where(_points.c.id == endpoint)
    row = conn.execute(
        query if shop is None else query.where(_points.c.shop == shop)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such endpoint of yours. See GET /v1/webhooks.")
    found: str | None = row.shop
    return found


def _shown(row: Any) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        created_at=row.created_at,
        shop=_or_unset(row.shop),
        kinds=UNSET if row.kinds is None else tuple(row.kinds),
        failing_since=_or_unset(row.failing_since),
        off_at=_or_unset(row.off_at),
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        event=row.event,
        attempt=row.attempt,
        at=row.at,
        outcome=row.outcome,
        status=_or_unset(row.status),
        duration_ms=row.duration_ms,
        error=_or_unset(row.error),
        next_at=_or_unset(row.next_at),
    )


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value
