"""Orders: what each shop has to send; made by :mod:`checkout.paid`, read here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from base.errors import Invalid, NotFound
from base.identity import Role
from checkout.order import Order
from checkout.order_ledger import LedgerEntry, entries_of
from checkout.order_rows import order_of, seen_by
from store.sql.rows import Connection, select, tuple_
from store.sql.tables import orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.identity import Actor
    from store.sql.book import Book

__all__ = ["MOST_LISTED", "Orders", "Page"]

MOST_LISTED: Final = 100
"""Orders in one answer."""

Page = tuple[list[Order], str | None]
"""Orders, and the cursor of the next page unless this was the last one."""


class Orders:
    """Orders as far as somebody may see them.

    A buyer sees their own, a seller the shop's, an admin all. What is somebody else's is
    not there.

    """

    def __init__(self, book: Book) -> None:
        self._book = book

    async def get(self, actor: Actor, order: str) -> Order:
        """One order.

        Raises:
            NotFound: There is none, or it is somebody else's.
            Outage: The book cannot be read.

        """
        found = await self._book.read(_find, order, *_sees(actor))
        if found is None:
            raise NotFound("There is no such order of yours. Check its id.")
        return seen_by(actor, found)

    async def ledger(self, actor: Actor, order: str) -> Sequence[LedgerEntry]:
        """What the ledger has of an order; a buyer sees what they paid and got back.

        Raises:
            NotFound: There is none, or it is somebody else's.
            Outage: The book cannot be read.

        """
        return await self._book.read(entries_of, actor, order)

    async def list(self, actor: Actor, after: str | None, limit: int) -> Page:
        """A page of orders, the latest first.

        Args:
            actor: Who looks.
            after: The cursor of the page before; None for the first page.
            limit: 1..100.

        Raises:
            Invalid: Not a cursor.
            Outage: The book cannot be read.

        """
        limit = max(1, min(limit, MOST_LISTED))
        found = await self._book.read(_page, _place(after), limit + 1, *_sees(actor))
        page = [seen_by(actor, order) for order in found[:limit]]
        more = f"{page[-1].paid_at}.{page[-1].id}" if len(found) > limit else None
        return page, more


def _sees(actor: Actor) -> tuple[str, str]:
    """The column that bounds what somebody sees, and its value; no column for everything."""
    if actor.is_admin:
        return "", ""
    if actor.role is Role.SELLER and actor.shop is not None:
        return "shop", actor.shop
    return "viewer", actor.id


def _find(conn: Connection, order: str, column: str, value: str) -> Order | None:
    row = conn.execute(_visible(column, value).where(orders.c.id == order)).one_or_none()
    return None if row is None else order_of(row)


def _page(
    conn: Connection, after: tuple[int, str] | None, limit: int, column: str, value: str
) -> list[Order]:
    query = _visible(column, value)
    if after is not None:
        # One comparison of both, which an index can follow; "earlier, or as early" it cannot.
        query = query.where(tuple_(orders.c.paid_at, orders.c.id) < after)
    query = query.order_by(orders.c.paid_at.desc(), orders.c.id.desc()).limit(limit)
    return [order_of(row) for row in conn.execute(query)]


def _visible(column: str, value: str) -> Any:
    return select(orders).where(orders.c[column] == value) if column else select(orders)


def _place(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    paid_at, _, ident = cursor.partition(".")
    if not (paid_at.isascii() and paid_at.isdigit() and len(paid_at) < 16 and ident):  # noqa: PLR2004 - ms till year 33658
        raise Invalid("after is not a cursor: use the next of the page before.")
    return int(paid_at), ident
