"""Payments that wait: a pace whose turns a test gives, a provider that notes what it is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from checkout import rows
from checkout.parts import Terms
from checkout.payments.provider import TurnedAway
from checkout.payments.sandbox import SandboxProvider
from checkout.queue import PaymentQueue
from tests.integration.checkout.market import Market

if TYPE_CHECKING:
    from checkout.checkout import Checkout
    from checkout.record import Record


PAY_MS = 300_000
SOON = Terms(pay_ms=PAY_MS, answer_ms=200)
"""``pay`` answers soon, while the payment waits on."""

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
    """The provider's client, noting what it is asked; it can be told to turn confirms away."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.asked: list[tuple[str, str]] = []
        self.turns_away = 0

    async def create(self, attempt: str, amount: int, currency: str, checkout: str) -> None:
        self.asked.append(("create", checkout))
        await super().create(attempt, amount, currency, checkout)

    async def confirm(self, attempt: str, token: str, key: str) -> Any:
        self.asked.append(("confirm", attempt))
        if self.turns_away:
            self.turns_away -= 1
            raise TurnedAway
        return await super().confirm(attempt, token, key)

    async def fetch(self, attempt: str) -> Any:
        self.asked.append(("fetch", attempt))
        return await super().fetch(attempt)

    async def cancel(self, attempt: str) -> Any:
        self.asked.append(("cancel", attempt))
        return await super().cancel(attempt)

    @property
    def made(self) -> list[str]:
        return [of for what, of in self.asked if what == "create"]


def waiting_at(market: Market) -> PaymentQueue:
    return market.node.purchases.queue


async def opened(market: Market) -> list[Checkout]:
    """A checkout of each buyer, a millisecond apart."""
    made = []
    for name in NAMES:
        market.clock.advance(1)
        made.append(await market.buy(who=name, key=f"key-{name}"))
    return made


async def all_pay(market: Market, checkouts: list[Checkout]) -> None:
    """In the opposite order of their holds; each waits when the next one comes."""
    for name, checkout in reversed(list(zip(NAMES, checkouts, strict=True))):
        shown = await market.pay(checkout, who=name)
        assert shown.state == "pay_pending"


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
