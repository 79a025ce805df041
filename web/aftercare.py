"""Routes of orders that were paid: refunds, cancellations, shipments, their ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, UnsetType

from base.ids import new_id
from base.text import one_line
from checkout.cancels import CancelWish
from checkout.order_state import OrderState
from checkout.refund import RefundWish
from checkout.shipments import ShipmentWish
from web.bodies import Cancellation, NewRefund, NewShipment
from web.route import Made

if TYPE_CHECKING:
    from checkout.order import SkuUnits
    from web.asked import Asked

__all__ = ["cancel", "ledger", "refund", "ship"]

REASON: Final = 500
TRACKING: Final = 100
"""Characters."""


async def refund(asked: Asked) -> object:
    """Give money back; a repeat gives the same refund."""
    wanted, key = asked.read(NewRefund), asked.key
    wish = RefundWish(
        key=key,
        amount=None if wanted.amount is UNSET else wanted.amount,
        lines=_lines(wanted.lines),
        reason=_text(wanted.reason, REASON, "reason"),
        restock=wanted.restock,
    )
    return Made(await asked.services.aftercare.refund(asked.actor, asked.id("order"), wish))


async def cancel(asked: Asked) -> object:
    """Cancel what was not sent, ask the shop to, or answer a buyer who asked."""
    wanted = asked.read(Cancellation)
    wish = CancelWish(
        lines=_lines(wanted.lines),
        reason=_text(wanted.reason, REASON, "reason"),
        decline=wanted.decline,
    )
    return await asked.services.aftercare.cancel(asked.actor, asked.id("order"), wish)


async def ship(asked: Asked) -> object:
    """Note how far it is."""
    wanted = asked.read(NewShipment)
    wish = ShipmentWish(
        status=OrderState(wanted.status),
        lines=_lines(wanted.lines),
        tracking=_text(wanted.tracking, TRACKING, "tracking"),
        carrier=_text(wanted.carrier, TRACKING, "carrier"),
        fresh=new_id("parcel"),
    )
    return await asked.services.aftercare.ship(asked.actor, asked.id("order"), wish)


async def ledger(asked: Asked) -> object:
    """All entries of an order."""
    items = await asked.services.orders.ledger(asked.actor, asked.id("order"))
    return {"items": items, "next": None}


def _lines(given: tuple[SkuUnits, ...] | UnsetType) -> tuple[SkuUnits, ...] | None:
    return None if given is UNSET else given


def _text(given: str | UnsetType, most: int, what: str) -> str | None:
    return None if given is UNSET else one_line(given, most=most, what=what)
