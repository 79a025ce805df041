"""A Stripe of our own for tests, by HTTP: its idempotency, its faults, its webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web

from tests.stripe_account import Fault, Json, StripeAccount

if TYPE_CHECKING:
    from base.clock import Clock

KEY = "sk_test_51Market"
WEBHOOK_SECRET = "whsec_market"
DAY_MS = 24 * 3600 * 1000


@dataclass
class Request:
    """A request as it came, for tests to look at."""

    method: str
    path: str
    key: str | None
    form: dict[str, str]


@dataclass
class Saved:
    """What a key has led to."""

    form: dict[str, str]
    path: str
    at: int
    status: int = 0
    body: bytes = b""


@dataclass
class StripeServer(StripeAccount):
    """An account that is spoken to by HTTP.

    ``faults`` is a list of (what to do, path's ending), each used once.

    ``down``: 500 and nothing done. ``down_after``: done, then 500. ``drop_after``: done, then no
    answer. ``drop``: neither. ``limit``: 429. ``locked``: 409, as while a twin is carried out.
    ``hang``: done, and the answer waits for ``released``. ``nonsense``: 200 and no JSON.
    """

    key: str = KEY
    account: str | None = None
    hook: str | None = None
    hooks: bool = True
    faults: list[tuple[str, str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.released = asyncio.Event()
        self._saved: dict[str, Saved] = {}
        self._busy: set[str] = set()
        self._count = 0
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/v1/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._browser = ClientSession()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.released.set()
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._browser.close()
        await self._runner.cleanup()

    def sent(self, ending: str) -> list[Request]:
        """The requests so far whose path ends like that."""
        return [request for request in self.requests if request.path.endswith(ending)]

    def event(self, kind: str, thing: Json, **changes: Any) -> bytes:
        """The body of a webhook."""
        self._count += 1
        body: Json = {
            "id": f"evt_{self._count}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": self.clock.now_ms() // 1000,
            "data": {"object": thing},
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        if self.account:
            body["account"] = self.account
        return json.dumps({**body, **changes}, indent=2).encode()

    def signature(self, raw: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
        at = self.clock.now_ms() // 1000
        digest = hmac.new(secret.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={at},v1={digest},v0={'0' * 64}"}

    def tell(self, kind: str, thing: Json) -> None:
        """Send a webhook, if there is somebody to hear it."""
        if self.hook is None or not self.hooks:
            return
        raw = self.event(kind, thing)
        task = asyncio.create_task(self._post(self.hook, raw))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _post(self, url: str, raw: bytes) -> None:
        async with self._browser.post(url, data=raw, headers=self.signature(raw)) as answer:
            await answer.read()

    # Requests.

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(text) for name, text in (await request.post()).items()}
        asked = Request(
            request.method,
            request.path,
            request.headers.get("Idempotency-Key"),
            form or dict(request.query),
        )
        self.requests.append(asked)
        fault = self._fault(request.path)
        try:
            self._admit(request, fault)
            status, body = self._remembered(asked) or self._carry_out(asked, fault)
        except Fault as refused:
            return web.json_response({"error": refused.error}, status=refused.status)
        if fault == "hang" and asked.key:
            self._busy.add(asked.key)
            await self.released.wait()
            self._busy.discard(asked.key)
        if fault in {"drop", "drop_after"}:
            assert request.transport is not None
            request.transport.abort()
        if fault == "nonsense":
            body = b"<html>"
        return web.Response(
            status=status,
            body=body,
            content_type="application/json",
            headers={"Request-Id": f"req_{len(self.requests)}"},
        )

    def _fault(self, path: str) -> str | None:
        for number, (fault, ending) in enumerate(self.faults):
            if path.endswith(ending):
                del self.faults[number]
                return fault
        return None

    def _admit(self, request: web.Request, fault: str | None) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            raise Fault(401, message="Invalid API Key provided: sk_test_****")
        if request.headers.get("Stripe-Account") != self.account:
            raise Fault(403, code="account_invalid", message="No access to that account.")
        if request.headers.get("Stripe-Version") != "2026-10-28.endive":
            raise Fault(400, message="This server speaks another version.")
        if fault == "limit":
            raise Fault(429, code="rate_limit", message="Request rate limit exceeded.")
        key = request.headers.get("Idempotency-Key")
        if fault == "locked" or (key and key in self._busy):
            # A 409 is told apart from other parameters, which are a 400.
            raise Fault(
                409,
                type="idempotency_error",
                code="idempotency_key_in_use",
                message="There is currently another in-progress request using this key.",
            )

    def _remembered(self, asked: Request) -> tuple[int, bytes] | None:
        if asked.method != "POST" or asked.key is None:
            return None
        saved = self._saved.get(asked.key)
        if saved is None or self.clock.now_ms() - saved.at >= DAY_MS:
            return None
        if (saved.form, saved.path) != (asked.form, asked.path):
            raise Fault(
                400,
                type="idempotency_error",
                message="Keys for idempotent requests can only be used with the same parameters.",
            )
        return saved.status, saved.body

    def _carry_out(self, asked: Request, fault: str | None) -> tuple[int, bytes]:
        """Do it, and keep the outcome from the moment that it was begun."""
        call = self.call(asked.method, asked.path, asked.form)
        if fault in {"down", "drop"}:
            outcome = (500, {"error": {"type": "api_error", "message": "Something broke."}})
        else:
            outcome = call()
        if fault == "down_after":
            outcome = (500, {"error": {"type": "api_error", "message": "Something broke."}})
        status, body = outcome[0], json.dumps(outcome[1], indent=2).encode()
        if asked.method == "POST" and asked.key and fault != "drop":
            kept = Saved(asked.form, asked.path, self.clock.now_ms(), status, body)
            self._saved[asked.key] = kept
        return status, body


@asynccontextmanager
async def running(clock: Clock, **options: Any) -> AsyncIterator[tuple[StripeServer, str]]:
    """A server, and its address."""
    server = StripeServer(clock, **options)
    address = await server.start()
    try:
        yield server, address
    finally:
        await server.stop()
