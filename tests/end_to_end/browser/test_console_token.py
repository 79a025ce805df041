"""The console's door: the token stays out of sight, and who has none is told how to get one."""

from __future__ import annotations

import time

import jwt
from playwright.async_api import expect

from tests.end_to_end.browser.axe import assert_accessible
from tests.end_to_end.browser.chromium import DESKTOP
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.console_page import Console
from tests.end_to_end.browser.open_page import OpenPage, host_url
from tests.end_to_end.browser.stall import Stall
from tests.served import Served


async def test_the_token_leaves_the_address_bar_and_outlives_a_reload_in_its_tab_only(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    console = await Console.opens(open_page, stall)
    page = console.page

    assert page.url == f"{shared_server.url}/host/{stall.name}"
    assert "token" not in await page.evaluate("document.cookie + JSON.stringify(localStorage)")

    await page.reload()
    await expect(page.locator(".top-bar")).to_be_visible()

    other = await open_page(page.url, context=page.context)
    await expect(other.get_by_text("This page needs a host's token.")).to_be_visible()


async def test_without_a_token_the_page_says_how_to_get_one_and_takes_a_pasted_link(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    page = await open_page(f"{shared_server.url}/host/{stall.name}", size=DESKTOP)
    command = f"python server.py token --sub {stall.name}-host --role host"
    await expect(page.locator("code")).to_have_text(command)
    await assert_accessible(page)
    field = page.get_by_label("Token, or the whole link of the console")

    await field.fill("hello")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("This is not a token.")

    await field.fill(shared_server.token("mia", "viewer", name="Mia B."))
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text(
        "This token is for Mia B. (viewer)."
        f" This LIVE is run by {stall.name}-host, or by an admin."
    )

    await field.fill(f"  {host_url(shared_server, stall.name, f'{stall.name}-host')} ")
    await field.press("Enter")
    await expect(page.locator(".top-bar")).to_be_visible()


async def test_another_host_s_token_does_not_open_the_console_and_an_admin_s_does(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    page = await open_page(host_url(shared_server, stall.name, "somebody-else"), size=DESKTOP)
    await expect(page.get_by_text("This token is for somebody-else (host).")).to_be_visible()

    token = shared_server.token("root", "admin")
    admin = await open_page(f"{shared_server.url}/host/{stall.name}#token={token}", size=DESKTOP)
    await expect(admin.locator(".top-bar")).to_be_visible()


async def test_a_token_that_the_server_did_not_sign_is_asked_for_again(
    open_page: OpenPage, shared_server: Served
) -> None:
    stall = Stall(shared_server)
    claims = {"sub": f"{stall.name}-host", "role": "host", "exp": int(time.time()) + 600}
    forged = jwt.encode(claims, "x" * 32, algorithm="HS256")
    page = await open_page(f"{shared_server.url}/host/{stall.name}#token={forged}", size=DESKTOP)
    await expect(page.get_by_text("or this server did not sign it")).to_be_visible()

    await page.get_by_label("Token, or the whole").fill(
        shared_server.token(f"{stall.name}-host", "host")
    )
    await page.get_by_role("button", name="Open the console").click()

    await expect(page.locator(".top-bar")).to_be_visible()


async def test_a_token_that_ends_while_the_console_is_open_is_renewed_in_place(
    open_page: OpenPage, complaints: Complaints, shared_server: Served
) -> None:
    complaints.expect("WebSocket connection")
    stall = Stall(shared_server)
    stall.put("Linen shirt")
    token = shared_server.token(f"{stall.name}-host", "host", ttl_s=15)
    page = await open_page(f"{shared_server.url}/host/{stall.name}#token={token}", size=DESKTOP)
    await expect(page.get_by_text("Your token ends in")).to_be_visible()

    dialog = page.locator("dialog[open]")
    await expect(dialog).to_contain_text("Your token has expired")
    await expect(page.locator("#bag .pin")).to_be_disabled()
    await dialog.locator("input").fill(shared_server.token(f"{stall.name}-host", "host"))
    await dialog.locator("input").press("Enter")

    await expect(page.locator("#bag .pin")).to_be_enabled()
    await expect(page.locator(".banner")).to_have_count(0)
