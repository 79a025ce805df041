"""What moves that nobody has moved: layout shifts over a session."""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Browser

from bench.pages.crowd import chatting
from bench.pages.pinning import PRODUCTS, command, pin, pin_in_turn
from bench.pages.report import Figure
from bench.pages.visit import Visit, visit
from tests.end_to_end.browser.chromium import DESKTOP, FAIR, PHONE
from tests.served import Served

__all__ = ["steadiness"]

KEYBOARD: Final = {"width": PHONE["width"], "height": 480}
"""What a phone's keyboard leaves."""


async def steadiness(browser: Browser, served: Served) -> list[Figure]:
    """The sum of all shifts from the first byte on, on a phone and on a desk."""
    figures = []
    desk = {"viewport": DESKTOP, "has_touch": False, "is_mobile": False}
    windows: dict[str, dict[str, Any]] = {"phone": {}, "desktop": desk}
    for name, options in windows.items():
        await pin(served, PRODUCTS[0])
        async with visit(browser, network=FAIR, **options) as come:
            await come.go(served.url + "/watch/demo")
            await _session(come, served, is_phone=name == "phone")
            shifts = await come.probe("shifts")
        unasked = [shift for shift in shifts if not shift["expected"]]
        total = sum(shift["value"] for shift in unasked)
        worst = max(unasked, key=lambda shift: float(shift["value"]), default=None)
        note = f"{len(unasked)} shifts"
        if worst:
            note += f"; worst {worst['value']:.4f} at {worst['at']:.0f} ms: {worst['nodes'][:2]}"
        figures.append(
            Figure("shifts", f"layout shift, whole session, {name}", 0.02, total, note=note)
        )
    return figures


async def _session(come: Visit, served: Served, *, is_phone: bool) -> None:
    """Pins, prices, chat, sheets, a lost line, the keyboard."""
    page = come.page
    await page.wait_for_timeout(1000)
    await pin_in_turn(served, 6, 0.8)
    await command(served, "POST", "/v1/shows/demo/unpin")
    await page.wait_for_timeout(800)
    await pin(served, PRODUCTS[0])
    await _reprice(served, PRODUCTS[0], -100)
    await page.wait_for_timeout(800)
    await _reprice(served, PRODUCTS[0], 100)
    async with chatting(served, 50):
        await page.wait_for_timeout(4000)
    for target in (".cart-button", ".buy"):
        await page.locator(target).first.click()
        await page.wait_for_timeout(1500)
        await page.keyboard.press("Escape")
        await page.wait_for_timeout(1000)
    await page.context.set_offline(True)
    await page.wait_for_timeout(3500)
    await page.context.set_offline(False)
    await page.wait_for_timeout(4000)
    if is_phone:
        await page.set_viewport_size({"width": KEYBOARD["width"], "height": KEYBOARD["height"]})
        await page.wait_for_timeout(1000)
        await page.set_viewport_size(PHONE)
        await page.wait_for_timeout(1000)


async def _reprice(served: Served, product: str, cents: int) -> None:
    path = f"/v1/products/{product}"
    skus = (await command(served, "GET", path))["skus"]
    for sku in skus:
        sku["price"] += cents
        del sku["left"]
    await command(served, "PATCH", path, {"skus": skus})
