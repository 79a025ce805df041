"""What happened, noted in the transaction that makes it happen, for the shop to hear of.

Each event is in the log once: its id follows from its kind and what it is about. The log is
read in order by :mod:`shop.events` and delivered by :mod:`shop.webhooks`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct

from store.sql.event_tables import events
from store.sql.rows import Connection, insert, insert_all_new, insert_or_ignore

__all__ = ["Event", "Kind", "event_id", "note", "note_all", "note_new"]


class Kind(StrEnum):
    """What may happen to a shop."""

    ORDER_PAID = "order.paid"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_REFUNDED = "order.refunded"
    ORDER_SHIPPED = "order.shipped"
    ORDER_DELIVERED = "order.delivered"
    ORDER_COMPLETED = "order.completed"
    CHECKOUT_EXPIRED = "checkout.expired"
    CHECKOUT_CANCELLED = "checkout.cancelled"
    CHECKOUT_FAILED = "checkout.failed"
    PRODUCT_CREATED = "product.created"
    PRODUCT_CHANGED = "product.changed"
    STOCK_CHANGED = "stock.changed"


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a shop: an item of the feed, the body of a webhook.

    ``at`` is when, in Unix ms; ``data`` has the thing as it was then: ``order``,
    ``checkout``, ``product`` or ``stock``.
    """

    id: str
    kind: str
    shop: str
    at: int
    data: dict[str, Any]


def event_id(kind: Kind, about: str) -> str:
    """The id of the one event of that kind about that thing."""
    return "evt_" + hashlib.sha256(f"{kind}|{about}".encode()).hexdigest()[:32]


def note(
    conn: Connection, kind: Kind, about: str, *, shop: str, at: int, data: dict[str, Any]
) -> bool:
    """Note, within an operation, that something happened; once, however often it is called.

    Args:
        conn: The operation's connection.
        kind: What happened.
        about: To what; with the kind it tells events apart, so name the change as well
            where a thing can change more than once.
        shop: Whose it is.
        at: When, in Unix ms.
        data: In the public shapes, as structs or JSON values; the shop's own and nobody else's.

    Returns:
        Whether it is news.

    """
    return insert_or_ignore(conn, events, **_row(kind, about, shop, at, data))


def note_all(
    conn: Connection, kind: Kind, at: int, things: Iterable[tuple[str, str, dict[str, Any]]]
) -> None:
    """Note several at once, each as by :func:`note`: about what, whose it is, and its data."""
    insert_all_new(
        conn, events, [_row(kind, about, shop, at, data) for about, shop, data in things]
    )


def note_new(
    conn: Connection, kind: Kind, shop: str, at: int, things: Iterable[tuple[str, dict[str, Any]]]
) -> None:
    """Note many at once that cannot have been noted before: what each is about, and its data."""
    rows = [_row(kind, about, shop, at, data) for about, data in things]
    if rows:
        conn.execute(insert(events), rows)


def _row(kind: Kind, about: str, shop: str, at: int, data: dict[str, Any]) -> dict[str, Any]:
    ident = event_id(kind, about)
    return {"id": ident, "kind": kind.value, "shop": shop, "at": at, "data": data}
