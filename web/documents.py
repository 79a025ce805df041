"""The contract's documents: rendered from the code once, then served as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["DOCUMENTS", "Documents", "asyncapi", "openapi", "page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The documents' bytes."""

    openapi: bytes
    asyncapi: bytes
    page: bytes


DOCUMENTS: Final = web.AppKey("documents", Documents)
_HEADERS: Final = {"Cache-Control": "max-age=60"}


async def openapi(asked: Asked) -> object:
    """The HTTP API, for machines."""
    return _json(asked.request.app[DOCUMENTS].openapi)


async def asyncapi(asked: Asked) -> object:
    """The WebSocket protocol, for machines."""
    return _json(asked.request.app[DOCUMENTS].asyncapi)


async def page(asked: Asked) -> object:
    """Both, for people."""
    body = asked.request.app[DOCUMENTS].page
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=_HEADERS)
