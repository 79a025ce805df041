"""A checkout as the book keeps it: more than its buyer is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, Struct

from checkout.checkout import Action, Address, Checkout, Failure
from checkout.pricing import by_shop
from checkout.state import OPEN, PENDING, State, shown

if TYPE_CHECKING:
    from cart.cart import Line

__all__ = ["EXPIRED", "Attempt", "Record"]

EXPIRED: Final = Failure(code="expired", message="The time to pay was over.")
"""Why a checkout ends as expired; while it is being cancelled it remembers the aim."""

_PRIVATE: Final = frozenset({"viewer_name", "ship_to"})


class Attempt(Struct, frozen=True, kw_only=True, gc=False):
    """What the provider was asked to take: one payment a checkout, tried several times.

    Attributes:
        id: Our key at the provider.
        state: queued while the provider has never heard of it, then created, captured,
            cancelled or refunded.
        tries: Payment methods tried that were not proved unsent.
        captured: Minor units.

    """

    id: str
    provider: str
    amount: int
    currency: str
    state: str
    tries: int
    captured: int

    @property
    def is_live(self) -> bool:
        """Whether the provider could still take money for it."""
        return self.state == "created"


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """A checkout, its payment and its orders at one moment; see ``store.sql.tables``.

    A struct, for each purchase makes a dozen of them, and a frozen dataclass takes many times as
    long to make and to change.
    """

    id: str
    version: int
    viewer: str
    viewer_name: str
    fingerprint: str
    whole_cart: bool
    show: str | None
    state: State
    currency: str
    lines: tuple[Line, ...]
    subtotal: int
    shipping: int
    discount: int
    tax: int
    total: int
    pay_by: int
    hold_until: int
    ship_to: Address | None = None
    action: Action | None = None
    failure: Failure | None = None
    created_at: int
    next_at: int | None = None
    attempt: Attempt | None = None
    orders: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without who buys and where it goes, which have no place in a log."""
        seen = (name for name in self.__struct_fields__ if name not in _PRIVATE)
        return f"Record({', '.join(f'{name}={getattr(self, name)!r}' for name in seen)})"

    @property
    def is_open(self) -> bool:
        """Whether it holds stock."""
        return self.state in OPEN

    @property
    def is_pending(self) -> bool:
        """Whether money may be moving."""
        return self.state in PENDING

    @property
    def is_queued(self) -> bool:
        """Whether it is being paid, and nothing was sent to the provider yet."""
        is_unsent = self.attempt is not None and self.attempt.state == "queued"
        return is_unsent and self.state is State.PAY_PENDING

    @property
    def is_settled(self) -> bool:
        """Whether there is an answer for the buyer: an outcome, or something to do."""
        return not self.is_pending or (self.action is not None and self.state is State.PAY_PENDING)

    @property
    def shops(self) -> tuple[str, ...]:
        """The shops whose stock it holds, in the order in which all take them."""
        return tuple(by_shop(self.lines))

    @property
    def paying(self) -> Attempt:
        """The payment; there is one from the first ``pay`` on."""
        if self.attempt is None:
            raise LookupError("nothing was asked of the provider yet")
        return self.attempt

    def shown(self) -> Checkout:
        """What its buyer sees."""
        return Checkout(
            id=self.id,
            version=self.version,
            state=shown(self.state).value,
            currency=self.currency,
            lines=self.lines,
            subtotal=self.subtotal,
            shipping=self.shipping,
            discount=self.discount,
            tax=self.tax,
            total=self.total,
            pay_by=self.pay_by,
            hold_until=self.hold_until,
            action=UNSET if self.action is None else self.action,
            orders=self.orders,
            failure=UNSET if self.failure is None else self.failure,
        )
