"""Buyers: they click twice, hang up, repeat, change their minds, and try card after card."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import UNSET

from base.errors import (
    InProgress,
    NotFound,
    Outage,
    YellowcartError,
)
from base.identity import Actor, Role
from checkout.checkout import Address, Checkout, Method
from tests.simulation.process import Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from tests.simulation.process import Process
    from tests.simulation.town import Town

T = TypeVar("T")

HOME: Final = Address(name="Vera V", line1="1 Yellow Lane", city="Oslo", country="NO")
FOREVER: Final = 9_999_999_999_999

HONEST: Final = ("tok_ok", "tok_ok", "tok_slow", "tok_timeout", "tok_webhook_only")
TOKENS: Final = (
    *HONEST, "tok_ok", "tok_ok", "tok_3ds", "tok_3ds", "tok_declined", "tok_unavailable",
)  # fmt: skip
REPEATS: Final = 5
AGAIN: Final = frozenset({"PaymentDeclined", "InProgress", "Outage", "Cut", "pay_pending"})
"""After these there is reason to pay again."""

HURRY_MS: Final = 3_000
"""Less may be too little for a slow card."""


def actor(name: str) -> Actor:
    return Actor(id=name, name=name.title(), role=Role.VIEWER, expires_ms=FOREVER)


class Buyer:
    """One person with one or two browsers."""

    def __init__(self, name: str, town: Town) -> None:
        self.actor = actor(name)
        self._town = town
        self._dice = town.dice
        # A card tester has only bad cards, and many of them.
        self._is_tester = town.dice.random() < 0.15

    async def run(self) -> None:
        comes_s = self._dice.random() * 3
        await asyncio.sleep(int(comes_s) if self._town.is_rush else comes_s)
        for number in range(self._dice.choice((1, 1, 2))):
            checkout = await self._open(f"{self.actor.id}-key-{number}")
            if checkout is not None:
                await self._go_on(checkout)

    async def request(self, what: str, work: Callable[[Process], Coroutine[Any, Any, T]]) -> T:
        """Ask some server until it answers, as a client with a retry does.

        Raises:
            YellowcartError: The answer, or an outage after some repeats.
            Cut: Nobody answered.

        """
        town = self._town
        for repeat in range(REPEATS + 1):
            try:
                return await town.ask(work)
            except (Outage, Cut) as error:
                town.trace.add(self.actor.id, what, type(error).__name__)
                if repeat == REPEATS:
                    raise
                await asyncio.sleep(self._dice.choice((0.05, 0.3, 1.0)))
        raise Cut

    async def _open(self, key: str) -> Checkout | None:
        dice, skus, who = self._dice, self._town.skus, self.actor
        if dice.random() < 0.35:
            return await self._open_cart(key)
        sku, qty = dice.choice(skus), dice.choice((1, 1, 1, 2, 3))
        first = self._try_to_open(
            key, (sku, qty), lambda p: p.purchases.buy(who, sku, qty, key, "demo")
        )
        if dice.random() < 0.6:
            return await first
        # A second click, or another wish under the same key.
        other, count = (dice.choice(skus), 2) if dice.random() < 0.4 else (sku, qty)
        second = self._try_to_open(
            key, (other, count), lambda p: p.purchases.buy(who, other, count, key, "demo")
        )
        found = await asyncio.gather(first, second)
        return found[0] or found[1]

    async def _open_cart(self, key: str) -> Checkout | None:
        dice, skus, who = self._dice, self._town.skus, self.actor
        wanted = {
            sku: dice.choice((1, 1, 2))
            for sku in dice.sample(skus, min(len(skus), dice.choice((1, 2, 3))))
        }
        self._town.watch.cart_changes(who.id)
        if not all([await self._put_in(sku, qty) for sku, qty in wanted.items()]):
            return None
        checkout = await self._open_what_is_in(key)
        if dice.random() < 0.4:
            # Once more after a change: the key still stands for what was opened first.
            await self._put_in(dice.choice(skus), dice.choice((0, 0, 1)))
            checkout = await self._open_what_is_in(key) or checkout
        sku, qty = dice.choice(list(wanted.items()))
        if checkout is None or not await self._put_in(sku, qty + 3):
            return checkout
        bought = sum(line.qty for line in checkout.lines if line.sku == sku)
        self._town.watch.in_cart(who.id, sku, checkout.id, qty + 3, bought)
        return checkout

    async def _open_what_is_in(self, key: str) -> Checkout | None:
        return await self._try_to_open(
            key, "the cart", lambda p: p.purchases.open(self.actor, key, None, "demo")
        )

    async def _put_in(self, sku: str, qty: int) -> bool:
        """Make it so many units in the cart."""
        try:
            await self.request("cart", lambda p: p.carts.set(self.actor.id, sku, qty))
        except (YellowcartError, Cut):
            return False
        return True

    async def _try_to_open(self, key: str, body: object, work: Any) -> Checkout | None:
        """Open, once more after a refusal that may pass."""
        for _ in range(2):
            try:
                checkout: Checkout = await self.request("open", work)
            except InProgress:
                await asyncio.sleep(1)
                continue
            except (YellowcartError, Cut) as error:
                self._town.trace.add(self.actor.id, "cannot open", type(error).__name__)
                if isinstance(error, NotFound):
                    self._town.watch.complain(f"{self.actor.id} was told that {body} is not there")
                return None
            self._town.watch.opened(self.actor.id, key, body, checkout)
            self._hear(checkout)
            return checkout
        return None

    async def _go_on(self, checkout: Checkout) -> None:
        dice = self._dice
        mood = dice.random()
        if mood < 0.12:
            return
        if mood < 0.2:
            await self._cancel(checkout)
        elif mood < 0.3:
            await asyncio.gather(self._pay(checkout, dice.choice(TOKENS)), self._cancel(checkout))
        else:
            await self._pay_until_done(checkout)

    async def _pay_until_done(self, checkout: Checkout) -> None:
        await asyncio.sleep(self._dice.choice((0.0, 0.0, 0.5, 2.0, 8.2, 9.0)))
        tokens = ("tok_declined", "tok_insufficient_funds") if self._is_tester else TOKENS
        for number in range(8 if self._is_tester else 3):
            token = self._dice.choice(tokens)
            begun_ms = self._town.clock.now_ms()
            became = await self._pay(checkout, token)
            if self._town.fate.is_calm:
                left_ms = checkout.pay_by - begun_ms
                self._expect(checkout, token, became, left_ms, is_first=number == 0)
            if became not in AGAIN:
                return
            await asyncio.sleep(self._dice.choice((0.0, 0.2, 1.0)))

    async def _pay(self, checkout: Checkout, token: str) -> str:
        """Pay; the state that it led to, or the error."""
        method = Method(type="card", token=token)
        try:
            paid = await self.request(
                f"pay {token}", lambda p: p.purchases.pay(self.actor, checkout.id, method, HOME)
            )
        except (YellowcartError, Cut) as error:
            self._town.trace.add(self.actor.id, "cannot pay", type(error).__name__)
            return type(error).__name__
        self._hear(paid)
        if paid.action is not UNSET:
            await self._confirm(paid)
        return paid.state

    def _expect(
        self, checkout: Checkout, token: str, became: str, left_ms: int, *, is_first: bool
    ) -> None:
        """On a calm day an honest card pays, and none does once it is too late."""
        honest = token in HONEST and left_ms > HURRY_MS
        unpaid = honest and became not in {"paid", "InProgress"}
        late = is_first and left_ms <= 0 and became != "Expired"
        if unpaid or late:
            text = f"{token}, {left_ms} ms before its time was over, led to {became}"
            self._town.watch.complain(f"{checkout.id}: {text}")

    async def _confirm(self, checkout: Checkout) -> None:
        """Answer on the bank's page, or leave it."""
        await asyncio.sleep(self._dice.choice((0.1, 1.0, 4.0)))
        if self._dice.random() < 0.2 or checkout.action is UNSET:
            return
        path, _, token = checkout.action.url.partition("?token=")
        said = self._dice.random() < 0.7
        await self._town.till.bank.authenticate(path.rsplit("/", 1)[-1], token, confirmed=said)
        await asyncio.sleep(self._dice.choice((0.2, 1.0)))
        await self._look(checkout)

    async def _look(self, checkout: Checkout) -> None:
        # By its id, or whatever is open, which may be nothing by now.
        ident = checkout.id if self._dice.random() < 0.7 else None
        try:
            self._hear(await self.request("get", lambda p: p.purchases.get(self.actor, ident)))
        except NotFound:
            if ident is not None:
                raise
        except (Outage, Cut):
            return

    async def _cancel(self, checkout: Checkout) -> None:
        await asyncio.sleep(self._dice.choice((0.0, 0.0, 0.3, 1.6)))
        try:
            self._hear(
                await self.request("cancel", lambda p: p.purchases.cancel(self.actor, checkout.id))
            )
        except (Outage, Cut):
            return

    def _hear(self, checkout: Checkout) -> None:
        self._town.trace.add(self.actor.id, "sees", checkout.id, checkout.state)
        self._town.watch.heard(checkout)
