"""A page that has nothing but the SDK, and a LIVE of the test's own to use it in."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import BrowserContext, Page, WebSocketRoute

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.served import Served

__all__ = ["HOME", "Losing", "Studio", "begin", "events", "open_sdk", "studio", "until"]

HOME: Final = {"name": "Ada L.", "line1": "1 Mill Road", "city": "Leeds", "country": "GB"}
EMPTY: Final = "/v1/client"
"""An address of the server that shows no page of ours, so that nothing else runs there."""

BEGIN: Final = """async ([base, name, options]) => {
  const sdk = window.sdk ??= await import(`${base}/yellowcart.js`);
  const live = window[name] = sdk.connect(options);
  const heard = live.heard = [];
  const names = ["ready", "conn", "show", "pin", "bag", "product", "stock", "chat", "chatDeleted",
    "purchase", "viewers", "likes", "sales", "cart", "checkout", "order", "gap", "error"];
  for (const event of names) live.on(event, (value) => heard.push([event, value]));
  live.told = (kind) => heard.filter(([event]) => event === kind).map(([, value]) => value);
  live.texts = () => live.told("chat").flatMap((batch) => batch.messages).map((one) => one.text);
  if (options.wait !== false) await live.ready;
}"""
"""Connect, and remember every event."""


@dataclass(frozen=True, slots=True)
class Studio:
    """A show on air with a shop of its own: a mug with 50 left, a vase with one."""

    served: Served
    show: str
    host: str
    seller: str
    mug: str
    vase: str

    @property
    def product(self) -> str:
        """The mug's product."""
        return self.mug.removesuffix("-blue")

    def as_host(self, method: str, path: str, body: object = None) -> Any:
        """One request of the host's about the show."""
        return _ok(self.served.http(method, f"/v1/shows/{self.show}{path}", body, token=self.host))

    def as_seller(self, method: str, path: str, body: object) -> Any:
        """One request of the seller's."""
        return _ok(self.served.http(method, path, body, token=self.seller))

    def orders(self) -> list[dict[str, Any]]:
        """What the shop has sold."""
        items = _ok(self.served.http("GET", "/v1/orders", token=self.seller))["items"]
        return list(items)


def _ok(answer: tuple[int, Any]) -> Any:
    status, body = answer
    assert status < 300, body
    return body


async def studio(served: Served) -> Studio:
    """Set one up; other tests on the same server know nothing of it."""
    name = uuid.uuid4().hex[:8]
    host = served.token(f"host-{name}", "host", name="Hana")
    seller = served.token(f"seller-{name}", "seller", shop=f"shop-{name}")
    made = Studio(served, f"show-{name}", host, seller, f"mug-{name}-blue", f"vase-{name}-tall")
    await asyncio.to_thread(_furnish, made)
    return made


def _furnish(made: Studio) -> None:
    show = {"id": made.show, "title": "Pots"}
    _ok(made.served.http("POST", "/v1/shows", show, token=made.host))
    for sku, title, units in ((made.mug, "Mug", 50), (made.vase, "Vase", 1)):
        product = sku.rpartition("-")[0]
        skus = [{"id": sku, "title": "One", "price": 1900, "currency": "USD"}]
        images = [f"/demo/{product}.svg"]
        body = {"id": product, "title": title, "images": images, "skus": skus}
        made.as_seller("POST", "/v1/products", body)
        made.as_seller("POST", f"/v1/skus/{sku}/stock", {"set": units, "key": f"first-{sku}"})
        made.as_host("POST", "/bag", {"product": product})
    made.as_host("POST", "/start")


async def open_sdk(
    open_page: OpenPage, base: str, context: BrowserContext | None = None, **options: Any
) -> Page:
    """A page of the server's origin (or the proxy's) with nothing on it."""
    page = await open_page(context=context, **options)
    await page.goto(base + EMPTY)
    return page


async def begin(page: Page, show: str, name: str = "live", base: str = "", **options: Any) -> None:
    """Connect as ``window[name]`` and wait until the first state is there.

    Args:
        page: Where.
        show: Which show.
        name: What it is called in the page.
        base: Where the SDK comes from; the page's own origin if empty.
        options: More for ``connect``; ``wait=False`` does not wait.

    """
    origin = base or await page.evaluate("location.origin")
    await page.evaluate(BEGIN, [origin, name, {"show": show, **options}])


async def events(page: Page, kind: str, name: str = "live") -> list[Any]:
    """What the handlers of one event were told, in order."""
    return list(await page.evaluate("([name, kind]) => window[name].told(kind)", [name, kind]))


async def until(page: Page, condition: str, within_ms: int = 10_000) -> None:
    """Wait for an expression to come true in the page."""
    await page.wait_for_function(condition, timeout=within_ms)


class Losing:
    """Stands between a page's sockets and the server, and loses one message on purpose.

    Args:
        page: Whose sockets; before it connects.
        lose: Called with each message of the server: true closes the socket in its place, once.
        change: Makes something else of a command, or of a message of the server.
        code: What the socket is closed with.

    Attributes:
        commands: All commands that went through, in order.
        joins: What each join was answered with.

    """

    def __init__(
        self,
        page: Page,
        lose: Callable[[dict[str, Any], dict[int, str]], bool] = lambda *_: False,
        change: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda message: [message],
        code: int = 4408,
    ) -> None:
        self.commands: list[dict[str, Any]] = []
        self.joins: list[dict[str, Any]] = []
        self._lose = lose
        self._change = change
        self._code = code
        self._is_lost = False
        self._page = page

    async def start(self) -> Losing:
        """Stand there."""
        await self._page.route_web_socket("**/live", self._opened)
        return self

    def sent(self, op: str) -> list[dict[str, Any]]:
        """The commands of an operation."""
        return [command for command in self.commands if command["op"] == op]

    def _opened(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        ops: dict[int, str] = {}

        def forth(frame: str | bytes) -> None:
            for command in self._change(json.loads(frame)):
                self.commands.append(command)
                ops[command["id"]] = command["op"]
                server.send(json.dumps(command))

        async def back(frame: str | bytes) -> None:
            found = json.loads(frame)
            for message in found if isinstance(found, list) else [found]:
                if not self._is_lost and self._lose(message, ops):
                    self._is_lost = True
                    await asyncio.gather(socket.close(code=self._code), server.close())
                    return
                if ops.get(message.get("re")) == "join" and "ok" in message:
                    self.joins.append(message["ok"])
                for changed in self._change(message):
                    socket.send(json.dumps(changed))

        socket.on_message(forth)
        server.on_message(_called(back))


def _called(work: Callable[[str | bytes], Awaitable[None]]) -> Callable[[str | bytes], Any]:
    """Playwright awaits what a handler returns."""
    return work
