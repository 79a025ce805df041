"""The client that processes use: the provider's own, whose line we hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from checkout.payments.provider import Lost, NotSent, Payment, Status
from checkout.payments.sandbox import ASK_S, SandboxProvider
from tests.simulation.loop import LIFE
from tests.simulation.till import API_KEY, SECRET

if TYPE_CHECKING:
    from random import Random

    from base.clock import Clock
    from tests.simulation.till import Till
    from tests.simulation.wire import Wire


class Line(SandboxProvider):
    """The client that nodes use; only its line is ours.

    Args:
        till: The provider.
        wire: Whose fate and trace it shares.
        dice: The seed's.
        clock: Decides which signatures are too old.

    """

    def __init__(self, till: Till, wire: Wire, dice: Random, clock: Clock) -> None:
        super().__init__("http://sandbox", api_key=API_KEY, webhook_secret=SECRET, clock=clock)
        self._till = till
        self._wire = wire
        self._dice = dice
        self.may_lie = False
        self.lies: list[str] = []

    async def cancel(self, attempt: str) -> Payment:
        """Cancel; where it may lie, now and then only say so, and take the money later."""
        if LIFE.get() is None or not self.may_lie or self._dice.random() < 0.5:
            return await super().cancel(attempt)
        payment = await self.fetch(attempt)
        if payment is None or payment.status in {Status.CANCELED, Status.SUCCEEDED}:
            return await super().cancel(attempt)
        self.lies.append(attempt)
        self._wire.trace.add("provider", "lies about", attempt)
        self._till.take_later(attempt, self._dice.choice((0.5, 2.0, 6.0)))
        return msgspec.structs.replace(payment, status=Status.CANCELED, action=None)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, seconds: float = ASK_S
    ) -> tuple[int, bytes]:
        wire, life = self._wire, LIFE.get()
        if wire.is_cut:
            raise Lost
        if life is None:
            return await self._till.ask(method, path, body)
        name = f"provider {_verb(method, path)}"
        fault = wire.fate.of("provider", name)
        wire.trace.add(life.name, name, fault, path.rsplit("/", 1)[-1] if body is None else body)
        await asyncio.sleep(0)
        if fault == "crash before":
            await wire.die(life)
        self._till.order(self._trouble(name, fault))
        # Beyond ``seconds`` it is given up here, and still arrives there.
        late_s = self._dice.choice((0.2, 1.0, seconds - 1, seconds + 2)) if fault == "slow" else 0
        task = self._till.ask(method, path, body, late_s=late_s)
        await asyncio.wait({task}, timeout=seconds)
        if fault == "crash after":
            await wire.die(life)
        if not task.done() or fault == "after":
            raise Lost
        wire.trace.add("provider", name, task.exception() or task.result()[0])
        return task.result()

    def _trouble(self, name: str, fault: str | None) -> str | None:
        """What the provider itself does wrong now; what the line does wrong is raised."""
        is_try, often = name == "provider take", self._dice.random() < 0.5
        if fault == "after" and is_try and often:
            return "500_then_success"
        if fault != "before":
            return None
        if "provider" in self._wire.fate.down:
            raise NotSent
        if is_try and often:
            return "429"
        # Not reached, or lost on the way there.
        raise NotSent if often else Lost


def _verb(method: str, path: str) -> str:
    if path.startswith("/v1/charges"):
        return "charges"
    verb = path.removeprefix("/v1/payments/").partition("/")[2]
    return verb or ("fetch" if method == "GET" else "take")
