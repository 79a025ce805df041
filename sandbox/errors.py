"""What the provider answers when it does not do what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, Struct, UnsetType

from sandbox.payments import Payment

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROBLEMS", "ErrorBody", "Problem", "ProviderError", "problem"]

PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "invalid": (400, "The request is not of its form."),
    "unknown_method": (400, "There is no such payment method."),
    "unauthorized": (401, "The API key is missing or wrong."),
    "card_declined": (402, "The card was declined. Try another one."),
    "insufficient_funds": (402, "There is not enough money on the card. Try another one."),
    "not_found": (404, "There is no such thing here."),
    "method_not_allowed": (405, "This cannot be done here."),
    "idempotency_mismatch": (409, "The same key was used for something else."),
    "payment_canceled": (409, "The payment was canceled."),
    "already_succeeded": (409, "The payment has already succeeded."),
    "refund_exceeds_captured": (409, "More cannot be refunded than was captured."),
    "too_large": (413, "The request is too large."),
    "rate_limited": (429, "Too many requests. Try again in a second."),
    "internal": (500, "The answer was lost on the way. Ask again with the same key."),
    "unavailable": (503, "The provider cannot be reached. Try again in a moment."),
}
"""Every error code with its HTTP status and what it tells a person."""


class Problem(Struct, frozen=True):
    """The inside of an error body."""

    code: str
    message: str


class ErrorBody(Struct, frozen=True):
    """An error on the wire, with the payment as it stands when there is one."""

    error: Problem
    payment: Payment | UnsetType = UNSET


class ProviderError(Exception):
    """The request was not carried out.

    Args:
        code: A key of :data:`PROBLEMS`.
        payment: The payment concerned, as it stands.

    """

    def __init__(self, code: str, payment: Payment | None = None) -> None:
        super().__init__(code)
        self.status, message = PROBLEMS[code]
        self.body = problem(code, message, payment)


def problem(code: str, message: str, payment: Payment | None = None) -> ErrorBody:
    """An error body."""
    return ErrorBody(Problem(code, message), UNSET if payment is None else payment)
