"""Every page: it loads without a complaint, and everybody can use it."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize, expect

from tests.end_to_end.browser.axe import assert_accessible
from tests.end_to_end.browser.chromium import DESKTOP, PHONE
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.open_page import OpenPage, host_url
from tests.end_to_end.browser.pictures import take_picture
from tests.served import Served

BUILT = {"/watch/demo": "yellow-cart [role=log]"}
"""What a page has once its script has built it."""
LOOKS = pytest.mark.parametrize(
    ("size", "dark"), [(PHONE, False), (DESKTOP, True)], ids=["phone", "dark desktop"]
)


@LOOKS
@pytest.mark.parametrize("path", ["/", "/watch/demo"])
async def test_everybody_can_use_a_page(
    open_page: OpenPage, shared_server: Served, path: str, size: ViewportSize, dark: bool
) -> None:
    page = await open_page(f"{shared_server.url}{path}", size=size, dark=dark)
    await expect(page.locator(BUILT.get(path, "h1")).first).to_be_attached()

    await assert_accessible(page)
    await take_picture(page, f"{path.replace('/', '-')}-{'dark' if dark else 'light'}")


@pytest.mark.timeout(120)  # thousands of elements
async def test_everybody_can_use_the_docs(open_page: OpenPage, shared_server: Served) -> None:
    page = await open_page(f"{shared_server.url}/docs", dark=True)

    await assert_accessible(page)


async def test_a_show_that_nobody_knows_has_a_page_that_everybody_can_use(
    open_page: OpenPage, complaints: Complaints, shared_server: Served
) -> None:
    complaints.expect("404 .*/watch/nothing")  # Chromium says so of every page that is missing
    page = await open_page(f"{shared_server.url}/watch/nothing")

    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await assert_accessible(page)


@LOOKS
async def test_everybody_can_use_the_host_s_console(
    open_page: OpenPage, shared_server: Served, size: ViewportSize, dark: bool
) -> None:
    page = await open_page(host_url(shared_server), size=size, dark=dark)
    await expect(page.locator("[role=log]").first).to_be_attached()

    await assert_accessible(page)
    await take_picture(page, f"console-{'desktop' if dark else 'phone'}")
