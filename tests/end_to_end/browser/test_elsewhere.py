"""Other people's pages sell: through the element, and through a frame."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from playwright.async_api import expect

from tests.end_to_end.browser.buyer import Buyer
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.stall import Stall

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Serve
    from tests.served import Served

STYLE = "yellow-cart { display: block; inline-size: 390px; block-size: 800px }"


class Shop:
    """Another company's website, with a policy as strict as ours."""

    def __init__(self) -> None:
        self.url = ""
        self.body = ""
        self.live = ""

    async def page(self, _: web.Request) -> web.Response:
        live, socket = self.live, self.live.replace("http", "ws")
        policy = (
            f"default-src 'none'; script-src 'self' {live}; style-src 'self';"
            f" connect-src {live} {socket}; img-src {live}; media-src {live};"
            f" frame-src {live}; require-trusted-types-for 'script'"
        )
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Our shop</title>'
            '<meta name="viewport" content="width=device-width">'
            '<link rel="stylesheet" href="/shop.css">'
            f'<script type="module" src="{live}/yellow-cart.js"></script>{self.body}</html>'
        )
        headers = {"Content-Security-Policy": policy}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def style(self, _: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")


@asynccontextmanager
async def a_shop() -> AsyncIterator[Shop]:
    shop, app = Shop(), web.Application()
    routes = [("/", shop.page), ("/shop.css", shop.style)]
    app.add_routes([web.get(path, handle) for path, handle in routes])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shop
    finally:
        await runner.cleanup()


def stocked(served: Served, shop: Shop) -> Stall:
    stall = Stall(served)
    stall.put("Linen shirt", pin=True)
    shop.live = served.url
    shop.body = f'<yellow-cart show="{stall.name}"></yellow-cart>'
    return stall


async def test_a_page_of_another_origin_sells_with_one_element(
    serve: Serve, open_page: OpenPage
) -> None:
    async with a_shop() as shop:
        stall = stocked(serve("--demo", allowed_origins=shop.url), shop)
        buyer = Buyer(await open_page(shop.url))

        await buyer.gets_to_pay("tok_3ds")
        await buyer.pays()
        bank = buyer.page.frame_locator("iframe")
        await bank.get_by_role("button", name="Confirm").click()

        await buyer.sees_order("€24.90 paid with Visa 3155.")
        assert len(stall.orders()) == 1


async def test_a_frame_shows_the_live_to_pages_on_the_list_and_words_to_others(
    serve: Serve, open_page: OpenPage, complaints: Complaints
) -> None:
    async with a_shop() as shop, a_shop() as stranger:
        served = serve("--demo", allowed_origins=shop.url)
        stall = stocked(served, shop)
        shop.body = stranger.body = (
            f'<iframe title="LIVE" src="{served.url}/embed/{stall.name}" width="390" height="800">'
        )
        stranger.live = served.url
        complaints.expect(r"403")

        page = await open_page(shop.url)
        inside = page.frame_locator("iframe")
        await expect(inside.locator(".card-title")).to_have_text("Linen shirt")
        await inside.locator(".card .buy").click()
        await expect(inside.locator("dialog[open]")).to_be_visible()

        page = await open_page(stranger.url)
        await expect(page.frame_locator("iframe").locator("body")).to_contain_text(
            f"add {stranger.url} to YELLOWCART_ALLOWED_ORIGINS"
        )
