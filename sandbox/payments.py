"""A payment: what it looks like, the states it goes through, and what each token does to it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "METHODS",
    "TRANSITIONS",
    "WEBHOOKS",
    "Action",
    "Amount",
    "Charge",
    "Decline",
    "Method",
    "Payment",
    "Status",
    "Step",
]

Amount = Annotated[int, Meta(gt=0, le=2**53 - 1)]
"""Minor units; exact in JavaScript."""


class Status(StrEnum):
    """Where a payment stands."""

    REQUIRES_METHOD = "requires_method"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Step(StrEnum):
    """What can happen to a payment."""

    CHARGE = "charge"
    DECLINE = "decline"
    CHALLENGE = "challenge"
    BEGIN = "begin"
    FINISH = "finish"
    AUTHENTICATE = "authenticate"
    REFUSE = "refuse"
    CANCEL = "cancel"


TRANSITIONS: Final[Mapping[tuple[Status, Step], Status]] = {
    (Status.REQUIRES_METHOD, Step.CHARGE): Status.SUCCEEDED,
    (Status.REQUIRES_METHOD, Step.DECLINE): Status.REQUIRES_METHOD,
    (Status.REQUIRES_METHOD, Step.CHALLENGE): Status.REQUIRES_ACTION,
    (Status.REQUIRES_METHOD, Step.BEGIN): Status.PROCESSING,
    (Status.REQUIRES_METHOD, Step.CANCEL): Status.CANCELED,
    # The buyer may leave the confirmation page and try another card.
    (Status.REQUIRES_ACTION, Step.CHARGE): Status.SUCCEEDED,
    (Status.REQUIRES_ACTION, Step.DECLINE): Status.REQUIRES_METHOD,
    (Status.REQUIRES_ACTION, Step.CHALLENGE): Status.REQUIRES_ACTION,
    (Status.REQUIRES_ACTION, Step.BEGIN): Status.PROCESSING,
    (Status.REQUIRES_ACTION, Step.AUTHENTICATE): Status.SUCCEEDED,
    (Status.REQUIRES_ACTION, Step.REFUSE): Status.REQUIRES_METHOD,
    (Status.REQUIRES_ACTION, Step.CANCEL): Status.CANCELED,
    # Nothing is captured while processing: the first of finish and cancel wins.
    (Status.PROCESSING, Step.FINISH): Status.SUCCEEDED,
    (Status.PROCESSING, Step.CANCEL): Status.CANCELED,
}
"""Every change of state there is; what is not here does not happen."""

WEBHOOKS: Final[Mapping[Step, str]] = {
    Step.CHARGE: "payment.succeeded",
    Step.FINISH: "payment.succeeded",
    Step.AUTHENTICATE: "payment.succeeded",
    Step.DECLINE: "payment.failed",
    Step.REFUSE: "payment.failed",
    Step.CANCEL: "payment.canceled",
}
"""The event that tells of a step; the other steps are not told."""


class Decline(Struct, frozen=True):
    """Why the last try did not succeed."""

    code: str
    message: str


class Action(Struct, frozen=True, tag="redirect"):
    """Where the buyer has to confirm the payment: a path of the shop's own port."""

    url: str


class Payment(Struct, frozen=True, kw_only=True):
    """A payment as callers and webhooks see it.

    Attributes:
        id: The caller's name for it, one per attempt to pay a checkout.
        amount: Minor units of ``currency``.
        captured: Zero, or the whole amount once it has succeeded.
        refunded: What was given back of it, at most ``captured``.
        created: Unix milliseconds.

    """

    id: str
    status: Status
    amount: int
    currency: str
    captured: int
    refunded: int
    metadata: dict[str, str]
    created: int
    last_error: Decline | UnsetType = UNSET
    action: Action | UnsetType = UNSET


class Charge(Struct, frozen=True, kw_only=True):
    """Money that the provider holds."""

    id: str
    checkout: str
    amount: int
    currency: str
    captured: int
    refunded: int


class Method(Struct, frozen=True, kw_only=True):
    """What a payment-method token makes of a try.

    Attributes:
        step: What happens at once; without one the provider is down and nothing happens.
        decline: The reason, when the step is a decline.
        waits: The answer comes only when the payment is finished.
        loses_answer: The connection is cut instead of an answer.

    """

    step: Step | None
    decline: Decline | None = None
    waits: bool = False
    loses_answer: bool = False


METHODS: Final[Mapping[str, Method]] = {
    "tok_ok": Method(step=Step.CHARGE),
    "tok_declined": Method(
        step=Step.DECLINE,
        decline=Decline("card_declined", "The card was declined. Try another one."),
    ),
    "tok_insufficient_funds": Method(
        step=Step.DECLINE,
        decline=Decline(
            "insufficient_funds", "There is not enough money on the card. Try another one."
        ),
    ),
    "tok_3ds": Method(step=Step.CHALLENGE),
    "tok_slow": Method(step=Step.BEGIN, waits=True),
    "tok_timeout": Method(step=Step.CHARGE, loses_answer=True),
    "tok_webhook_only": Method(step=Step.BEGIN),
    "tok_unavailable": Method(step=None),
}
