"""A whole node on real stores, reached over a real port, and people to ask it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from base.clock import SystemClock
from base.settings import Settings
from base.tokens import sign
from live.front import Front
from live.node import Node, compose
from live.provider import sandbox_key, sandbox_socket
from sandbox.app import Sandbox
from shop.rebuild import rebuild
from store.health import Health
from store.stores import Addresses, Stores
from web.app import make_app, make_runner
from web.connection import connections
from web.metrics import Metrics
from web.services import Services

SECRET = "a secret of at least thirty-two letters"


@dataclass(kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    media: str
    body: Any
    raw: bytes

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass(kw_only=True)
class Api:
    """A client of the node, and the node itself."""

    port: int
    node: Node
    session: ClientSession
    settings: Settings

    def token(self, sub: str, role: str = "viewer", **claims: str) -> str:
        expiry = int(time.time()) + 3600
        return sign(SECRET, {"sub": sub, "role": role, "exp": expiry, **claims})

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str | None = None,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        headers = dict(headers or {})
        if as_ is not None:
            headers["Authorization"] = f"Bearer {as_}"
        more: dict[str, Any] = {} if body is None else {"json": body}
        if data is not None:
            more = {"data": data}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as response:
            return await _answer(response)

    def signed(self, raw: bytes) -> dict[str, str]:
        """The headers of a webhook of the practice provider."""
        at = str(int(time.time()))
        key = sandbox_key(self.settings, "webhook").encode()
        digest = hmac.new(key, at.encode() + b"." + raw, hashlib.sha256).hexdigest()
        return {"Sandbox-Signature": f"t={at},v1={digest}"}

    @property
    def host(self) -> str:
        return self.token("hanna", "host", name="Hanna")

    @property
    def seller(self) -> str:
        return self.token("sam", "seller", shop="mugs")

    @property
    def buyer(self) -> str:
        return self.token("bea", name="Bea")

    @property
    def admin(self) -> str:
        return self.token("root", "admin")

    async def stocked(self, product: str = "mug", units: int = 5) -> str:
        """A product of the shop ``mugs``; returns its SKU."""
        sku = f"{product}-blue"
        body = {
            "id": product,
            "title": "Sunrise mug",
            "skus": [{"id": sku, "title": "Blue", "price": 1999, "currency": "USD"}],
        }
        made = await self.ask("POST", "/v1/products", body, as_=self.seller)
        assert made.status == 201, made.body
        change = {"add": units, "key": f"first-{product}"}
        await self.ask("POST", f"/v1/skus/{sku}/stock", change, as_=self.seller)
        return sku

    async def live_show(self, show: str = "friday", product: str = "mug") -> str:
        """A live show of Hanna's, with a product in its bag."""
        await self.ask("POST", "/v1/shows", {"id": show, "title": "Friday"}, as_=self.host)
        await self.ask("POST", f"/v1/shows/{show}/bag", {"product": product}, as_=self.host)
        await self.ask("POST", f"/v1/shows/{show}/start", as_=self.host)
        return show

    async def opened(self, sku: str, key: str = "first-try", **body: object) -> Answer:
        """A checkout of Bea's."""
        return await self.ask(
            "POST",
            "/v1/checkouts",
            {"sku": sku, "qty": 1, **body},
            as_=self.buyer,
            headers={"Idempotency-Key": key},
        )

    async def pay(self, checkout: str, card: str = "tok_ok") -> Answer:
        ship_to = {"name": "Bea", "line1": "1 Sea Road", "city": "Porto", "country": "PT"}
        body = {"method": {"type": "card", "token": card}, "ship_to": ship_to}
        return await self.ask("POST", f"/v1/checkouts/{checkout}/pay", body, as_=self.buyer)


MakeApi = Callable[..., contextlib.AbstractAsyncContextManager[Api]]


async def _answer(response: ClientResponse) -> Answer:
    raw = await response.read()
    body = await response.json(content_type=None) if "json" in response.content_type else None
    return Answer(
        status=response.status,
        headers=dict(response.headers),
        media=response.content_type,
        body=body,
        raw=raw,
    )


@contextlib.asynccontextmanager
async def open_api(redis_url: str, folder: Path, **settings: Any) -> AsyncIterator[Api]:
    options = {"data_dir": folder, "port": 0, "secret": SECRET, "redis_url": redis_url}
    chosen = Settings(**{**options, **settings})
    addresses = Addresses(redis=redis_url, database=f"sqlite:///{folder / 'book.db'}")
    async with (
        Stores.connected(addresses) as stores,
        open_sandbox(chosen) as sandbox,
        open_node(chosen, stores) as (port, node),
        ClientSession() as session,
    ):
        sandbox.webhook_url = f"http://127.0.0.1:{port}/v1/payments/sandbox/webhook"
        yield Api(port=port, node=node, session=session, settings=replace(chosen, port=port))


@contextlib.asynccontextmanager
async def open_sandbox(settings: Settings) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(
        path=settings.data_dir / "sandbox.db",
        api_key=sandbox_key(settings, "api"),
        webhook_secret=sandbox_key(settings, "webhook"),
        webhook_url=None,
        clock=SystemClock(),
        slow_s=0.1,
        webhook_only_s=0.05,
    )
    await sandbox.start(unix_path=str(sandbox_socket(settings)))
    try:
        yield sandbox
    finally:
        await sandbox.stop()


@contextlib.asynccontextmanager
async def open_node(settings: Settings, stores: Stores) -> AsyncIterator[tuple[int, Node]]:
    metrics = Metrics("0.0-test")
    node = compose(settings, stores, SystemClock(), metrics)
    await rebuild(stores.book, stores.scripts)
    health = Health(stores)
    runner = make_runner(make_app(Services.of(node, health, metrics, "test")))
    await runner.setup()
    http = connections(runner)
    working = [asyncio.create_task(work) for work in node.work()]
    server = await asyncio.get_running_loop().create_server(
        lambda: Front(node.gateway, http), "127.0.0.1", 0
    )
    try:
        await health.wait_alive()
        yield server.sockets[0].getsockname()[1], node
    finally:
        server.close()
        await node.leave(0)
        await runner.cleanup()
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await node.close()


@pytest.fixture
def make_api(redis_url: str, tmp_path: Path, migrated_sqlite: Path) -> MakeApi:
    """Starts a node with settings of one's own."""
    shutil.copy(migrated_sqlite, tmp_path / "book.db")

    def make(**settings: Any) -> contextlib.AbstractAsyncContextManager[Api]:
        return open_api(redis_url, tmp_path, **settings)

    return make


@pytest.fixture
async def api(make_api: MakeApi) -> AsyncIterator[Api]:
    """A node as it comes, with budgets that no test uses up by accident."""
    async with make_api(commands_per_second=10_000, commands_burst=10_000) as api:
        yield api
