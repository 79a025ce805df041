"""Nodes of the hub on shared stores, a show on air in them, and people who visit."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from base.clock import SystemClock
from base.identity import Actor, Role
from base.settings import Settings
from base.tokens import sign
from live.commands import ChatSend
from live.front import Front
from live.handlers import Call
from live.node import Node, compose
from live.provider import sandbox_key, sandbox_socket
from live.show import NewShow
from sandbox.app import Sandbox
from shop.product import NewProduct, NewSku
from store.stores import Addresses, Stores
from tests.selling import FOREVER, SHOP, open_gate, seller
from tests.viewer import Viewer, viewer

if TYPE_CHECKING:
    from pathlib import Path

    from store.redis.scripts import Scripts

SECRET = "a secret of the hub's tests, long enough to sign with"
HOST = Actor(id="mara", name="Mara", role=Role.HOST, expires_ms=FOREVER)


class MovedClock(SystemClock):
    """The machine's clock, which a test can put forward."""

    def __init__(self) -> None:
        self._ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self._ahead_ms / 1000

    def advance(self, ms: int) -> None:
        self._ahead_ms += ms


@dataclass
class Running:
    """A node that listens."""

    node: Node
    port: int
    server: asyncio.Server
    runner: web.AppRunner
    tasks: list[asyncio.Task[None]]

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/live"

    async def stop(self, drain_s: float = 0) -> None:
        """Leave as a server does that is told to stop; once is enough."""
        if not self.tasks:
            return
        self.server.close()
        await self.node.leave(drain_s)
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.runner.cleanup()
        await self.node.close()

    async def pause(self, name: str) -> None:
        """Stop one kind of its work, as ``Feed.run``, for good."""
        for task in self.tasks:
            if getattr(task.get_coro(), "__qualname__", "") == name:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return
        raise LookupError(name)


@dataclass
class House:
    """The stores, the nodes on them, and everybody inside."""

    redis_url: str
    folder: Path
    settings: Settings
    clock: MovedClock = field(default_factory=MovedClock)
    nodes: list[Running] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def a(self) -> Running:
        return self.nodes[0]

    @property
    def b(self) -> Running:
        return self.nodes[1]

    @property
    def scripts(self) -> Scripts:
        return self.a.node.stores.scripts

    async def start_node(self, **settings: Any) -> Running:
        """Another process of the server, as far as stores and sockets can tell."""
        at = Addresses(redis=self.redis_url, database=f"sqlite:///{self.folder / 'book.db'}")
        stores = await self.stack.enter_async_context(Stores.connected(at))
        if self.nodes:
            # One writer, as in production.
            stores = replace(stores, book=self.a.node.stores.book)
        changed = replace(self.settings, **settings)
        node = compose(changed, stores, self.clock, is_alone=changed.is_alone)
        runner = web.AppRunner(web.Application(), access_log=None)
        await runner.setup()
        http: Any = runner.server
        server = await asyncio.get_running_loop().create_server(
            lambda: Front(node.gateway, http), "127.0.0.1", 0
        )
        running = Running(
            node,
            server.sockets[0].getsockname()[1],
            server,
            runner,
            [asyncio.create_task(work) for work in node.work()],
        )
        self.nodes.append(running)
        self.stack.push_async_callback(running.stop)
        return running

    async def start_sandbox(self) -> None:
        """Run the practice provider."""
        sandbox = Sandbox(
            path=self.folder / "sandbox.db",
            api_key=sandbox_key(self.settings, "api"),
            webhook_secret=sandbox_key(self.settings, "webhook"),
            webhook_url=None,
            clock=self.clock,
            slow_s=0.3,
        )
        await sandbox.start(unix_path=str(sandbox_socket(self.settings)))
        self.stack.push_async_callback(sandbox.stop)

    async def furnish(self) -> None:
        """A show ``demo`` of Mara's on air: five blue mugs, twenty totes."""
        await open_gate(self.scripts)
        await self.make_show("demo")
        for product, units in (("mug-blue", 5), ("tote", 20)):
            await self.put(product, units)
            await self.a.node.bags.add("demo", product)

    async def make_show(self, show: str, *, live: bool = True) -> None:
        shows = self.a.node.shows
        made = await shows.create(HOST, NewShow(id=show, title=f"The {show} show"))
        if live:
            await shows.start(made)

    async def put(self, sku: str, units: int, *, price: int = 1999, currency: str = "USD") -> None:
        """List a product of one SKU, both of the same id, with units to sell."""
        new = NewSku(id=sku, title="One", price=price, currency=currency)
        await self.list(NewProduct(id=sku, title=sku.title(), skus=[new]), units)

    async def list(self, product: NewProduct, units: int) -> None:
        made = await self.a.node.catalog.create(seller(SHOP), product)
        for sku in made.skus if units else ():
            await self.restock(sku.id, units)

    async def restock(self, sku: str, units: int) -> None:
        key = f"restock-{self.clock.now_ms()}-{sku}"[:64]
        await self.a.node.stock.adjust(seller(SHOP), sku, add=units, set_to=None, key=key)

    async def say(self, *texts: str, show: str = "demo") -> None:
        """What Mara says, as fast as Redis takes it."""
        for start in range(0, len(texts), 200):
            some = texts[start : start + 200]
            calls = [Call(HOST, ChatSend(text=text), show) for text in some]
            await asyncio.gather(*map(self.a.node.hub.handlers.run, calls))

    def token(
        self, sub: str, role: str = "viewer", ttl_s: float = 3600, **claims: str | bool
    ) -> str:
        """A token as the merchant's backend signs it."""
        expiry = self.clock.now_ms() / 1000 + ttl_s
        body: dict[str, Any] = {"sub": sub, "role": role, "exp": expiry, **claims}
        return sign(SECRET, body)

    async def connect(
        self, at: Running | None = None, *, binary: bool = False, **options: Any
    ) -> Viewer:
        """Somebody on a socket who has not joined; leaves when the test ends."""
        url = (at or self.a).url
        someone = await self.stack.enter_async_context(viewer(url, binary=binary, **options))
        # Nobody waits for those who do not read any more.
        self.stack.callback(someone.socket.transport.abort)
        return someone

    async def visit(
        self, who: str = "", *, at: Running | None = None, binary: bool = False, **fields: Any
    ) -> Viewer:
        """Somebody who has joined ``demo``: a guest, or who is named."""
        someone = await self.connect(at, binary=binary)
        if who:
            fields.setdefault("token", self.token(who, name=who.title()))
        await someone.join(**fields)
        return someone

    async def host(self, at: Running | None = None, **fields: Any) -> Viewer:
        """Mara, who runs the show."""
        return await self.visit(at=at, token=self.token("mara", "host", name="Mara"), **fields)
