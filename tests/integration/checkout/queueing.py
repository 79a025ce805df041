"""Payments that wait: a pace whose turns a test gives, a provider that notes what it is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from base.errors import Outage
from checkout import rows
from checkout.parts import Terms
from checkout.payments.provider import Due, TurnedAway
from checkout.payments.sandbox import SandboxProvider
from checkout.queue import PaymentQueue
from tests.integration.checkout.market import HOME, OK, Market, Node, buyer, card
from tests.waiting import until

if TYPE_CHECKING:
    from checkout.checkout import Checkout
    from checkout.record import Record


PAY_MS = 300_000
SOON = Terms(pay_ms=PAY_MS, answer_ms=200)
"""``pay`` answers soon, while the payment waits on; on a busy machine even before it waits."""

NAMES = ("vera", "walt", "xena")


class ByHand:
    """A pace whose turns the test gives."""

    def __init__(self) -> None:
        self._given = asyncio.Semaphore(0)
        self.slowed = 0

    async def turn(self) -> None:
        await self._given.acquire()

    def give(self, count: int = 1) -> None:
        for _ in range(count):
            self._given.release()

    def slow(self) -> None:
        self.slowed += 1


class Listed(SandboxProvider):
    """The provider's client, noting what it is asked.

    Attributes:
        turns_away: So many confirms are.
        may_confirm: Confirms wait while it is not set.

    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.asked: list[tuple[str, str]] = []
        self.turns_away = 0
        self.may_confirm = asyncio.Event()
        self.may_confirm.set()

    async def take(self, due: Due, token: str, key: str) -> Any:
        self.asked.append(("take", due.checkout))
        if self.turns_away:
            self.turns_away -= 1
            raise TurnedAway
        await self.may_confirm.wait()
        return await super().take(due, token, key)

    async def fetch(self, attempt: str) -> Any:
        self.asked.append(("fetch", attempt))
        return await super().fetch(attempt)

    async def cancel(self, attempt: str) -> Any:
        self.asked.append(("cancel", attempt))
        return await super().cancel(attempt)

    @property
    def made(self) -> list[str]:
        return [of for what, of in self.asked if what == "take"]


def waiting_at(market: Market) -> PaymentQueue:
    return market.node.purchases.queue


async def opened(market: Market) -> list[Checkout]:
    """A checkout of each buyer, a millisecond apart."""
    made = []
    for name in NAMES:
        market.clock.advance(1)
        made.append(await market.buy(who=name, key=f"key-{name}"))
    return made


async def queued(node: Node, checkout: Checkout, who: str = "vera", token: str = OK) -> Checkout:
    """Pay; what the buyer sees once the payment waits at this node, however late that is."""
    line = node.purchases.queue
    waiting = len(line)
    await node.purchases.pay(buyer(who), checkout.id, card(token), HOME)
    await until(lambda: len(line) > waiting)
    return await node.purchases.get(buyer(who), checkout.id)


async def all_pay(market: Market, checkouts: list[Checkout]) -> None:
    """In the opposite order of their holds; each waits when the next one comes."""
    for name, checkout in reversed(list(zip(NAMES, checkouts, strict=True))):
        shown = await queued(market.node, checkout, name)
        assert shown.state == "pay_pending"


async def finds_room(market: Market, checkout: Checkout, who: str) -> bool:
    """Whether somebody who pays now waits, and is not told to come back."""
    try:
        return (await queued(market.node, checkout, who)).state == "pay_pending"
    except Outage:
        return False


async def is_declined(market: Market, checkout: Checkout) -> bool:
    """Whether its last try was, so that it may be paid again."""
    record = await record_of(market, checkout)
    return record.state == "reserved" and record.failure is not None


async def record_of(market: Market, checkout: Checkout) -> Record:
    record = await market.book.read(rows.by_id, checkout.id)
    assert record is not None
    return record


def places_told(market: Market, name: str) -> list[Any]:
    return [
        thing.place  # type: ignore[attr-defined]
        for viewer, kind, thing in market.node.told.told
        if (viewer, kind) == (name, "checkout")
    ]
