"""Operations of the book on stock adjustments.

An adjustment is begun in the book, made at the gate and then completed in the book. What a
seller adds counts in the book first and what a seller takes away counts at the gate first,
so that in between the gate never has more to sell than the book.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from base.errors import Conflict, KeyReused, Limit, NotFound
from shop.happened import Kind, note
from shop.product import MOST_LEFT
from store.sql.rows import Connection, insert_or_ignore, select, update
from store.sql.tables import stock, stock_adjustments

__all__ = [
    "FIRST",
    "Adjustment",
    "Wish",
    "begin_adjustment",
    "complete_adjustment",
    "pending_adjustments",
    "refuse_adjustment",
    "reread_adjustment",
]

FIRST: Final = "first."
"""Begins the keys of first stock, which is told with its product."""

REFUSED: Final = -1
"""In ``left``: the gate had too few units to take away; the key is free again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a seller asks for.

    Attributes:
        kind: ``add`` changes the units left by ``units``, ``set`` sets them.

    """

    shop: str
    key: str
    sku: str
    kind: Literal["add", "set"]
    units: int

    @property
    def is_first(self) -> bool:
        """Whether it is the stock that a new SKU comes with; sellers' keys have no dot."""
        return self.key.startswith(FIRST)

    @property
    def body(self) -> str:
        """The wish as the book remembers it; a key stands for one body only."""
        return f"{self.sku} {self.kind} {self.units}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A wish that was begun.

    Attributes:
        at: When it was begun, in Unix ms; unique among the adjustments of its key.
        delta: Units that it adds or, below zero, that it takes away.
        booked: Whether the book's total has the delta already.
        left: Units left afterwards; None until the gate has made it.

    """

    wish: Wish
    at: int
    delta: int
    booked: bool
    left: int | None


def begin_adjustment(conn: Connection, wish: Wish, at: int) -> Adjustment:
    """Enter an adjustment, or find it; what is added counts in the book from here on.

    Raises:
        NotFound: No such SKU.
        KeyReused: The key stands for another body.
        Conflict: More would be taken away than is left.
        Limit: More would be left than may be.

    """
    table = stock_adjustments
    is_it = (table.c.shop == wish.shop) & (table.c.key == wish.key)
    row = conn.execute(select(table).where(is_it).with_for_update()).one_or_none()
    if row is not None and row.left != REFUSED:
        if row.body != wish.body:
            raise KeyReused
        return _adjustment(row)
    delta = _delta(conn, wish)
    values = {"sku": wish.sku, "body": wish.body, "delta": delta, "booked": delta >= 0}
    if row is not None:
        at = max(at, row.at + 1)
        conn.execute(update(table).where(is_it).values(left=None, at=at, **values))
    elif not insert_or_ignore(conn, table, shop=wish.shop, key=wish.key, at=at, **values):
        # Somebody else has entered the same key meanwhile, and has committed.
        return begin_adjustment(conn, wish, at)
    if delta > 0:
        _book(conn, wish.sku, delta)
    return Adjustment(wish=wish, at=at, delta=delta, booked=delta >= 0, left=None)


def complete_adjustment(conn: Connection, made: Adjustment, delta: int, left: int) -> None:
    """Note what the gate has done; what was taken away counts in the book from here on.

    Only the first of several completions counts.
    """
    table = stock_adjustments
    done = conn.execute(
        update(table).where(_is_pending(made)).values(delta=delta, booked=True, left=left)
    )
    if done.rowcount != 1 or not delta:
        return
    if not made.booked:
        _book(conn, made.wish.sku, delta)
    if not made.wish.is_first:
        _note(conn, made, delta, left)


def refuse_adjustment(conn: Connection, made: Adjustment) -> None:
    """Note that the gate refused, so that the key may be used again."""
    conn.execute(update(stock_adjustments).where(_is_pending(made)).values(left=REFUSED))


def reread_adjustment(conn: Connection, made: Adjustment) -> Adjustment | None:
    """What became of an adjustment that was begun; None: it was refused."""
    table, wish = stock_adjustments, made.wish
    is_it = (table.c.shop == wish.shop) & (table.c.key == wish.key) & (table.c.at == made.at)
    row = conn.execute(select(table).where(is_it)).one_or_none()
    return None if row is None or row.left == REFUSED else _adjustment(row)


def pending_adjustments(conn: Connection, limit: int) -> list[Adjustment]:
    """Adjustments that were begun and neither completed nor refused, oldest first."""
    table = stock_adjustments
    query = select(table).where(table.c.left.is_(None)).order_by(table.c.at).limit(limit)
    return [_adjustment(row) for row in conn.execute(query)]


def _delta(conn: Connection, wish: Wish) -> int:
    query = select(stock).where(stock.c.sku == wish.sku).with_for_update()
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such SKU. Check its id.")
    left = row.total - row.claimed
    delta = wish.units if wish.kind == "add" else wish.units - left
    if left + delta < 0:
        raise Conflict("Fewer units are left than you take away. Take fewer.")
    if left + delta > MOST_LEFT:
        raise Limit(f"At most {MOST_LEFT} units can be on sale. Add fewer.", MOST_LEFT)
    return int(delta)


def _book(conn: Connection, sku: str, delta: int) -> None:
    conn.execute(update(stock).where(stock.c.sku == sku).values(total=stock.c.total + delta))


def _note(conn: Connection, made: Adjustment, delta: int, left: int) -> None:
    wish = made.wish
    data = {"stock": {"sku": wish.sku, "delta": delta, "left": left}}
    about = f"{wish.shop}|{wish.key}|{made.at}"
    note(conn, Kind.STOCK_CHANGED, about, shop=wish.shop, at=made.at, data=data)


def _is_pending(made: Adjustment) -> Any:
    table, wish = stock_adjustments, made.wish
    is_it = (table.c.shop == wish.shop) & (table.c.key == wish.key) & (table.c.at == made.at)
    return is_it & table.c.left.is_(None)


def _adjustment(row: Any) -> Adjustment:
    sku, kind, units = row.body.split(" ")
    return Adjustment(
        wish=Wish(shop=row.shop, key=row.key, sku=sku, kind=kind, units=int(units)),
        at=row.at,
        delta=row.delta,
        booked=row.booked,
        left=row.left,
    )
