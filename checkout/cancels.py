"""Operations of the book on cancellations: of an order, or of units that were not sent.

A cancellation is a refund with its units back on sale. It is known by its order and lines: the
same lines again are a repeat.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET

from base.errors import Conflict
from checkout import refunds
from checkout.events import note_order
from checkout.order import CancelRequest, SkuUnits
from checkout.order_rows import (
    Changed,
    OrderRecord,
    change,
    locked,
    required,
    settle_units,
)
from checkout.order_state import CANCELLABLE, OrderState
from checkout.refund import RefundWish
from checkout.restocks import give_back
from shop.happened import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from base.identity import Actor
    from checkout.order_terms import OrderTerms
    from checkout.refund import RefundLine
    from checkout.refunds import RefundRecord
    from store.sql.rows import Connection

__all__ = ["CancelWish", "cancel", "cancel_due"]

ALL: Final = "cancel.all"
"""Keys of clients have no dot: nobody's refund can have this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWish:
    """What somebody asks for.

    Attributes:
        lines: Units, each SKU once; None for all that was not sent.
        decline: The shop's answer to a request: no.

    """

    lines: tuple[SkuUnits, ...] | None = None
    reason: str | None = None
    decline: bool = False

    @property
    def key(self) -> str:
        """What tells it from another cancellation of the order."""
        if self.lines is None:
            return ALL
        lines = sorted((line.sku, line.qty) for line in self.lines)
        return "cancel." + hashlib.sha256(msgspec.json.encode(lines)).hexdigest()[:40]


def cancel(
    conn: Connection,
    actor: Actor,
    order: str,
    wish: CancelWish,
    terms: OrderTerms,
    now_ms: int,
) -> tuple[Changed, RefundRecord | None]:
    """Cancel, ask the shop to, or answer the buyer who asked.

    Returns:
        The order, and the refund that the provider has to hear of.

    Raises:
        NotFound, Forbidden: Not theirs.
        Invalid: Not of its form.
        Conflict: It was sent, fewer units are left, or the provider cannot move their price.

    """
    record = required(conn, actor, order)
    is_shop = record.is_of(actor)
    if wish.decline:
        record.require_shop(actor)
        return _decline(conn, record), None
    if is_shop and record.request is not None and wish.lines is None:
        wish = _granted(record.request, wish.reason)
    known = refunds.by_key(conn, order, wish.key)
    if known is not None or record.state is OrderState.CANCELLED:
        return Changed(record, changed=False), known
    _require_cancellable(record, is_shop=is_shop)
    units = _units(record, wish)
    refunds.require_movable(record, _price(record, units)[1], terms)
    asks = terms.asks_shop and record.state is not OrderState.ON_HOLD
    if asks and not is_shop:
        return _ask(conn, record, wish, terms, now_ms), None
    return _cancel(conn, record, wish, units, now_ms)


def cancel_due(conn: Connection, order: str, now_ms: int) -> tuple[Changed, RefundRecord | None]:
    """Grant a request that the shop has not answered in time; others stay as they are."""
    record = locked(conn, order)
    request = record.request
    if request is None or request.answer_by > now_ms or record.state not in CANCELLABLE:
        return Changed(record, changed=False), None
    wish = _granted(request, None)
    present = record.open_units
    asked = present if wish.lines is None else record.wanted(wish.lines)
    units = {sku: min(qty, present.get(sku, 0)) for sku, qty in asked.items()}
    if not any(units.values()) or refunds.by_key(conn, order, wish.key) is not None:
        # What was asked for has happened in another way.
        after = change(conn, record, cancel_request=None, next_at=None)
        return Changed(after, changed=True), None
    return _cancel(conn, record, wish, units, now_ms)


def _granted(request: CancelRequest, reason: str | None) -> CancelWish:
    lines = None if request.lines is UNSET else request.lines
    asked = None if request.reason is UNSET else request.reason
    return CancelWish(lines=lines, reason=reason or asked)


def _require_cancellable(record: OrderRecord, *, is_shop: bool) -> None:
    if record.state is OrderState.COMPLETED:
        raise Conflict(
            "This order is complete: it can neither be cancelled nor refunded."
            " Settle the rest by hand."
        )
    if record.state not in CANCELLABLE:
        raise Conflict("This order was sent: ask the shop for a refund instead.")
    if record.state is OrderState.AWAITING_COLLECTION and not is_shop:
        raise Conflict("The parcel waits for its carrier: ask the shop, only it can cancel now.")


def _units(record: OrderRecord, wish: CancelWish) -> dict[str, int]:
    if wish.lines is None:
        return record.open_units
    units = record.wanted(wish.lines)
    record.require_open(units, "cancelled")
    return units


def _ask(
    conn: Connection, record: OrderRecord, wish: CancelWish, terms: OrderTerms, now_ms: int
) -> Changed:
    asked = record.request
    if asked is not None:
        if _granted(asked, None).key != wish.key:
            raise Conflict("You have asked to cancel other units: wait for the shop's answer.")
        return Changed(record, changed=False)
    answer_by = now_ms + terms.cancel_answer_ms
    request = CancelRequest(
        at=now_ms,
        answer_by=answer_by,
        reason=UNSET if wish.reason is None else wish.reason,
        lines=UNSET if wish.lines is None else wish.lines,
    )
    after = change(conn, record, cancel_request=msgspec.to_builtins(request), next_at=answer_by)
    return Changed(after, changed=True)


def _decline(conn: Connection, record: OrderRecord) -> Changed:
    if record.request is None:
        return Changed(record, changed=False)
    after = change(conn, record, cancel_request=None, next_at=None)
    return Changed(after, changed=True)


def _cancel(
    conn: Connection,
    record: OrderRecord,
    wish: CancelWish,
    units: Mapping[str, int],
    now_ms: int,
) -> tuple[Changed, RefundRecord | None]:
    lines, amount = _price(record, units)
    note = RefundWish(key=wish.key, reason=wish.reason)
    ident = refunds.enter(conn, record, note, amount, lines, now_ms)
    give_back(conn, record, ident, units, now_ms)
    if record.request is not None:
        change(conn, record, cancel_request=None, next_at=None)
    after = settle_units(conn, record.id)
    note_order(conn, Kind.ORDER_CANCELLED, after.order, now_ms, ident)
    return Changed(after, changed=True), refunds.by_id(conn, ident)


def _price(record: OrderRecord, units: Mapping[str, int]) -> tuple[list[RefundLine], int]:
    """What is given back for units, line by line and in all."""
    paid = {line.sku: line.qty - line.refunded for line in record.lines}
    lines = refunds.priced(record, {sku: min(qty, paid[sku]) for sku, qty in units.items()})
    lines = refunds.fitted(lines, record.left)
    is_all = all(line.cancelled + units.get(line.sku, 0) == line.qty for line in record.lines)
    return lines, record.left if is_all else sum(line.amount for line in lines)
