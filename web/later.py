"""What the contract names and this version does not have yet: answered, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.errors import NotFound
from web.problems import problem

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["page", "route"]

PAGE: Final = (Path(__file__).parent / "static" / "later.html").read_text(encoding="utf-8")


async def route(_: Asked) -> object:
    """Say that the route comes with a later version."""
    raise NotFound("This version does not have this yet; it comes with a later one.")


async def page(asked: Asked) -> object:
    """The same for pages, as a page where somebody looks."""
    refusal = problem(
        NotFound("The pages come with the next version. See /docs for what there is now.")
    )
    if "text/html" not in asked.request.headers.get("Accept", ""):
        return refusal
    return web.Response(status=404, text=PAGE, content_type="text/html")
