"""A node: one process's services, put together on its stores.

Nothing here decides anything; who does is imported. ``server.py`` runs it.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.clock import Clock
from base.ids import derived_id
from base.settings import Settings
from base.tasks import Tasks
from base.tokens import Tokens
from cart.carts import Carts
from cart.holds import Holds
from checkout.audit import Audit
from checkout.delivery import Delivery
from checkout.orders import Orders
from checkout.parts import Parts, Terms
from checkout.payments.sandbox import SandboxProvider
from checkout.purchase import Purchases
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
from live.rooms import Rooms
from live.sales import Sales
from live.shows import Shows
from live.stock_board import StockBoard
from live.wheel import Wheel
from shop.catalog import Catalog
from shop.stock import Stock
from store.folder import short_socket
from store.redis import keys
from store.sql.outbox import Outbox
from store.stores import Stores

__all__ = ["Node", "compose", "sandbox_key", "sandbox_socket"]

FINISH_S = 2.0
"""What commands and payments under way get at the end; the sweeper finishes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One process's services."""

    settings: Settings
    stores: Stores
    outbox: Outbox
    catalog: Catalog
    stock: Stock
    shows: Shows
    bags: Bags
    orders: Orders
    audit: Audit
    provider: SandboxProvider
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


def compose(settings: Settings, stores: Stores, clock: Clock, meter: Meter | None = None) -> Node:
    """Build a node on its stores; nothing runs yet."""
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    book, scripts = stores.book, stores.scripts
    tokens = Tokens(settings.secret, clock)
    private = Private(stores.channels, clock, meter)
    outbox = Outbox(book, clock)
    catalog = Catalog(book, scripts, clock, outbox)
    stock = Stock(book, scripts, clock)
    carts = Carts(scripts, catalog, private, clock)
    holds = Holds(scripts, clock)
    provider = SandboxProvider(
        f"unix://{sandbox_socket(settings)}",
        api_key=sandbox_key(settings, "api"),
        webhook_secret=sandbox_key(settings, "webhook"),
        clock=clock,
    )
    payments = Tasks()
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
        # One process alone sees all of a viewer's openings itself.
        scripts=None if settings.is_alone else scripts,
        terms=Terms(
            pay_ms=settings.pay_seconds * 1000, grace_ms=settings.hold_grace_seconds * 1000
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
    delivery = Delivery(holds, carts)
    outbox.handlers |= {
        "settle": delivery.settle,
        "bought": delivery.bought,
        "purchase": Sales(shows=shows, clock=clock).tell,
        "product": bags.tell_change,
    }
    stores.channels.listen(keys.catalog_channel(), lambda data: catalog.forget(data.decode()))
    return Node(
        settings=settings,
        stores=stores,
        outbox=outbox,
        catalog=catalog,
        stock=stock,
        shows=shows,
        bags=bags,
        orders=Orders(book),
        audit=Audit(book, scripts, provider),
        provider=provider,
        webhooks=webhooks,
        purchases=purchases,
        payments=payments,
        sweeper=Sweeper(parts, purchases, webhooks, stock=stock, scripts=scripts, node=name),
        hub=hub,
        gateway=Gateway(hub),
        gauges=Gauges(node=name, rooms=rooms, private=private, scripts=scripts, clock=clock),
        tokens=tokens,
        clock=clock,
    )


def sandbox_socket(settings: Settings) -> Path:
    """Where the practice provider listens."""
    return short_socket(settings.data_dir.absolute() / "sandbox.sock")


def sandbox_key(settings: Settings, purpose: str) -> str:
    """A key that the server and its practice provider share."""
    return derived_id("key", settings.secret, purpose)
