"""Yellowcart's server: the command line, and the place where every part is put together.

``compose`` builds one node: stores, services, handler table, gateway and HTTP. Nothing here
decides anything; who does is imported.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import uvloop

from base.clock import Clock, SystemClock
from base.errors import Outage
from base.identity import Role
from base.settings import PREFIX, Settings, SettingsError
from base.tokens import Tokens, sign
from cart.carts import Carts
from cart.holds import Holds
from checkout.audit import Audit
from checkout.delivery import Delivery
from checkout.late import LateMoney
from checkout.orders import Orders
from checkout.parts import Parts, Terms
from checkout.payments.sandbox import SandboxProvider
from checkout.purchase import Purchases
from checkout.reconcile import Reconciler
from checkout.sweeper import Sweeper
from checkout.tasks import Tasks
from checkout.webhook import Webhook
from live.bag import Bags
from live.chat import Chats
from live.front import Front, Gateway
from live.gauges import Gauges
from live.handlers import Handlers
from live.hub import Hub
from live.private import Private
from live.rooms import Rooms
from live.sales import Sales
from live.shows import Shows
from live.stock_board import StockBoard
from live.wheel import Wheel
from live.workers import Workers
from sandbox.app import Sandbox
from shop.catalog import Catalog
from shop.rebuild import rebuild
from shop.stock import Stock
from store.folder import DataFolder, short_socket
from store.redis import keys
from store.redis.connect import UnfitRedisError
from store.sql.outbox import Outbox
from store.stores import Addresses, Stores, open_redis, prepare, serve_book

__all__ = ["Node", "compose", "main"]

logger = logging.getLogger("yellowcart")

WORKER: Final = "YELLOWCART_WORKER"
"""Set for a worker process: its supervisor owns the data folder and the embedded stores."""

BACKLOG: Final = 4096


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
    webhook: Webhook
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
            self.webhook.run(),
        ]


def compose(settings: Settings, stores: Stores, clock: Clock) -> Node:
    """Build a node on its stores; nothing runs yet."""
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    book, scripts = stores.book, stores.scripts
    tokens = Tokens(settings.secret, clock)
    private = Private(stores.channels, clock)
    outbox = Outbox(book, clock)
    catalog = Catalog(book, scripts, clock, outbox)
    stock = Stock(book, scripts, clock)
    carts = Carts(scripts, catalog, private, clock)
    holds = Holds(scripts, clock)
    provider = SandboxProvider(
        **sandbox_address(settings),
        api_key=derived(settings, "sandbox-api"),
        webhook_secret=derived(settings, "sandbox-webhook"),
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
        terms=Terms(
            pay_ms=settings.pay_seconds * 1000, grace_ms=settings.hold_grace_seconds * 1000
        ),
    )
    reconciler = Reconciler(parts, LateMoney(parts))
    purchases = Purchases(parts, reconciler)
    shows = Shows(scripts=scripts, book=book, clock=clock, history=settings.history)
    bags = Bags(shows=shows, scripts=scripts, products=catalog, clock=clock)
    chats = Chats(shows=shows, private=private, clock=clock, settings=settings)
    board = StockBoard(stock=stock, feed=stores.feed)
    rooms = Rooms(shows=shows, scripts=scripts, feed=stores.feed, board=board, clock=clock)
    hub = Hub(
        settings=settings,
        clock=clock,
        tokens=tokens,
        rooms=rooms,
        private=private,
        carts=carts,
        wheel=Wheel(clock),
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
        webhook=Webhook(parts, reconciler),
        purchases=purchases,
        payments=payments,
        sweeper=Sweeper(parts, reconciler, scripts, stock, node=name),
        hub=hub,
        gateway=Gateway(hub),
        gauges=Gauges(node=name, rooms=rooms, scripts=scripts, clock=clock),
        tokens=tokens,
        clock=clock,
    )
