"""What Stripe answers, as far as we read it, and what that is in our words."""

from __future__ import annotations

import logging
from typing import Final

from msgspec import Struct, field

from checkout.checkout import Action
from checkout.payments import provider
from checkout.payments.provider import Lost, Payment, Status
from checkout.payments.stripe_calls import Problem
from checkout.payments.stripe_money import from_stripe
from checkout.payments.stripe_words import declined

__all__ = ["Charge", "Charges", "Intent", "Refund", "Refunds", "charge_of", "payment_of"]

logger = logging.getLogger(__name__)

STATUSES: Final = {
    "requires_payment_method": Status.REQUIRES_METHOD,
    # Nobody but us confirms, and we do so with a method: as if there was none yet.
    "requires_confirmation": Status.REQUIRES_METHOD,
    "requires_action": Status.REQUIRES_ACTION,
    "processing": Status.PROCESSING,
    # We ask for capture at once; somebody else's doing, and the money is not there yet.
    "requires_capture": Status.PROCESSING,
    "succeeded": Status.SUCCEEDED,
    "canceled": Status.CANCELED,
}


class _Redirect(Struct, frozen=True):
    url: str | None = None


class _Next(Struct, frozen=True):
    redirect_to_url: _Redirect | None = None


class Intent(Struct, frozen=True, kw_only=True):
    """An attempt to be paid; ``amount`` and ``amount_received`` in Stripe's units."""

    id: str
    status: str
    amount: int
    currency: str
    livemode: bool
    amount_received: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    next_action: _Next | None = None
    last_payment_error: Problem | None = None


class Charge(Struct, frozen=True, kw_only=True):
    """Money that was taken, or was refused."""

    id: str
    currency: str
    amount: int
    captured: bool
    amount_captured: int
    amount_refunded: int
    metadata: dict[str, str] = field(default_factory=dict)


class Charges(Struct, frozen=True):
    """A page of them, the newest first."""

    data: list[Charge]
    has_more: bool


class Refund(Struct, frozen=True, kw_only=True):
    """Money on its way back."""

    status: str | None = None
    metadata: dict[str, str] | None = None


class Refunds(Struct, frozen=True):
    """Those of one intent."""

    data: list[Refund]


def payment_of(intent: Intent, ident: str, *, is_live: bool) -> Payment:
    """What Stripe said of intent ``ident``, in our words; who asked compares the sum.

    Raises:
        Lost: It is another intent, of another mode, or makes no sense.

    """
    if intent.id != ident or intent.livemode is not is_live:
        logger.error("break: asked for intent %s, got %s, live %s", ident, intent.id, not is_live)
        raise Lost
    currency = intent.currency.upper()
    try:
        status = STATUSES[intent.status]
        amount, captured = (
            from_stripe(units, currency) for units in (intent.amount, intent.amount_received)
        )
    except (ValueError, KeyError) as odd:
        logger.error("break: intent %s makes no sense here: %s", ident, odd)  # noqa: TRY400 - one line says it
        raise Lost from odd
    error = intent.last_payment_error
    return Payment(
        id=intent.metadata.get("attempt", ""),
        status=status,
        amount=amount,
        currency=currency,
        captured=captured,
        checkout=intent.metadata.get("checkout", ""),
        declined=None if error is None else declined(error),
        action=_action(intent),
    )


def charge_of(found: Charge) -> provider.Charge:
    """What was taken, in our words.

    Raises:
        Lost: It makes no sense.

    """
    currency = found.currency.upper()
    try:
        amount, captured, refunded = (
            from_stripe(units, currency)
            for units in (found.amount, found.amount_captured, found.amount_refunded)
        )
    except ValueError as odd:
        raise Lost from odd
    return provider.Charge(
        id=found.metadata["attempt"],
        checkout=found.metadata.get("checkout", ""),
        amount=amount,
        currency=currency,
        captured=captured,
        refunded=refunded,
    )


def _action(intent: Intent) -> Action | None:
    if intent.status != "requires_action":
        return None
    step = intent.next_action
    if step is None or step.redirect_to_url is None or not step.redirect_to_url.url:
        logger.error("intent %s asks the buyer for something that we cannot pass on", intent.id)
        return None
    return Action(type="redirect", url=step.redirect_to_url.url)
