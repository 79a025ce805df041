"""Pictures of pages: for people who judge them, and of pages that failed a test."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.async_api import Page

__all__ = ["failed", "take_picture"]


async def take_picture(page: Page, name: str, **options: Any) -> None:
    """Write ``name``.png to the folder that the environment's ``SCREENSHOTS`` names, if any."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        path = Path(folder) / f"{name}.png"
        await page.screenshot(path=path, **{"animations": "disabled", **options})


async def failed(pages: Iterable[Page], folder: Path) -> str:
    """Keep how pages look now; returns where, in a line each."""
    lines = []
    for number, page in enumerate(pages):
        path = folder / f"page-{number}.png"
        with suppress(Error):
            await page.screenshot(path=path, timeout=5000)
            lines.append(f"{page.url} looked like {path}")
    return "\n".join(lines)
