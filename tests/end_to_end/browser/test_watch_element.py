"""The element in other people's pages: theirs to shape, at home nowhere but where it may be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, expect

from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.open_page import PATIENCE_MS, OpenPage
from tests.end_to_end.browser.sdk_page import Studio
from tests.end_to_end.browser.watching import furnished, watch
from tests.end_to_end.browser.wire import Wire
from tests.served import Served

STYLE = "yellow-cart { display: block; inline-size: 360px; block-size: 640px }"


@dataclass
class Shop:
    """A page of somebody else's, at an origin of its own, and our server, which knows it.

    Attributes:
        origin: The page's.
        served: Our server.
        room: What is on air there.

    """

    origin: str
    served: Served
    room: Studio
    html: str = ""

    async def open(self, page: Page, body: str = "", style: str = "") -> None:
        """Show the page with elements on it, under the shop's policy."""
        self.html = (
            "<!doctype html><html lang=en><title>Shop</title><link rel=icon href=data:,>"
            f"<style nonce=shop>{STYLE} {style}</style><h1>Shop</h1>{body or tag(self.room.show)}"
            f"<script type=module src={self.served.url}/yellow-cart.js></script>"
        )
        await page.goto(f"{self.origin}/")

    async def answer(self, _: web.BaseRequest) -> web.Response:
        """The page, with the lines of policy that docs/element.md names."""
        server = self.served.url
        policy = (
            f"default-src 'none'; script-src {server}; style-src 'nonce-shop';"
            f" connect-src {server} {server.replace('http', 'ws')}; img-src {server} data:;"
            f" media-src {server} blob:; frame-src {server};"
            " require-trusted-types-for 'script'"
        )
        headers = {"Content-Security-Policy": policy}
        return web.Response(text=self.html, content_type="text/html", headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def known(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """A shop whose origin is on the list of a server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://localhost:{listening.getsockname()[1]}"
        folder = tmp_path_factory.mktemp("known") / "data"
        served = Served(folder, environ={"YELLOWCART_ALLOWED_ORIGINS": origin})
        made = Shop(origin, await asyncio.to_thread(served.start), await furnished(served))
        made.room.as_host("POST", "/pin", {"product": made.room.product})
        runner = web.ServerRunner(web.Server(made.answer))
        await runner.setup()
        await web.SockSite(runner, listening).start()
        yield made
        await runner.cleanup()
        await asyncio.to_thread(served.stop)


@pytest.fixture
def shop(known: Shop) -> Iterator[Shop]:
    """The shop, as a test finds it."""
    served = known.served
    yield known
    known.served = served


def tag(show: str, **attributes: str) -> str:
    """The element, as a shop writes it."""
    more = "".join(f' {name}="{text}"' for name, text in attributes.items())
    return f'<yellow-cart show="{show}"{more}><a href="/live">Watch the LIVE</a></yellow-cart>'


async def heard(page: Page, *names: str) -> None:
    """Keep what the first element tells, as ``window.heard``."""
    script = """(names) => {
      window.heard = [];
      for (const name of names) {
        document.addEventListener(name, (event) => window.heard.push([name, event.detail]));
      }
    }"""
    await page.evaluate(script, list(names))


async def test_one_line_brings_a_live_into_a_shop_under_its_strict_policy(
    open_page: OpenPage, shop: Shop
) -> None:
    page = await open_page()
    wire = Wire(page)

    await shop.open(page, tag(shop.room.show) + tag(shop.room.show, layout="mini"))

    await expect(page.locator(".card .card-title")).to_have_text(["Mug", "Mug"])
    await expect(page.get_by_role("log").first).to_be_attached()
    # Two elements of one LIVE share one line.
    assert wire.sockets == 1
    await page.get_by_role("button", name="Buy: Mug").first.click()
    await expect(page.locator("dialog.sheet")).to_contain_text("Checkout")
    # It is a part of the page: its sheets make no history.
    assert await page.evaluate("history.length") <= 2


async def test_a_line_that_the_shop_takes_is_not_put_into_our_cart(
    open_page: OpenPage, shop: Shop
) -> None:
    page = await open_page()
    await shop.open(page)
    await expect(page.get_by_role("log")).to_be_attached()
    await page.evaluate(
        """() => {
          window.taken = [];
          for (const name of ["yc-add", "yc-checkout"]) {
            document.querySelector("yellow-cart").addEventListener(name, (event) => {
              event.preventDefault();
              window.taken.push([name, event.detail]);
            });
          }
        }"""
    )

    await page.get_by_role("button", name="Mug: details").click()
    await page.get_by_role("button", name="Add to cart").click()

    line: dict[str, Any] = {"sku": shop.room.mug, "qty": 1, "product": shop.room.product}
    line |= {"price": 1900, "currency": "USD", "title": "Mug"}
    await expect(page.locator(".strip")).to_contain_text("Added to the shop's cart.")
    assert await page.evaluate("window.taken") == [["yc-add", line]]
    assert (
        await page.evaluate("document.querySelector('yellow-cart').live.state.cart?.count ?? 0")
        == 0
    )

    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.sheet")).to_have_count(0)
    await page.get_by_role("button", name="Buy: Mug").click()
    await page.wait_for_function("() => window.taken.length === 2")
    assert (await page.evaluate("window.taken"))[1] == ["yc-checkout", {"lines": [line]}]
    assert await page.locator("dialog.sheet").count() == 0


async def test_a_page_that_is_not_on_the_list_reads_what_to_set(
    open_page: OpenPage, complaints: Complaints, shared_server: Served, shop: Shop
) -> None:
    complaints.expect("403|may not show this LIVE")
    page = await open_page()
    await page.add_init_script(
        "addEventListener('yc-error', (event) => { window.told = event.detail })"
    )

    # This server has never heard of the shop.
    shop.served = shared_server
    await shop.open(page, tag("demo"))

    words = (
        f"{shop.origin} may not show this LIVE. Its owner can allow it: add"
        f" {shop.origin} to YELLOWCART_ALLOWED_ORIGINS and restart the server."
    )
    await expect(page.locator("yellow-cart .cover")).to_have_text(words)
    assert await page.evaluate("window.told") == {"code": "forbidden", "message": words}


async def test_a_live_that_is_not_there_says_so(
    open_page: OpenPage, complaints: Complaints, shop: Shop
) -> None:
    page = await open_page()

    await shop.open(page, tag("nothing"))

    await expect(page.locator("yellow-cart .cover")).to_contain_text("This LIVE is not available.")
    await expect(page.locator("yellow-cart .cover")).to_contain_text("There is no show nothing.")
    link = page.get_by_role("link", name="Other LIVEs")
    await expect(link).to_have_attribute("href", f"{shop.served.url}/")


async def test_an_element_that_was_told_no_live_says_what_to_write(
    open_page: OpenPage, shop: Shop
) -> None:
    page = await open_page()
    await page.add_init_script(
        "addEventListener('yc-error', (event) => { window.told = event.detail })"
    )

    await shop.open(page, "<yellow-cart></yellow-cart>")

    words = 'Which LIVE? Write its id into the tag: <yellow-cart show="…">.'
    await expect(page.locator("yellow-cart .cover")).to_have_text(words)
    assert await page.evaluate("window.told") == {"code": "invalid", "message": words}
    # A page that learns the id later sets it then.
    await page.evaluate(
        "(id) => document.querySelector('yellow-cart').setAttribute('show', id)", shop.room.show
    )
    await expect(page.locator(".card .card-title")).to_have_text("Mug")


async def test_an_element_that_leaves_takes_everything_with_it(
    open_page: OpenPage, shop: Shop
) -> None:
    page = await open_page()
    closed: list[str] = []
    page.on("websocket", lambda socket: socket.on("close", lambda _: closed.append("closed")))
    await shop.open(page)
    await expect(page.get_by_role("log")).to_be_attached()

    # Moved within the page, it keeps its line.
    await page.evaluate("document.body.prepend(document.querySelector('yellow-cart'))")
    await expect(page.get_by_role("log")).to_be_attached()
    await page.wait_for_timeout(1500)
    assert closed == []

    await page.get_by_role("button", name="Cart").click()
    await expect(page.locator("dialog.sheet")).to_be_attached()
    await page.evaluate(
        "() => { window.left = document.querySelector('yellow-cart'); left.remove() }"
    )
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not closed:
            await page.wait_for_timeout(50)

    assert await page.evaluate("[left.shadowRoot.childElementCount, left.live]") == [0, None]


async def test_a_shop_s_look_comes_in_by_variables_and_parts_and_stays_readable(
    open_page: OpenPage, shop: Shop
) -> None:
    page = await open_page()
    warned: list[str] = []
    page.on("console", lambda message: warned.append(message.text))
    style = (
        "yellow-cart { --yc-accent: #0a7; --yc-on-accent: #fff; --yc-radius: 3px }"
        " yellow-cart::part(buy) { text-transform: uppercase }"
        " button { display: none } * { letter-spacing: 9px }"
    )

    await shop.open(page, style=style)

    buy = page.locator(".card .buy")
    await expect(page.get_by_role("log")).to_be_attached()
    look = """(buy) => {
      const { backgroundColor, color, textTransform, borderRadius, letterSpacing } =
        getComputedStyle(buy);
      return { backgroundColor, color, textTransform, borderRadius, letterSpacing };
    }"""
    await expect(buy).to_have_css("color", "rgb(0, 0, 0)")
    assert await buy.evaluate(look) == {
        "backgroundColor": "rgb(0, 170, 119)",
        # White on it would be 2.9 to 1.
        "color": "rgb(0, 0, 0)",
        "textTransform": "uppercase",
        "borderRadius": "3px",
        "letterSpacing": "normal",
    }
    assert any("--yc-accent" in text for text in warned)


async def test_changing_the_show_changes_the_live(open_page: OpenPage, shop: Shop) -> None:
    page = await open_page()
    await shop.open(page)
    await expect(page.locator(".title")).to_have_text("Pots")
    await heard(page, "yc-ready")

    await page.evaluate("document.querySelector('yellow-cart').setAttribute('show', 'demo')")

    await expect(page.locator(".host")).to_have_text("Mara")
    await page.wait_for_function("() => window.heard.some(([, { show }]) => show.id === 'demo')")


async def test_a_signed_in_viewer_s_token_comes_by_property_and_is_asked_for_again(
    open_page: OpenPage, shop: Shop
) -> None:
    page = await open_page()
    token = shop.served.token("nora", name="Nora")
    await page.add_init_script(
        f"""document.addEventListener("DOMContentLoaded", () => {{
          const element = document.querySelector("yellow-cart");
          element.getToken = async (why) => {{ (window.why ??= []).push(why); return "{token}"; }};
        }});"""
    )

    await shop.open(page)

    await expect(page.get_by_role("log")).to_be_attached()
    me = await page.evaluate("document.querySelector('yellow-cart').live.state.me")
    assert me == {"id": "nora", "name": "Nora", "role": "viewer"}
    assert await page.evaluate("window.why") == ["start"]


async def test_back_and_escape_close_the_sheet_and_not_the_live(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show)
    sheet = page.locator("dialog.sheet")

    await page.get_by_role("button", name="Cart").click()
    await expect(sheet).to_contain_text("Vase")
    await sheet.get_by_role("button", name="Vase").first.click()
    await expect(sheet.locator("h2")).to_contain_text("Vase")
    await page.go_back()
    await expect(sheet.locator("h2")).to_contain_text("Bag")
    await page.go_back()
    await expect(sheet).to_have_count(0)
    await expect(page.get_by_role("button", name="Cart")).to_be_focused()
    assert page.url.endswith(f"/watch/{room.show}")

    await page.get_by_role("button", name="Mug: details").click()
    await expect(sheet.locator("h2")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(page.get_by_role("button", name="Mug: details")).to_be_focused()


async def test_the_keyboard_reaches_buy_in_three_steps(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})
    page = await watch(open_page, shared_server.url, room.show)

    focused = "document.querySelector('yellow-cart').shadowRoot.activeElement"
    names = []
    for _ in range(3):
        await page.keyboard.press("Tab")
        names.append(await page.evaluate(f"{focused}.ariaLabel ?? {focused}.textContent"))

    assert names == ["Go to the product shown", "Go to chat", "Buy: Mug"]
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate(f"{focused}.className") == "chat-log"


async def test_buy_pressed_before_the_script_was_there_is_answered_by_it(
    open_page: OpenPage, shared_server: Served
) -> None:
    room = await furnished(shared_server)
    room.as_host("POST", "/pin", {"product": room.product})

    page = await open_page(f"{shared_server.url}/watch/{room.show}#buy")

    await expect(page.locator("dialog.sheet")).to_contain_text("Checkout")
    assert "#" not in page.url


async def test_an_element_shows_by_a_server_that_it_is_told_of(
    open_page: OpenPage, complaints: Complaints, shared_server: Served, proxied: Proxied
) -> None:
    complaints.expect("403|may not show this LIVE")
    proxy = await proxied(shared_server)
    page = await open_page(f"{proxy.url}/v1/client")

    await page.evaluate(
        """async (src) => {
          await import(`${location.origin}/yellow-cart.js`);
          const element = document.createElement("yellow-cart");
          element.setAttribute("show", "demo");
          element.setAttribute("src", src);
          document.body.append(element);
        }""",
        shared_server.url,
    )

    # Another origin for the server that it names: it asked that one, and was refused.
    await expect(page.locator("yellow-cart .cover")).to_contain_text(f"{proxy.url} may not show")
