"""Endpoints of shops for tests: what happens, and who delivers it."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shop.happened import Kind, event_id, note
from shop.webhooks.backoff import Backoff
from shop.webhooks.deliverer import AT_ONCE, Deliverer
from shop.webhooks.endpoint import Delivery, Endpoint, NewEndpoint
from shop.webhooks.endpoints import Endpoints
from shop.webhooks.sender import Sender
from store.redis.lease import Lease
from tests.receiver import Receiver, receiver
from tests.selling import ADMIN, seller

if TYPE_CHECKING:
    from base.identity import Actor
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from store.sql.rows import Connection
    from tests.clock import StoppedClock

LONGEST_WAIT_MS = 300_000 * 6 // 5
"""An endpoint's longest rest, spread."""


def happen(conn: Connection, order: str, shop: str, at: int, kind: Kind) -> bool:
    return note(conn, kind, order, shop=shop, at=at, data={"order": {"id": order}})


@dataclass
class Counts:
    """Counts deliveries."""

    outcomes: list[str] = field(default_factory=list)
    waiting_s: float = -1

    def webhook(self, outcome: str) -> None:
        self.outcomes.append(outcome)

    def webhooks_waiting(self, seconds: float) -> None:
        self.waiting_s = seconds


@dataclass
class Post:
    """Endpoints, what happens, and who delivers it."""

    book: Book
    scripts: Scripts
    clock: StoppedClock
    stack: AsyncExitStack
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.endpoints = Endpoints(self.book, self.clock, private=True)
        self.deliverer = self.another()

    def another(
        self, node: str = "node-1", *, private: bool = True, timeout_s: float = 15.0
    ) -> Deliverer:
        """A process that delivers, on the same stores."""
        deliverer = Deliverer(
            book=self.book,
            sender=Sender(self.clock, private=private, most=AT_ONCE, timeout_s=timeout_s),
            lease=Lease(self.scripts, "webhooks", node),
            clock=self.clock,
            meter=self.counts,
            backoff=Backoff(random.Random(7)),
        )
        self.stack.push_async_callback(deliverer.close)
        return deliverer

    async def receiver(self) -> Receiver:
        return await self.stack.enter_async_context(receiver())

    async def listen(self, to: Receiver | str, *kinds: Kind, by: Actor | None = None) -> Endpoint:
        url = to if isinstance(to, str) else to.url
        more: dict[str, Any] = {"kinds": list(kinds)} if kinds else {}
        return await self.endpoints.create(by or seller(), NewEndpoint(url=url, **more))

    async def happen(self, *orders: str, shop: str = "ada", kind: Kind = Kind.ORDER_PAID) -> None:
        for order in orders:
            await self.book.write(happen, order, shop, self.clock.now_ms(), kind)

    async def log(self, endpoint: Endpoint) -> list[Delivery]:
        """What was tried, the first first."""
        tried, _ = await self.endpoints.deliveries(ADMIN, endpoint.id, None, 100)
        return tried[::-1]

    async def state(self, endpoint: Endpoint) -> Endpoint:
        found, _ = await self.endpoints.list(ADMIN, None, 100)
        (one,) = [one for one in found if one.id == endpoint.id]
        return one

    async def pass_time(self, ms: int = LONGEST_WAIT_MS) -> None:
        """Let time pass, then deliver what is due."""
        self.clock.advance(ms)
        await self.deliverer.finish()


def paid(*orders: str) -> list[str]:
    return [event_id(Kind.ORDER_PAID, order) for order in orders]
