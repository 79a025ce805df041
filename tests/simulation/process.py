"""A server process, as far as purchases are concerned; it can be killed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from base.tasks import Tasks
from cart.carts import Carts
from cart.holds import Holds
from checkout.delivery import Delivery
from checkout.parts import Parts, Terms
from checkout.purchase import Purchases
from checkout.sweeper import Sweeper
from checkout.webhook import Webhooks
from shop.catalog import Catalog
from shop.gate import Gate as Watched
from shop.stock import Stock
from store.redis.lease import Lease
from store.sql.outbox import Outbox
from tests.simulation.loop import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from base.clock import Clock
    from cart.announcer import Announcer
    from tests.simulation.book import MemoryBook
    from tests.simulation.gate import Gate
    from tests.simulation.line import Line
    from tests.simulation.loop import Loop

T = TypeVar("T")

TERMS: Final = Terms(pay_ms=8_000, grace_ms=4_000, answer_ms=3_000)
"""Short, so that little time has to pass until a purchase that nobody ends has ended."""


class Cut(Exception):
    """The connection to the server is gone, and nobody knows what became of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all processes share."""

    loop: Loop
    book: MemoryBook
    gate: Gate
    provider: Line
    clock: Clock
    announcer: Announcer
    purchased: Callable[[dict[str, Any]], None]
    is_alone: bool


class Process:
    """Puts the services together as ``live/node.py`` does."""

    def __init__(self, name: str, shared: Shared) -> None:
        self.life = Life(name)
        self._loop = shared.loop
        self._purchased = shared.purchased
        # In the order in which they were asked: a set of futures has none that repeats.
        self._asked: dict[asyncio.Future[Any], None] = {}
        book, gate, clock = shared.book, shared.gate, shared.clock
        self.outbox = Outbox(book, clock)
        self.catalog = Catalog(book, gate, clock, self.outbox)
        self.carts = Carts(gate, self.catalog, shared.announcer, clock)
        self.parts = Parts(
            book=book,
            outbox=self.outbox,
            catalog=self.catalog,
            carts=self.carts,
            holds=Holds(gate, clock),
            announcer=shared.announcer,
            provider=shared.provider,
            clock=clock,
            tasks=Tasks(),
            secret="simulated-secret",
            terms=TERMS,
            scripts=None if shared.is_alone else gate,
        )
        self.purchases = Purchases(self.parts)
        self.webhooks = Webhooks(self.parts, self.purchases.reconciler)
        self.stock = Stock(book, gate, clock)
        self._sweeper = Sweeper(
            self.parts,
            self.purchases,
            self.webhooks,
            gate=Watched(book, gate, clock, is_durable=True),
            stock=self.stock,
            lease=Lease(gate, "sweeper", name),
        )
        delivery = Delivery(self.parts.book, self.parts.holds, self.carts)
        self.outbox.handlers |= {
            "settle": delivery.settle,
            "bought": delivery.bought,
            "purchase": self._purchase,
            "product": self._product,
        }
        self.outbox.together["settle"] = delivery.settle_all

    def start(self) -> None:
        """Begin to work; the sweeper recovers first."""
        for work in (self.outbox.run(), self.webhooks.run(), self._sweeper.run()):
            _ = self._loop.start(work, self.life)

    def kill(self) -> None:
        """End at once: no handler and no ``finally`` of it runs any more."""
        self.life.is_dead = True
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(Cut())

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Have a request done by this process, as over a socket.

        Raises:
            Cut: It has died.
            YellowcartError: As the request ends.

        """
        if self.life.is_dead:
            work.close()
            raise Cut
        answer: asyncio.Future[T] = self._loop.create_future()
        self._asked[answer] = None

        def tell(task: asyncio.Task[T]) -> None:
            if answer.done():
                return
            if task.cancelled():
                answer.set_exception(Cut())
            elif (error := task.exception()) is not None:
                answer.set_exception(error)
            else:
                answer.set_result(task.result())

        self._loop.start(work, self.life).add_done_callback(tell)
        try:
            return await answer
        finally:
            del self._asked[answer]

    async def _purchase(self, row: int, payload: dict[str, Any]) -> None:
        del row
        self._purchased(payload)

    async def _product(self, row: int, payload: dict[str, Any]) -> None:
        """Shows are none of our business here."""
