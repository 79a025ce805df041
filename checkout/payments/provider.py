"""What a payment provider is to us: one payment per attempt, told apart by our own id.

A call ends in one of four ways, and the difference decides what may happen to the stock:
the provider's payment; :class:`Declined`; :class:`NotSent`, so that nothing can have
happened; or :class:`Lost`, after which only ``fetch`` tells.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from base.errors import Outage
from checkout.checkout import Action, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Charge",
    "Declined",
    "Due",
    "Lost",
    "NotSent",
    "Payment",
    "Provider",
    "Status",
    "TurnedAway",
    "WebhookEvent",
]


class Status(StrEnum):
    """Where a payment stands at the provider."""

    REQUIRES_METHOD = "requires_method"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Payment(Struct, frozen=True, kw_only=True):
    """The provider's payment as it stands; amounts in minor units.

    Attributes:
        id: The attempt, which is our name for it.
        checkout: The checkout that we told the provider it is for.
        declined: Why the last try did not succeed.
        action: What the buyer has to do now.

    """

    id: str
    status: Status
    amount: int
    currency: str
    captured: int
    checkout: str
    declined: Failure | None = None
    action: Action | None = None


class Due(Struct, frozen=True, kw_only=True):
    """What is to be paid, in minor units.

    Attributes:
        attempt: Our name for the payment, one for all tries.
        checkout: What it is for.

    """

    attempt: str
    checkout: str
    amount: int
    currency: str


class Charge(Struct, frozen=True, kw_only=True):
    """Money that the provider says it holds, in minor units."""

    id: str
    checkout: str
    amount: int
    currency: str
    captured: int
    refunded: int


class WebhookEvent(Struct, frozen=True, kw_only=True):
    """A verified word from the provider: a hint to fetch the payment, nothing more."""

    id: str
    attempt: str


class Declined(Exception):
    """The provider refused the payment or refund; no money was moved."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class NotSent(Outage):
    """The provider was not reached or turned us away: nothing happened there."""


class TurnedAway(NotSent):
    """The provider asks for fewer requests: nothing happened, a little later it may."""


class Lost(Outage):
    """No answer: it may or may not have happened."""


class Provider(Protocol):
    """Takes money. Every call is safe to repeat and ends within a bounded time."""

    @property
    def name(self) -> str:
        """As in the webhook's path and in the book."""
        ...

    @property
    def steps(self) -> Mapping[str, int]:
        """Currencies of which it moves multiples of so many minor units; of others, of one."""
        ...

    def accepts(self, token: str) -> bool:
        """Whether ``token`` can be a payment method of this provider, from its form."""
        ...

    async def take(self, due: Due, token: str, key: str) -> Payment:
        """Make the payment, unless it is there, and try to take the money; once per ``key``.

        Args:
            due: What is to be paid.
            token: The payment method.
            key: Of this try; the attempt stays the same through all tries.

        Raises:
            Declined: Refused, another method may work.
            Invalid: There is no such method, or it can never take this sum or currency;
                nothing changed.
            NotSent: No money was moved.
            Lost: It may have happened: repeat with the same key, or fetch.

        """
        ...

    async def fetch(self, attempt: str) -> Payment | None:
        """The payment as it stands; None if the provider never heard of it.

        Raises:
            NotSent, Lost: Try again.

        """
        ...

    async def cancel(self, attempt: str) -> Payment:
        """Make sure that nothing is taken, even by a confirm still under way.

        Returns:
            The payment: canceled, or succeeded when that came first.

        Raises:
            NotSent, Lost: Try again.

        """
        ...

    async def refund(self, attempt: str, amount: int, key: str) -> None:
        """Give ``amount`` back; once per ``key``.

        Raises:
            Declined: It will not be given back, however often it is asked; nothing moved.
            NotSent, Lost: Try again with the same key.

        """
        ...

    async def charges(self, after: str | None, limit: int) -> tuple[Sequence[Charge], str | None]:
        """What was captured, in the provider's order, and the cursor to go on after.

        Raises:
            NotSent, Lost: Try again.

        """
        ...

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes) -> WebhookEvent | None:
        """Check a webhook's signature on its raw bytes, then read it.

        Returns:
            What it tells of; None when it is genuine and about no payment of ours.

        Raises:
            Invalid: Not signed by the provider, too old, or not of its form.

        """
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...
