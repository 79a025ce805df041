"""The practice provider, without sockets: its own routes, rules, faults and webhooks."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from checkout.payments.provider import Lost
from sandbox.api import ATTEMPT, Api, reply
from sandbox.bank import Bank
from sandbox.errors import ProviderError
from sandbox.faults import Faults, Orders
from sandbox.store import SCHEMA, Store
from sandbox.webhooks import Event, Webhooks, signature

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from base.clock import Clock
    from tests.simulation.loop import Loop

T = TypeVar("T")

SECRET: Final = "webhook-secret"
API_KEY: Final = "sandbox-key"
SLOW_S: Final = 1.5
WEBHOOK_ONLY_S: Final = 0.2


class Drawer(Store):
    """The provider's database in memory, each piece of work in a savepoint."""

    def __init__(self) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None)
        self.raw.row_factory = sqlite3.Row
        self.raw.execute("PRAGMA foreign_keys = ON")
        self.raw.executescript(SCHEMA)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.raw.execute("SAVEPOINT job")
        try:
            result = work(self.raw)
        except BaseException:
            self.raw.execute("ROLLBACK TO job")
            raise
        finally:
            self.raw.execute("RELEASE job")
        return result


class Posts(Webhooks):
    """Webhooks that are handed over by a function, which says whether they were taken."""

    def __init__(
        self,
        drawer: Drawer,
        clock: Clock,
        faults: Faults,
        hand_over: Callable[[dict[str, str], bytes], Awaitable[bool]],
    ) -> None:
        super().__init__(
            drawer, secret=SECRET, url="https://shop/hook", clock=clock, faults=faults
        )
        self._hand_over = hand_over

    async def start(self) -> None:
        self._pump = asyncio.create_task(self._run())
        self.wake()

    async def _post(self, event: Event) -> bool:
        now_s = self._clock.now_ms() // 1000
        headers = {"Sandbox-Signature": signature(SECRET, now_s, event.body)}
        return await self._hand_over(headers, event.body)


class Till:
    """The provider.

    Args:
        drawer: Its database.
        clock: Dates payments and signatures.
        loop: On which it works, outside of all nodes.
        hand_over: Brings webhooks to a node.

    """

    def __init__(
        self,
        drawer: Drawer,
        clock: Clock,
        loop: Loop,
        hand_over: Callable[[dict[str, str], bytes], Awaitable[bool]],
    ) -> None:
        self._loop = loop
        self._drawer = drawer
        self.faults = Faults()
        self.webhooks = "normal"
        self._owing: list[asyncio.Task[None]] = []
        self._posts = Posts(drawer, clock, self.faults, hand_over)
        self.bank = Bank(
            drawer, self._posts, clock=clock, slow_s=SLOW_S, webhook_only_s=WEBHOOK_ONLY_S
        )
        api = Api(self.bank, self.faults, api_key=API_KEY)
        attempt = r"(?P<attempt>[A-Za-z0-9_-]{1,64})"
        self._routes = [
            (route.method, re.compile(route.path.replace(ATTEMPT, attempt)), route.handler)
            for route in api.routes()
        ]

    async def start(self) -> None:
        await self._posts.start()

    @property
    def is_owing(self) -> bool:
        """Whether money may still come for what was said to be canceled."""
        return not all(task.done() for task in self._owing)

    def take_later(self, attempt: str, after_s: float) -> None:
        """Take the money of a payment whatever was said of it."""
        self._owing.append(self._loop.start(self._take(attempt, after_s)))

    async def _take(self, attempt: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        with suppress(ProviderError):
            await self.bank.confirm(attempt, "tok_ok", "late")

    def order(self, confirm: str | None = None) -> None:
        """How webhooks fare, and the next confirm."""
        asked = {"webhooks": self.webhooks, "next_confirm": confirm}
        self.faults.order(msgspec.convert(asked, Orders))

    def ask(
        self, method: str, path: str, body: object, *, late_s: float = 0.0
    ) -> asyncio.Task[tuple[int, bytes]]:
        """Have a request served, whatever becomes of who asked; it arrives ``late_s`` late."""
        return self._loop.start(self._serve(method, path, body, late_s))

    async def _serve(
        self, method: str, path: str, body: object, late_s: float
    ) -> tuple[int, bytes]:
        await asyncio.sleep(late_s)
        bare, _, query = path.partition("?")
        asked = _Request(body, dict(pair.split("=") for pair in query.split("&") if pair))
        for verb, pattern, handler in self._routes:
            match = pattern.fullmatch(bare) if verb == method else None
            if match is None:
                continue
            asked.match_info = match.groupdict()
            try:
                answer = await cast("Any", handler)(cast("web.Request", asked))
            except ProviderError as error:
                answer = reply(error.status, error.body)
            if asked.is_cut:
                raise Lost
            return answer.status, bytes(answer.body)
        raise LookupError(path)


class _Request:
    """As much of a request as the routes look at."""

    def __init__(self, body: object, query: dict[str, str]) -> None:
        self.query = query
        self.match_info: dict[str, Any] = {}
        self.is_cut = False
        self._raw = b"" if body is None else msgspec.json.encode(body)

    @property
    def transport(self) -> _Request:
        return self

    async def read(self) -> bytes:
        return self._raw

    def abort(self) -> None:
        self.is_cut = True
