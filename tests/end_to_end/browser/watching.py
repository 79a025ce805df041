"""Viewers on ``/watch``, and crowds that talk there."""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from playwright.async_api import expect

from tests.end_to_end.browser.sdk_page import Studio, studio
from tests.viewer import Viewer, viewer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Page

    from tests.end_to_end.browser.open_page import OpenPage
    from tests.served import Served

__all__ = ["SEATS", "box", "boxes", "crowd", "furnished", "overlap", "settled", "watch"]

SEATS: Final = (".card", ".card .buy", ".cart-button", ".chat-field", ".share", ".heart", ".more")
"""What a phone always shows."""
PICTURE: Final = "/demo/mug-sunrise.svg"
BURST: Final = 3
"""Messages that one viewer may send at once."""

BOX: Final = """(selector) => {
  const found = document.querySelector("yellow-cart").shadowRoot.querySelector(selector);
  const { x, y, width, height } = found.getBoundingClientRect();
  return { x, y, width, height };
}"""
STILL: Final = """() => document.querySelector("yellow-cart").shadowRoot.getAnimations()
  .every((one) => one.effect.getTiming().iterations === Infinity || one.playState !== "running")"""


async def furnished(served: Served) -> Studio:
    """A LIVE of the test's own, whose goods have pictures."""
    room = await studio(served)
    for product in (room.product, room.vase.removesuffix("-tall")):
        room.as_seller("PATCH", f"/v1/products/{product}", {"images": [PICTURE]})
    return room


async def watch(open_page: OpenPage, base: str, show: str = "demo", **options: Any) -> Page:
    """Open a viewer's page and wait until all of it is there."""
    page = await open_page(f"{base}/watch/{show}", **options)
    await expect(page.locator(".yc[data-conn=online]")).to_be_attached()
    await expect(page.get_by_role("log")).to_be_attached()
    await settled(page)
    return page


async def settled(page: Page) -> None:
    """Wait until nothing moves any more but what always does."""
    await page.wait_for_function(STILL)


async def box(page: Page, selector: str) -> dict[str, float]:
    """Where an element of the room is, in CSS pixels."""
    return dict(await page.evaluate(BOX, selector))


async def boxes(page: Page, *selectors: str) -> dict[str, dict[str, float]]:
    """Where several are."""
    return {selector: await box(page, selector) for selector in selectors}


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two boxes share more than an edge."""
    return all(
        one[start] + 0.5 < other[start] + other[size]
        and other[start] + 0.5 < one[start] + one[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


async def crowd(served: Served, show: str, texts: Sequence[str]) -> None:
    """Have texts said by as many viewers as it takes, all at about the same time."""
    async with AsyncExitStack() as stack:
        for start in range(0, len(texts), BURST):
            token = served.token(f"talker-{uuid.uuid4().hex}", name=f"Talker {start}")
            talker = await stack.enter_async_context(viewer(served.ws_url))
            await talker.join(show, token=token)
            await _say(talker, texts[start : start + BURST])


async def _say(talker: Viewer, texts: Sequence[str]) -> None:
    sent = [await talker.send("chat.send", text=text) for text in texts]
    for ident in sent:
        answer = await talker.reply(ident)
        assert "ok" in answer, answer
