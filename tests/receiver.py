"""A merchant's server for tests: it takes webhooks in, and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """What the Standard Webhooks specification has a receiver compute."""
    key = base64.b64decode(secret[len("whsec_") :])
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return headers["webhook-signature"] == f"v1,{expected}"


@dataclass
class Got:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found


@dataclass
class Receiver:
    """Answers 200, or as ``answers`` says for the next requests, or as ``always`` says."""

    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    always: Callable[[web.Request, Got], Awaitable[web.StreamResponse]] | None = None
    port: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [got.id for got in self.got]

    async def take(self, request: web.Request) -> web.StreamResponse:
        got = Got(dict(request.headers), await request.read())
        self.got.append(got)
        if self.always is not None:
            return await self.always(request, got)
        status = self.answers.pop(0) if self.answers else 200
        headers = {"Location": f"{self.url}/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def hang(self, request: web.Request, got: Got) -> web.StreamResponse:
        del request, got
        await self.let_go.wait()
        return web.Response()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    it = Receiver()
    app = web.Application()
    app.router.add_post("/{tail:.*}", it.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.port = runner.addresses[0][1]
    try:
        yield it
    finally:
        it.let_go.set()
        await runner.cleanup()
