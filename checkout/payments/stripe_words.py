"""What Stripe's refusals mean to a buyer, or to a shop that gives money back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from checkout.checkout import Failure

if TYPE_CHECKING:
    from checkout.payments.stripe_calls import Problem

__all__ = ["declined", "unpayable", "unrefundable"]

DECLINED: Final = "The card was declined. Try another one."

WORDS: Final = {
    "authentication_required": "The bank wants to be asked first. Try again, or another card.",
    "call_issuer": "The bank declined the card. Call them, or try another one.",
    "card_not_supported": "This card does not pay for such a purchase. Try another one.",
    "card_velocity_exceeded": "The card is over its limit. Try another one.",
    "currency_not_supported": "This card does not pay in this currency. Try another one.",
    "expired_card": "The card has expired. Try another one.",
    "incorrect_cvc": "The card's security code is wrong. Check it, then try again.",
    "incorrect_number": "The card's number is wrong. Check it, then try again.",
    "incorrect_zip": "The postal code is not the card's. Check it, then try again.",
    "insufficient_funds": "The card does not have enough money. Try another one.",
    "invalid_cvc": "The card's security code is wrong. Check it, then try again.",
    "invalid_expiry_month": "The card's expiry date is wrong. Check it, then try again.",
    "invalid_expiry_year": "The card's expiry date is wrong. Check it, then try again.",
    "invalid_number": "The card's number is wrong. Check it, then try again.",
    "payment_intent_authentication_failure": "The bank did not hear from you that it is you. "
    "Try again, or another card.",
    "processing_error": "The bank could not do it right now. Try again, or another card.",
    "try_again_later": "The bank could not do it right now. Try again, or another card.",
    "withdrawal_count_limit_exceeded": "The card is over its limit. Try another one.",
}
"""By decline code, else by code. Lost, stolen and suspected ones are not told apart: whoever
holds the card should not learn that."""

AMOUNTS: Final = {
    "amount_too_large": "This is more than can be paid by card. Take something out.",
    "amount_too_small": "This is too little to be paid by card. Add something.",
}

REFUNDS: Final = {
    "charge_already_refunded": "All of this payment was given back already.",
    "charge_disputed": "The buyer's bank has taken this payment back: look at Stripe's dashboard.",
    "refund_disputed_payment": "The buyer disputes this payment: look at Stripe's dashboard.",
}
"""Refusals for good; after others, as of an empty balance, it is worth asking again."""

TOO_MUCH: Final = frozenset({None, "amount_too_large"})
"""Codes of a refund of more than is left, which may have none: then its parameter tells."""


def declined(problem: Problem) -> Failure:
    """Why the card was refused, and what to do."""
    for code in (problem.decline_code, problem.code):
        if code in WORDS:
            return Failure(code="payment_declined", message=WORDS[code])
    return Failure(code="payment_declined", message=DECLINED)


def unpayable(problem: Problem) -> str | None:
    """Why this sum can never be paid; None when the sum is not the matter."""
    if problem.param == "currency":
        return "This currency cannot be paid by card here."
    return AMOUNTS.get(problem.code or "")


def unrefundable(problem: Problem) -> Failure | None:
    """Why this sum will not be given back, however often it is asked; None when it may be."""
    words = REFUNDS.get(problem.code or "")
    if problem.param == "amount" and problem.code in TOO_MUCH:
        words = "Less than that is left of this payment: look at Stripe's dashboard."
    return None if words is None else Failure(code="refund_refused", message=words)
