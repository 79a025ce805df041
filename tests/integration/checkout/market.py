"""A whole market for tests: real stores, the real practice provider, buyers who click."""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import ClientSession, UnixConnector, web

from base.errors import STATUS, YellowcartError
from base.identity import Actor, Role
from base.tasks import Tasks
from cart.carts import Carts
from cart.holds import Holds
from checkout.audit import Audit
from checkout.checkout import Address, Checkout, Method
from checkout.delivery import Delivery
from checkout.orders import Orders
from checkout.parts import Parts, Terms
from checkout.payments.sandbox import SandboxProvider
from checkout.purchase import Purchases
from checkout.restocks import Restocks
from checkout.sweeper import Sweeper
from checkout.webhook import Webhooks
from sandbox.app import Sandbox
from shop.catalog import Catalog
from shop.gate import Gate
from shop.stock import Stock
from store.redis import keys
from store.redis.lease import Lease
from store.sql.outbox import Outbox
from store.sql.rows import Connection, func, select
from store.sql.tables import webhook_inbox
from tests.selling import FOREVER, SHOP, Recorder, Shelves, counters, open_gate
from tests.waiting import until_told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from checkout.payments.provider import Provider
    from store.redis.scripts import Scripts
    from store.sql.book import Book
    from tests.clock import StoppedClock

API_KEY = "sandbox-key"
WEBHOOK_SECRET = "webhook-secret"
OK = "tok_ok"
M = TypeVar("M", bound="Market")
HOME = Address(name="Vera V", line1="1 Yellow Lane", city="Oslo", country="NO")


def buyer(name: str = "vera") -> Actor:
    return Actor(id=name, name=name.title(), role=Role.VIEWER, expires_ms=FOREVER)


def card(token: str = OK) -> Method:
    return Method(type="card", token=token)


@dataclass
class Node:
    """One server process, as far as checkouts are concerned."""

    parts: Parts
    scripts: Scripts
    outbox: Outbox
    told: Recorder
    purchased: list[dict[str, Any]] = field(default_factory=list)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts = self.parts
        self.purchases = Purchases(parts)
        self.webhooks = Webhooks(parts, self.purchases.reconciler)
        self.stock = Stock(parts.book, self.scripts, parts.clock)
        self.orders = Orders(parts.book)
        self.sweeper = Sweeper(
            parts,
            self.purchases,
            self.webhooks,
            gate=Gate(parts.book, self.scripts, parts.clock),
            stock=self.stock,
            lease=Lease(self.scripts, "sweeper", "node-1"),
        )
        delivery = Delivery(parts.book, parts.holds, parts.carts)
        self.outbox.handlers |= {
            "settle": delivery.settle,
            "bought": delivery.bought,
            "restock": Restocks(parts.book, self.scripts, parts.clock).deliver,
            "purchase": self._purchase,
            "product": self._product,
        }
        self.outbox.together["settle"] = delivery.settle_all

    async def stop(self, seconds: float = 5) -> None:
        """Stop; with 0 seconds as if it was killed, as far as that can be seen outside."""
        await self.parts.tasks.close(seconds)
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    async def _purchase(self, row: int, payload: dict[str, Any]) -> None:
        del row
        self.purchased.append(payload)

    async def _product(self, row: int, payload: dict[str, Any]) -> None:
        """Shows are none of our business here."""


class Market:
    """Shops, a node, the provider, and what buyers do."""

    def __init__(self, book: Book, scripts: Scripts, clock: StoppedClock) -> None:
        self.book = book
        self.scripts = scripts
        self.clock = clock
        self.shelves = Shelves(book, scripts, clock)
        self._stack = AsyncExitStack()

    async def open(self, folder: Path) -> None:
        await open_gate(self.scripts)
        socket_folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="yc-"))
        self.socket = str(Path(socket_folder) / "pay.sock")
        self.provider = await self.open_provider(folder, await self._serve_webhooks())
        self.node = await self.start_node(self.provider)

    async def close(self) -> None:
        await self._stack.aclose()

    async def open_provider(self, folder: Path, hook: str) -> Provider:
        """Start the provider, which tells of payments at ``hook``; returns its client."""
        self.sandbox = Sandbox(
            path=folder / "sandbox.db",
            api_key=API_KEY,
            webhook_secret=WEBHOOK_SECRET,
            webhook_url=hook,
            clock=self.clock,
            slow_s=1.5,
            webhook_only_s=0.2,
        )
        await self.sandbox.start(unix_path=self.socket)
        self._stack.push_async_callback(self.sandbox.stop)
        return self.client()

    def client(
        self, socket: str = "", kind: type[SandboxProvider] = SandboxProvider
    ) -> SandboxProvider:
        provider = kind(
            f"unix://{socket or self.socket}",
            api_key=API_KEY,
            webhook_secret=WEBHOOK_SECRET,
            clock=self.clock,
        )
        self._stack.push_async_callback(provider.close)
        return provider

    async def start_node(self, provider: Any = None, **other: Any) -> Node:
        """A process on the same stores; ``other`` replaces some of its parts."""
        told = Recorder()
        outbox = Outbox(self.book, self.clock)
        catalog = Catalog(self.book, self.scripts, self.clock, outbox)
        parts = Parts(
            book=self.book,
            outbox=outbox,
            catalog=catalog,
            carts=Carts(self.scripts, catalog, told, self.clock),
            holds=Holds(self.scripts, self.clock),
            announcer=told,
            provider=provider or self.provider,
            clock=self.clock,
            tasks=Tasks(),
            secret="market-secret",
            terms=Terms(),
            scripts=self.scripts,
        )
        node = Node(replace(parts, **other), self.scripts, outbox, told)
        node.running += [
            asyncio.create_task(outbox.run()),
            asyncio.create_task(node.webhooks.run()),
        ]
        self._stack.push_async_callback(node.stop)
        return node

    async def replace_node(self, provider: Any = None, **other: Any) -> None:
        """Kill the node and start another on the same stores."""
        await self.node.stop(0)
        self.node = await self.start_node(provider, **other)

    async def put(self, sku: str, units: int, *, shop: str = SHOP, price: int = 1999) -> None:
        await self.shelves.put(sku, units, shop=shop, price=price)

    async def buy(
        self, sku: str = "mug-blue", *, qty: int = 1, key: str = "key-0001", who: str = "vera"
    ) -> Checkout:
        return await self.node.purchases.buy(buyer(who), sku, qty, key, "demo")

    async def pay(self, checkout: Checkout, token: str = OK, who: str = "vera") -> Checkout:
        return await self.node.purchases.pay(buyer(who), checkout.id, card(token), HOME)

    async def get(self, checkout: Checkout, who: str = "vera") -> Checkout:
        return await self.node.purchases.get(buyer(who), checkout.id)

    async def becomes(self, checkout: Checkout, state: str, who: str = "vera") -> Checkout:
        """The checkout once it is in that state; fails after some seconds."""
        async with asyncio.timeout(20):
            now = await self.get(checkout, who)
            while now.state != state:
                await asyncio.sleep(0.02)
                now = await self.get(checkout, who)
        return now

    async def heard(self, name: str) -> None:
        """Wait until a buyer was told of a cart, checkout or order."""
        async with asyncio.timeout(20):
            while name not in {told for _, told, _ in self.node.told.told}:  # noqa: ASYNC110 - as it is told
                await asyncio.sleep(0.02)

    async def units(self, sku: str = "mug-blue", shop: str = SHOP) -> tuple[int, int, int]:
        """Left, held and sold at the gate, once the outbox is empty."""
        await self.node.outbox.flush(20.0)
        found = await counters(self.scripts, sku, shop)
        return found["avail"], found["held"], found["sold"]

    async def give_gate_units(self, units: int, sku: str = "mug-blue") -> None:
        """The gate believes in more than there are, as after a failover that lost writes."""
        for field_ in ("avail", "total"):
            await self.scripts.command("HINCRBY", keys.stock(SHOP, sku), field_, units)

    async def charges(self) -> list[tuple[str, int, int]]:
        """What the provider holds: checkout, captured, refunded."""
        items, _ = await self.provider.charges(None, 100)
        return [(charge.checkout, charge.captured, charge.refunded) for charge in items]

    async def off(self) -> list[str]:
        """The checks of the audit that fail."""
        await self.node.outbox.flush(20.0)
        checks = await Audit(self.book, self.scripts, self.provider).run()
        names = ["stock", "holds", "claims", "orders", "payments", "ledger"]
        assert [check.name for check in checks] == names
        return [check.name for check in checks if not check.ok]

    async def webhooks(self) -> int:
        """How many the inbox has, once all of them were looked at."""

        async def are_done() -> bool:
            kept, done = await self.book.read(_kept_and_done)
            return kept == done

        await until_told(are_done)
        return (await self.book.read(_kept_and_done))[0]

    async def press(self, checkout: Checkout, button: int) -> None:
        """Open the confirmation page in a browser and press a button: 0 confirms, 1 refuses."""
        assert checkout.action
        connector = UnixConnector(self.socket)
        async with ClientSession("http://sandbox", connector=connector) as browser:
            async with browser.get(checkout.action.url) as page:
                links = re.findall(r'action="([^"]+)"', await page.text())
            async with browser.post(unescape(links[button]), allow_redirects=False) as answer:
                assert answer.status == 303

    async def order_faults(self, **faults: Any) -> None:
        connector = UnixConnector(self.socket)
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with (
            ClientSession("http://sandbox", connector=connector, headers=headers) as session,
            session.post("/v1/faults", json=faults) as answer,
        ):
            assert answer.status == 200

    async def _serve_webhooks(self) -> str:
        app = web.Application()
        app.router.add_post("/hook", self._take_webhook)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/hook"

    async def _take_webhook(self, request: web.Request) -> web.Response:
        try:
            raw = await request.read()
            await self.node.webhooks.receive(self.provider.name, request.headers, raw)
        except YellowcartError as error:
            return web.Response(status=STATUS[error.code])
        return web.Response()


def _kept_and_done(conn: Connection) -> tuple[int, int]:
    query = select(func.count(), func.count(webhook_inbox.c.done_at))
    kept, done = conn.execute(query).one()
    return kept, done


@asynccontextmanager
async def opened(market: M, folder: Path) -> AsyncIterator[M]:
    try:
        await market.open(folder)
        yield market
    finally:
        await market.close()
