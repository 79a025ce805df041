"""Private events: what is counted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkout.checkout import Checkout
from live.meter import Unmetered
from live.private import Private
from tests.clock import StoppedClock

if TYPE_CHECKING:
    from collections.abc import Callable

PAYING = Checkout(
    id="co_1",
    version=2,
    state="pay_pending",
    currency="USD",
    lines=(),
    subtotal=500,
    shipping=0,
    discount=0,
    tax=0,
    total=500,
    pay_by=1,
    hold_until=2,
    orders=(),
)


class Counting(Unmetered):
    """Keeps the states that checkouts have reached."""

    def __init__(self) -> None:
        self.states: list[str] = []

    def checkout(self, outcome: str) -> None:
        self.states.append(outcome)


class Silence:
    """Pub/sub that nobody hears."""

    def listen(self, channel: str, on_message: Callable[[bytes], None]) -> None: ...

    def unlisten(self, channel: str) -> None: ...

    def publish(self, channel: str, data: bytes) -> None: ...


def test_a_new_place_in_the_queue_is_no_new_state() -> None:
    meter = Counting()
    private = Private(Silence(), StoppedClock(), meter)

    private.tell("vera", "checkout", PAYING)
    private.tell("vera", "checkout", PAYING, again=True)

    assert meter.states == ["pay_pending"]
