"""What the SDK promises in its types and its docs, and what it costs."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest
from aiohttp import web

from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.sdk_page import begin, open_sdk, studio
from tests.end_to_end.conftest import Serve
from tests.served import ROOT, Served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.typedefs import Handler
    from playwright.async_api import Page

SDK: Final = ROOT / "web" / "browser" / "yellowcart.js"
TYPES: Final = ROOT / "web" / "browser" / "yellowcart.d.ts"
USES: Final = ROOT / "tests" / "end_to_end" / "browser" / "sdk_types.ts"
COMPILER: Final = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
DOCS: Final = ROOT / "docs" / "sdk.md"
EXAMPLES: Final = ROOT / "docs" / "examples"
THERE: Final = "https://live.example"
"""Where the server is in the docs."""


def compile_types(*arguments: str) -> str:
    """What the TypeScript compiler complains of."""
    node = shutil.which("node", path=str(ROOT / ".venv" / "bin")) or shutil.which("node")
    if node is None or not COMPILER.exists():
        pytest.skip("needs Node.js, and TypeScript in web/node_modules")
    command = [node, str(COMPILER), "--noEmit", "--pretty", "false", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    return done.stdout + done.stderr


async def test_the_types_fit_how_a_shop_uses_them() -> None:
    strict = ["--strict", "--target", "es2022", "--module", "esnext", "--types", ""]
    strict += ["--moduleResolution", "bundler", "--noUncheckedIndexedAccess", str(USES)]

    assert await asyncio.to_thread(compile_types, *strict) == ""


async def test_the_object_has_exactly_the_members_of_the_types(
    open_page: OpenPage, shared_server: Served
) -> None:
    page = await open_sdk(open_page, shared_server.url)
    pots = await studio(shared_server)
    await begin(page, pots.show)

    found = await page.evaluate("""() => {
      const own = new Set([...Object.getOwnPropertyNames(live),
        ...Object.getOwnPropertyNames(Object.getPrototypeOf(live))]);
      for (const name of ["constructor", "heard", "told", "texts"]) own.delete(name);
      const members = {};
      for (const name of own) {
        const value = live[name];
        const isGroup = ["cart", "checkout", "chat", "host"].includes(name);
        members[name] = isGroup ? Object.keys(value).sort() : [];
      }
      return { exports: Object.keys(sdk).sort(), members };
    }""")

    text = TYPES.read_text(encoding="utf-8")
    live = text.partition("export interface Live {")[2].partition("\n}\n")[0]
    names = set(re.findall(r"^  (?:readonly )?(\w+)[<(:]", live, re.MULTILINE))
    groups = re.findall(r"^  readonly (\w+): \{\n(.*?)^  \};", live, re.MULTILINE | re.DOTALL)
    member = re.compile(r"^    (\w+)\(", re.MULTILINE)
    declared = {name: sorted(member.findall(body)) for name, body in groups}
    exported = re.findall(r"^export (?:class|function|const) (\w+)", text, re.MULTILINE)

    assert set(found["members"]) == names
    assert declared == {name: found["members"][name] for name in declared}
    assert set(declared) == {"cart", "checkout", "host"}
    assert found["members"]["chat"] == ["send"]
    assert found["exports"] == sorted(exported)


async def test_it_is_of_the_server_s_version(open_page: OpenPage, shared_server: Served) -> None:
    page = await open_sdk(open_page, shared_server.url)

    ours = await page.evaluate("import('/yellowcart.js').then((sdk) => sdk.VERSION)")

    assert ours == shared_server.http("GET", "/v1/client")[1]["version"]


async def test_it_is_small_has_no_import_and_does_nothing_when_imported(
    open_page: OpenPage, shared_server: Served
) -> None:
    text = SDK.read_text(encoding="utf-8")
    page = await open_sdk(open_page, shared_server.url)

    globals_made = await page.evaluate("""async () => {
      const before = Object.getOwnPropertyNames(window);
      await import("/yellowcart.js");
      return Object.getOwnPropertyNames(window).filter((name) => !before.includes(name));
    }""")

    assert len(gzip.compress(text.encode(), 6, mtime=0)) <= 10 * 1024
    assert re.findall(r"^import |\bimport\(|innerHTML|\beval\(", text, re.MULTILINE) == []
    assert globals_made == []


async def test_a_hundred_messages_a_second_are_nothing_to_a_slow_machine(
    open_page: OpenPage, shared_server: Served
) -> None:
    pots = await studio(shared_server)
    page = await open_sdk(open_page, shared_server.url, throttle=4)
    await page.evaluate("""() => {
      const Real = WebSocket;
      window.WebSocket = class extends Real {
        constructor(...given) { super(...given); window.socket = this; }
      };
    }""")
    await begin(page, pots.show)

    per_message_ms, most_shown = await page.evaluate("""async () => {
      let most = 0;
      live.on("chat", ({ messages }) => (most = Math.max(most, messages.length)));
      for (let n = 0; n < 30; n++) live.watch((state) => state.stock[n], () => {});
      const from = { id: "vera", name: "Vera", role: "viewer" };
      const data = Array.from({ length: 2000 }, (_, n) => JSON.stringify(
        { ev: "chat", at: 1, message: `m${n}`, from, text: "What a mug" }));
      const started = performance.now();
      for (const text of data) socket.onmessage({ data: text });
      const took = performance.now() - started;
      await new Promise((done) => setTimeout(done, 300));
      return [took / data.length, most];
    }""")

    assert per_message_ms < 1, "100 of them a second leave nine tenths of the time to the page"
    assert most_shown == 200, "the newest"


@pytest.mark.parametrize("name", ["plain_page.html", "plain_page.js", "react_page.jsx"])
async def test_the_docs_quote_the_examples_as_they_are(name: str) -> None:
    path = EXAMPLES / name
    code = path.read_text(encoding="utf-8")

    quoted = f"{name} -->\n```{path.suffix[1:]}\n{code}```\n"
    assert quoted in DOCS.read_text(encoding="utf-8")


@pytest.mark.timeout(120)
async def test_the_plain_page_of_the_docs_buys_under_the_policy_of_the_docs(
    serve: Serve, open_page: OpenPage
) -> None:
    lines = DOCS.read_text(encoding="utf-8").partition("## Content-Security-Policy")[2]
    policy = " ".join(lines.partition("```\n")[2].partition("```")[0].split())
    here: dict[str, str] = {}

    def as_here(text: str) -> str:
        for there, address in here.items():
            text = text.replace(there, address)
        return text

    async def shown(request: web.Request) -> web.Response:
        path = EXAMPLES / request.path.removeprefix("/")
        kind = "text/html" if path.suffix == ".html" else "text/javascript"
        headers = {"Content-Security-Policy": as_here(policy)}
        text = as_here(path.read_text(encoding="utf-8"))
        return web.Response(text=text, content_type=kind, headers=headers)

    async with shop_of(shown) as shop:
        served = await asyncio.to_thread(serve, "--demo", allowed_origins=shop)
        here |= {f"wss{THERE[5:]}": f"ws{served.url[4:]}", THERE: served.url}
        page = await open_page(f"{shop}/plain_page.html")
        await buys_what_is_pinned(page, served)

    _, orders = served.http("GET", "/v1/orders", token=served.token("root", "admin"))
    assert len(orders["items"]) == 1


@asynccontextmanager
async def shop_of(shown: Handler) -> AsyncIterator[str]:
    """The origin of a shop's own web server."""
    app = web.Application()
    app.router.add_get("/plain_page.html", shown)
    app.router.add_get("/plain_page.js", shown)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def buys_what_is_pinned(page: Page, served: Served) -> None:
    host = served.token("demo-host", "host")
    served.http("POST", "/v1/shows/demo/unpin", token=host)
    _, products = served.http("GET", "/v1/products")
    product = products["items"][0]
    served.http("POST", "/v1/shows/demo/pin", {"product": product["id"]}, token=host)

    await page.get_by_text(product["title"]).wait_for()
    await page.get_by_role("button", name="Add to cart").click()
    await page.get_by_text("In your cart: 1").wait_for()
    await page.get_by_role("button", name="Buy", exact=True).click()
    await page.get_by_text("Your order is paid.").wait_for()
