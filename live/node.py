"""A node: one process's services, put together on its stores.

Nothing here decides anything; who does is imported. ``server.py`` runs it.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from base.clock import Clock
from base.settings import Settings
from base.tasks import Tasks
from base.tokens import Tokens
from cart.carts import Carts
from cart.holds import Holds
from checkout.audit import Audit
from checkout.break_watch import LOOKER_MS, BreakWatch
from checkout.delivery import Delivery
from checkout.order_terms import OrderTerms
from checkout.orders import Orders
from checkout.parts import Parts, Terms
from checkout.payments.provider import Provider
from checkout.purchase import Purchases
from checkout.queue import MOST_PAYING
from checkout.repair import Repair
from checkout.restocks import Restocks
from checkout.sweeper import Sweeper
from checkout.webhook import Webhooks
from live.bag import Bags
from live.chat import Chats
from live.front import Gateway
from live.gauges import Gauges
from live.handlers import Handlers
from live.hub import Hub
from live.meter import Meter, Unmetered
from live.private import Private
from live.provider import open_pace, open_provider
from live.rooms import Rooms
from live.sales import Sales
from live.shows import Shows
from live.stock_board import StockBoard
from live.wheel import Wheel
from shop.catalog import Catalog
from shop.events import Events
from shop.gate import Gate
from shop.stock import Stock
from shop.webhooks.backoff import Backoff
from shop.webhooks.deliverer import AT_ONCE, Deliverer
from shop.webhooks.endpoints import Endpoints
from shop.webhooks.sender import Sender
from store.redis import keys
from store.redis.lease import Lease
from store.sql.outbox import Outbox
from store.stores import Stores

__all__ = ["Node", "compose"]

MOST_TASKS = 2 * MOST_PAYING
"""A full queue of payments must not keep anybody from buying."""

FINISH_S = 2.0
"""What commands and payments under way get at the end; the sweeper finishes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One process's services."""

    settings: Settings
    stores: Stores
    outbox: Outbox
    catalog: Catalog
    gate: Gate
    stock: Stock
    shows: Shows
    bags: Bags
    orders: Orders
    events: Events
    endpoints: Endpoints
    deliverer: Deliverer
    audit: Audit
    break_watch: BreakWatch
    repair: Repair
    provider: Provider
    webhooks: Webhooks
    purchases: Purchases
    payments: Tasks
    sweeper: Sweeper
    hub: Hub
    gateway: Gateway
    gauges: Gauges
    tokens: Tokens
    clock: Clock

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What runs for as long as the node does."""
        return [
            self.stores.feed.run(),
            self.stores.channels.run(),
            self.outbox.run(),
            self.gauges.run(),
            self.hub.wheel.run(),
            self.gateway.watch(),
            self.sweeper.run(),
            self.webhooks.run(),
            self.deliverer.run(),
            self.break_watch.run(),
        ]

    async def leave(self, drain_s: float) -> None:
        """Close everybody, spread over ``drain_s``, and let what is under way finish."""
        await self.gateway.drain(drain_s)
        await self.hub.tasks.close(FINISH_S)
        await self.payments.close(FINISH_S)
        await self.outbox.flush()
        await self.gauges.leave()

    async def close(self) -> None:
        """Let go of what the node holds; its work has ended."""
        await self.hub.rooms.close()
        await self.provider.close()


def compose(
    settings: Settings,
    stores: Stores,
    clock: Clock,
    meter: Meter | None = None,
    *,
    is_alone: bool = False,
) -> Node:
    """Build a node on its stores; nothing runs yet.

    With ``is_alone`` no other process serves viewers from these stores: nothing has to be told
    to others.
    """
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    book, scripts = stores.book, stores.scripts
    tokens = Tokens(settings.secret, clock)
    private = Private(stores.channels, clock, meter, is_alone=is_alone)
    outbox = Outbox(book, clock)
    catalog = Catalog(book, scripts, clock, outbox)
    # Our own Redis writes through to its file before it answers.
    gate = Gate(book, scripts, clock, is_durable=not settings.redis_url)
    stock = Stock(book, scripts, clock)
    carts = Carts(scripts, catalog, private, clock)
    holds = Holds(scripts, clock)
    provider = open_provider(settings, book, clock)
    payments = Tasks(most=MOST_TASKS)
    # One process alone sees all of a viewer's openings, and all payments, itself.
    shared = None if is_alone else scripts
    parts = Parts(
        book=book,
        outbox=outbox,
        catalog=catalog,
        carts=carts,
        holds=holds,
        announcer=private,
        provider=provider,
        clock=clock,
        tasks=payments,
        secret=settings.secret,
        pace=open_pace(settings, shared, clock),
        scripts=shared,
        terms=Terms(
            pay_ms=settings.pay_seconds * 1000, grace_ms=settings.hold_grace_seconds * 1000
        ),
        order_terms=OrderTerms(
            free_cancel_ms=settings.free_cancel_seconds * 1000,
            asks_shop=settings.cancel_approval == "seller",
            cancel_answer_ms=settings.cancel_answer_seconds * 1000,
            complete_ms=settings.complete_seconds * 1000,
            platform_fee_bps=settings.platform_fee_bps,
        ),
    )
    purchases = Purchases(parts)
    webhooks = Webhooks(parts, purchases.reconciler)
    shows = Shows(scripts=scripts, book=book, clock=clock, history=settings.history)
    bags = Bags(
        shows=shows,
        scripts=scripts,
        products=catalog,
        stock=stock,
        channels=stores.channels,
        clock=clock,
    )
    chats = Chats(shows=shows, private=private, clock=clock, settings=settings)
    board = StockBoard(stock=stock, feed=stores.feed)
    rooms = Rooms(
        shows=shows, scripts=scripts, feed=stores.feed, board=board, clock=clock, meter=meter
    )
    private.on_ban = rooms.ban
    hub = Hub(
        settings=settings,
        clock=clock,
        tokens=tokens,
        rooms=rooms,
        private=private,
        carts=carts,
        wheel=Wheel(clock),
        meter=meter or Unmetered(),
        handlers=Handlers(shows=shows, bags=bags, chats=chats, carts=carts, purchases=purchases),
    )
    delivery, sales = Delivery(stores.book, holds, carts), Sales(shows=shows, clock=clock)
    outbox.handlers |= {
        "settle": delivery.settle,
        "bought": delivery.bought,
        "restock": Restocks(book, scripts, clock).deliver,
        "purchase": sales.tell,
        "product": bags.tell_change,
    }
    outbox.together |= {"settle": delivery.settle_all, "purchase": sales.tell_all}
    stores.channels.listen(keys.catalog_channel(), lambda data: catalog.forget(data.decode()))
    audit = Audit(book, scripts, provider)
    sweeper = Sweeper(
        parts,
        purchases,
        webhooks,
        gate=gate,
        stock=stock,
        lease=Lease(scripts, "sweeper", name),
    )
    return Node(
        settings=settings,
        stores=stores,
        outbox=outbox,
        catalog=catalog,
        gate=gate,
        stock=stock,
        shows=shows,
        bags=bags,
        orders=Orders(book),
        events=Events(book, clock),
        endpoints=Endpoints(book, clock, private=settings.may_tell_private),
        deliverer=Deliverer(
            book=book,
            sender=Sender(clock, private=settings.may_tell_private, most=AT_ONCE),
            lease=Lease(scripts, "webhooks", name),
            clock=clock,
            meter=meter or Unmetered(),
            backoff=Backoff(secrets.SystemRandom()),
        ),
        audit=audit,
        break_watch=BreakWatch(
            book=book,
            audit=audit,
            lease=Lease(scripts, "breaks", name, lasts_ms=LOOKER_MS),
            clock=clock,
            meter=meter or Unmetered(),
        ),
        repair=Repair(book=book, scripts=scripts, outbox=outbox, sweeper=sweeper, audit=audit),
        provider=provider,
        webhooks=webhooks,
        purchases=purchases,
        payments=payments,
        sweeper=sweeper,
        hub=hub,
        gateway=Gateway(hub),
        gauges=Gauges(node=name, rooms=rooms, private=private, scripts=scripts, clock=clock),
        tokens=tokens,
        clock=clock,
    )
