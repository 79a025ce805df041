"""The contract's documents: rendered from the code when first asked for, then kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from base.threads import aside
from web.asyncapi import asyncapi as render_asyncapi
from web.docs_page import render as render_page
from web.openapi import openapi as render_openapi

if TYPE_CHECKING:
    from web.asked import Asked
    from web.route import Route

__all__ = ["DOCUMENTS", "Documents", "asyncapi", "openapi", "page"]


class Documents:
    """The documents' bytes.

    Args:
        routes: What the HTTP API is.
        version: Of this program.

    """

    def __init__(self, routes: Sequence[Route], version: str) -> None:
        self._routes = routes
        self._version = version

    @cached_property
    def openapi(self) -> bytes:
        """The HTTP API, for machines."""
        return msgspec.json.encode(render_openapi(self._routes, self._version))

    @cached_property
    def asyncapi(self) -> bytes:
        """The WebSocket protocol, for machines."""
        return msgspec.json.encode(render_asyncapi(self._version))

    @cached_property
    def page(self) -> bytes:
        """Both, for people."""
        return render_page(self._routes, self._version).encode()


DOCUMENTS: Final = web.AppKey("documents", Documents)


async def openapi(asked: Asked) -> object:
    """``/openapi.json``."""
    return await _document(asked, "openapi", "application/json")


async def asyncapi(asked: Asked) -> object:
    """``/asyncapi.json``."""
    return await _document(asked, "asyncapi", "application/json")


async def page(asked: Asked) -> object:
    """``/docs``."""
    return await _document(asked, "page", "text/html")


async def _document(asked: Asked, name: str, media: str) -> web.Response:
    # Off the loop: rendering takes longer than viewers should wait for a pin.
    body = await aside(getattr, asked.request.app[DOCUMENTS], name)
    return web.Response(
        body=body, content_type=media, charset="utf-8", headers={"Cache-Control": "max-age=60"}
    )
