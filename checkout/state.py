"""The life of a checkout: one table says which state may follow which.

1. Everything that decides whether a change of state is allowed stands here.
2. A checkout is *open* while it holds stock and its viewer's one place.
3. *Pending* means that money may be moving: nobody but the provider knows the outcome.
4. An ended checkout changes again only when money arrives late (see :data:`TRANSITIONS`).

``docs/orders.md`` is drawn from this table; a test compares them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENDED", "MEANING", "OPEN", "PENDING", "TRANSITIONS", "State", "may", "shown"]


class State(StrEnum):
    """Where a checkout stands."""

    RESERVING = "reserving"
    RESERVED = "reserved"
    PAY_PENDING = "pay_pending"
    AUTHORIZED = "authorized"
    CAPTURING = "capturing"
    UNKNOWN = "unknown"
    CANCELING = "canceling"
    PAID = "paid"
    REFUNDING = "refunding"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REFUNDED = "refunded"


MEANING: Final[Mapping[State, str]] = {
    State.RESERVING: "stock is being held, shop by shop; the book does not know it yet",
    State.RESERVED: "stock is held and claimed, and waits for a payment until `pay_by`",
    State.PAY_PENDING: "the provider was asked; or the buyer has to confirm (`action`)",
    State.AUTHORIZED: "the provider keeps the money aside; nothing is captured",
    State.CAPTURING: "the authorised money is being captured",
    State.UNKNOWN: "the provider's answer was lost; it is asked until it is definite",
    State.CANCELING: "the provider was asked to cancel; stock stays held until it says so",
    State.PAID: "captured, with one order per shop and its ledger entries",
    State.REFUNDING: "money came after the end, its stock is gone: it is being given back",
    State.REJECTED: "the stock could not be held",
    State.EXPIRED: "not paid by `pay_by`; the stock is back",
    State.CANCELLED: "cancelled by the buyer, or by opening another; the stock is back",
    State.FAILED: "five declined payments, or the provider ended it; the stock is back",
    State.REFUNDED: "late money was given back",
}
"""What each state means, for people."""

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.RESERVING: frozenset({State.RESERVED, State.REJECTED}),
    State.RESERVED: frozenset(
        # PAID: an answer given up as lost may still come while the stock is ours.
        {State.PAY_PENDING, State.CANCELING, State.PAID, State.EXPIRED, State.CANCELLED}
    ),
    State.PAY_PENDING: frozenset(
        {
            State.RESERVED,
            State.AUTHORIZED,
            State.CAPTURING,
            State.UNKNOWN,
            State.CANCELING,
            State.PAID,
            State.FAILED,
        }
    ),
    State.AUTHORIZED: frozenset({State.CAPTURING, State.CANCELING, State.PAID, State.FAILED}),
    State.CAPTURING: frozenset({State.UNKNOWN, State.PAID, State.FAILED}),
    State.UNKNOWN: frozenset(
        {State.RESERVED, State.PAY_PENDING, State.CANCELING, State.PAID, State.FAILED}
    ),
    # Out of CANCELING leads only what the provider said: canceled, or paid before.
    State.CANCELING: frozenset({State.EXPIRED, State.CANCELLED, State.PAID}),
    State.PAID: frozenset(),
    State.REFUNDING: frozenset({State.REFUNDED}),
    State.REJECTED: frozenset(),
    # Late money: stock is claimed again, or the money is given back.
    State.EXPIRED: frozenset({State.PAID, State.REFUNDING}),
    State.CANCELLED: frozenset({State.PAID, State.REFUNDING}),
    State.FAILED: frozenset({State.PAID, State.REFUNDING}),
    State.REFUNDED: frozenset(),
}
"""Every change there is; what is not here does not happen."""

PENDING: Final = frozenset(
    {State.PAY_PENDING, State.AUTHORIZED, State.CAPTURING, State.UNKNOWN, State.CANCELING}
)
"""A payment is under way."""

OPEN: Final = PENDING | {State.RESERVING, State.RESERVED}
"""Holds stock and the viewer's place."""

ENDED: Final = frozenset(
    {State.REJECTED, State.EXPIRED, State.CANCELLED, State.FAILED, State.REFUNDED}
)
"""Ends without an order."""

_HIDDEN: Final = frozenset({State.CANCELING, State.UNKNOWN})


def may(state: State, to: State) -> bool:
    """Whether ``to`` may follow ``state``."""
    return to in TRANSITIONS[state]


def shown(state: State) -> State:
    """The state that the public contract shows."""
    return State.PAY_PENDING if state in _HIDDEN else state
