"""Pages in a real browser: one Chromium a worker, a fresh profile for each visitor.

Every test of this folder is marked ``browser``. Tests and fixtures here share one event loop a
worker, because a browser cannot leave the loop that it was started in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.end_to_end.browser import chromium, pictures
from tests.end_to_end.browser.complaints import Complaints
from tests.end_to_end.browser.open_page import PATIENCE_MS, OpenPage
from tests.end_to_end.browser.proxy import Proxy, proxy_to
from tests.end_to_end.conftest import Serve
from tests.served import Served

HERE: Final = Path(__file__).parent
FAILED: Final = pytest.StashKey[bool]()

Proxied = Callable[[Served], Awaitable[Proxy]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.redis)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The worker's Chromium."""
    if chromium.find() is None:
        pytest.skip("needs Chromium")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await chromium.launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture
def complaints() -> Complaints:
    """What pages complain of; a test says with ``expect`` what it wants them to."""
    return Complaints()


@pytest_asyncio.fixture(loop_scope="session")
async def proxied() -> AsyncIterator[Proxied]:
    """Put a line that can be cut before a server: ``proxy = await proxied(server)``."""
    async with AsyncExitStack() as stack:

        async def start(served: Served) -> Proxy:
            return await stack.enter_async_context(proxy_to(served))

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(
    browser: Browser,
    complaints: Complaints,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    serve: Serve,
    proxied: Proxied,
) -> AsyncIterator[OpenPage]:
    """Open pages; in the end none may have complained of what was not expected.

    What they talk to, ``serve`` and ``proxied``, comes before them so that it ends after them.
    """
    open_page = OpenPage(browser, complaints)
    yield open_page
    if request.node.stash.get(FAILED, False):
        looks = await pictures.failed(open_page.pages, tmp_path)
        request.node.add_report_section("teardown", "pages", looks)
    await open_page.close()
    assert not complaints.unexpected, "\n".join(complaints.unexpected)
