"""Operations of the book on units that go back on sale, and their way to the gate.

The book gives them back first, the gate hears of it by the outbox: in between it has fewer
units to sell than the book, never more. Until the gate had them the row in ``restocks`` is not
done, so that a gate that is filled anew from the book does not get them twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkout.order_rows import OrderRecord
from shop.counters import filling
from shop.restock import restock
from store.sql import outbox
from store.sql.rows import Connection, case, insert_or_ignore, select, update
from store.sql.tables import claims, order_lines, restocks, stock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from base.clock import Clock
    from store.redis.scripts import Scripts
    from store.sql.book import Book

__all__ = ["Restocks", "give_back"]


def give_back(
    conn: Connection, record: OrderRecord, cause: str, units: Mapping[str, int], now_ms: int
) -> None:
    """Put units of an order on sale again, once per ``cause``.

    What was not sent is cancelled with it: units on sale must not be sent. A unit goes back
    once, whatever it is asked for.
    """
    if not insert_or_ignore(conn, restocks, cause=cause, shop=record.order.shop, at=now_ms):
        return
    back: list[list[str | int]] = []
    for line in sorted(record.lines, key=lambda line: line.sku):
        qty = units.get(line.sku, 0)
        returned = min(qty, line.qty - line.restocked)
        mine = (order_lines.c.order == record.id) & (order_lines.c.sku == line.sku)
        conn.execute(
            update(order_lines)
            .where(mine)
            .values(
                cancelled=order_lines.c.cancelled + min(qty, line.open),
                restocked=order_lines.c.restocked + returned,
            )
        )
        if returned:
            _unclaim(conn, record.checkout, line.sku, returned)
            back.append([line.sku, returned])
    payload = {"cause": cause, "shop": record.order.shop, "lines": back}
    outbox.add(conn, "restock", payload, now_ms)


def mark_done(conn: Connection, cause: str, now_ms: int) -> None:
    """The gate has the units."""
    this = (restocks.c.cause == cause) & restocks.c.done_at.is_(None)
    conn.execute(update(restocks).where(this).values(done_at=now_ms))


def is_restocked(conn: Connection, cause: str) -> bool:
    """Whether the gate has the units."""
    this = (restocks.c.cause == cause) & restocks.c.done_at.is_not(None)
    return conn.execute(select(restocks.c.cause).where(this)).one_or_none() is not None


class Restocks:
    """Handler of the outbox kind ``restock``; safe to repeat."""

    def __init__(self, book: Book, scripts: Scripts, clock: Clock) -> None:
        self._book = book
        self._scripts = scripts
        self._clock = clock

    async def deliver(self, row: int, payload: dict[str, Any]) -> None:
        """Put the units on sale at the gate.

        Raises:
            Outage: The gate or the book cannot be reached; the row stays.

        """
        del row
        shop, cause = payload["shop"], payload["cause"]
        lines = [(str(sku), int(qty)) for sku, qty in payload["lines"]]
        if lines:
            filled = await filling(self._scripts, shop)
            if await self._book.read(is_restocked, cause):
                # By another process, before the gate was filled anew and forgot it.
                return
            await restock(self._scripts, shop, cause, lines, filled)
        await self._book.write(mark_done, cause, self._clock.now_ms())


def _unclaim(conn: Connection, checkout: str, sku: str, qty: int) -> None:
    left = claims.c.qty - qty
    # A claim of nothing is none: it is kept as released, with what it was last for.
    values = {
        "state": case((left == 0, "released"), else_=claims.c.state),
        "qty": case((left == 0, claims.c.qty), else_=left),
    }
    mine = (claims.c.checkout == checkout) & (claims.c.sku == sku)
    conn.execute(update(claims).where(mine).values(**values))
    conn.execute(update(stock).where(stock.c.sku == sku).values(claimed=stock.c.claimed - qty))
