"""The harness itself: what it must notice, it notices."""

from __future__ import annotations

import asyncio
import socket

import pytest
from playwright.async_api import Error, Page, Route

from tests.end_to_end.browser.axe import violations
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.conftest import Proxied
from tests.end_to_end.browser.open_page import OpenPage
from tests.end_to_end.browser.wire import Wire
from tests.served import Served

STRICT = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'"
HTML = "<!doctype html><html lang=en><title>A page</title><body>"
SHADOW = """() => {
  const host = document.body.appendChild(document.createElement("div"));
  host.attachShadow({mode: "open"}).appendChild(document.createElement("button"));
}"""
JOIN = """async (show) => {
  const socket = new WebSocket(`ws://${location.host}/live`);
  await new Promise((done, fail) => { socket.onopen = done; socket.onerror = fail; });
  socket.send(JSON.stringify({id: 1, op: "join", show}));
  await new Promise((done) => { socket.onmessage = done; });
  window.ending = new Promise((done) => { socket.onclose = (event) => done(event.code); });
}"""


async def show(page: Page, body: str, policy: str = STRICT) -> None:
    """Show some HTML under a policy, from an address that nobody asks."""

    async def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": policy, "Content-Type": "text/html"}
        await route.fulfill(body=HTML + body, headers=headers)

    await page.route("http://page.test/", answer)
    await page.goto("http://page.test/")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<p style='color: red'>Red", "Content Security Policy"),
        ("<script>alert(1)</script>", "Content Security Policy"),
        ("<img alt='' src='https://elsewhere.test/a.png'>", "Content Security Policy"),
    ],
)
async def test_what_a_policy_refuses_is_a_complaint(
    open_page: OpenPage, complaints: Complaints, body: str, complaint: str
) -> None:
    page = await open_page()

    await show(page, body)
    await page.evaluate("0")

    assert any(complaint in heard for heard in complaints.heard), complaints.heard
    complaints.expect(complaint)
    assert complaints.unexpected == []


async def test_an_uncaught_error_and_an_unhandled_rejection_are_complaints(
    open_page: OpenPage, complaints: Complaints
) -> None:
    page = await open_page()

    await page.evaluate("() => { setTimeout(() => { throw new Error('first') }) }")
    await page.evaluate("() => { Promise.reject(new Error('second')) }")
    await page.evaluate("() => { console.error('third') }")
    await page.evaluate("() => new Promise((done) => setTimeout(done, 50))")

    assert len(complaints.unexpected) == 3
    complaints.expect("first|second")
    assert [text.split()[0] for text in complaints.unexpected] == ["third"]
    complaints.expect("third")


async def test_axe_sees_into_shadow_roots_under_a_strict_policy(open_page: OpenPage) -> None:
    page = await open_page()
    await show(page, "<main><h1>Shop</h1></main>")

    before = await violations(page)
    await page.evaluate(SHADOW)
    after = await violations(page)

    assert before == []
    assert [(found.rule, ">>>" in found.element) for found in after] == [("button-name", True)]


async def test_axe_looks_at_how_large_a_target_is(open_page: OpenPage) -> None:
    page = await open_page()
    small = "<button style='width:9px;height:9px;padding:0;border:0'>{}</button>"
    body = f"<main><h1>Shop</h1>{small.format('a')}{small.format('b')}</main>"

    await show(page, body, policy="default-src 'none'; style-src 'unsafe-inline'")

    assert "target-size" in {found.rule for found in await violations(page)}


async def test_a_visitor_s_clock_can_be_wrong_while_timers_are_right(
    open_page: OpenPage, shared_server: Served
) -> None:
    right = await open_page(f"{shared_server.url}/healthz")
    wrong = await open_page(f"{shared_server.url}/healthz", clock_off_s=600)
    clocks = "[Date.now(), +new Date(), performance.timeOrigin + performance.now()]"

    first, second = await right.evaluate(clocks), await wrong.evaluate(clocks)

    assert [round((b - a) / 60_000) for a, b in zip(first, second, strict=True)] == [10, 10, 10]
    assert await wrong.evaluate("new Date(0).getTime()") == 0


async def test_a_cut_line_closes_sockets_and_refuses_new_ones_until_it_is_mended(
    open_page: OpenPage,
    shared_server: Served,
    proxied: Proxied,
    complaints: Complaints,
) -> None:
    complaints.expect("WebSocket connection")
    proxy = await proxied(shared_server)
    page = await open_page()
    wire = Wire(page)
    await page.goto(f"{proxy.url}/docs")
    await page.evaluate(JOIN, "demo")

    proxy.cut()
    code = await page.evaluate("ending")
    with pytest.raises(Error):
        await page.evaluate(JOIN, "demo")
    proxy.mend()
    await page.evaluate(JOIN, "demo")

    assert code == 1006
    assert [join["show"]["id"] for join in wire.joins] == ["demo", "demo"]
    assert (wire.sockets, len(wire.sent("join"))) == (3, 2)


async def test_a_frozen_line_closes_nothing_and_goes_on_where_it_stopped(
    shared_server: Served, proxied: Proxied
) -> None:
    proxy = await proxied(shared_server)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    writer.write(request)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await reader.readuntil(b"\r\n\r\n")

    proxy.freeze()
    await asyncio.sleep(0.1)
    late = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", proxy.port), 5)
    writer.write(request)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.readuntil(b"HTTP/1.1 200")
    proxy.mend()
    await asyncio.wait_for(reader.readuntil(b"HTTP/1.1 200"), 5)

    late.close()
    writer.close()
