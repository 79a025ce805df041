"""An excerpt of the book: some checkouts, and whatever belongs to them, seen at one moment.

The audit reads the book excerpt by excerpt, since nobody else's question is answered while one is
read, and since a whole book need not fit into memory. Each thing is in exactly one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from store.sql.rows import Connection, Row, Select, select
from store.sql.tables import (
    checkouts,
    claims,
    ledger_entries,
    ledger_txns,
    order_lines,
    orders,
    payments,
    refunds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Excerpt", "read_excerpt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Rows of checkouts that follow each other by id.

    Attributes:
        last: The id of the last of them; None when there are no more behind it.
        checkouts: Only id, state, currency, total and lines of each.
        claims: Also those that were released.
        restocked: Lines of orders, of which units are on sale again.
        txns: Transactions of the ledger that are about one of the checkouts.
        entries: Of these.

    """

    last: str | None
    checkouts: Sequence[Row[Any]]
    claims: Sequence[Row[Any]]
    payments: Sequence[Row[Any]]
    orders: Sequence[Row[Any]]
    restocked: Sequence[Row[Any]]
    refunds: Sequence[Row[Any]]
    txns: Sequence[Row[Any]]
    entries: Sequence[Row[Any]]


def read_excerpt(conn: Connection, after: str = "", most: int | None = None) -> Excerpt:
    """The excerpt behind the checkout ``after``, of at most so many; by default the whole book.

    What names a checkout that there is not is in the excerpt in which it would be.
    """
    c = checkouts.c
    query: Select[Any] = select(c.id, c.state, c.currency, c.total, c.lines)
    found = conn.execute(query.where(c.id > after).order_by(c.id).limit(most)).all()
    last = found[-1].id if most is not None and len(found) == most else None

    def of(column: Any, query: Select[Any]) -> Sequence[Row[Any]]:
        mine = query.where(column > after)
        return conn.execute(mine if last is None else mine.where(column <= last)).all()

    o = orders.c
    return Excerpt(
        last=last,
        checkouts=found,
        claims=of(claims.c.checkout, select(claims)),
        payments=of(payments.c.checkout, select(payments.c.id, payments.c.checkout)),
        orders=of(
            o.checkout,
            select(o.id, o.checkout, o.shop, o.currency, o.state, o.total, o.refunded_total),
        ),
        restocked=of(o.checkout, _RESTOCKED),
        refunds=of(o.checkout, _REFUNDS),
        txns=of(ledger_txns.c.ref, select(ledger_txns)),
        entries=of(ledger_txns.c.ref, _ENTRIES),
    )


_RESTOCKED: Final = (
    select(order_lines)
    .join(orders, orders.c.id == order_lines.c.order)
    .where(order_lines.c.restocked > 0)
)
_REFUNDS: Final = select(refunds).join(orders, orders.c.id == refunds.c.order)
_ENTRIES: Final = select(ledger_entries).join(
    ledger_txns, ledger_txns.c.key == ledger_entries.c.txn
)
