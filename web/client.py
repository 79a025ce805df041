"""``GET /v1/client``: what a browser's SDK asks when it was not let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from web.embedding import allows, refusal

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["ClientAnswer", "client"]


class ClientAnswer(Struct, frozen=True, kw_only=True):
    """Whether the page that asks may speak to this server, and what the server is.

    ``message`` tells what to set when it may not. ``at`` is the server's clock.
    """

    allowed: bool
    message: str | UnsetType = UNSET
    payments: str
    version: str
    at: int


async def client(asked: Asked) -> object:
    """Answer a page of any origin: a browser hides from it why its socket was refused."""
    services, request = asked.services, asked.request
    allowed = allows(request, services.gateway)
    answer = ClientAnswer(
        allowed=allowed,
        message=UNSET if allowed else refusal(request.headers.get("Origin", "")),
        payments=services.settings.payments,
        version=services.version,
        at=services.clock.now_ms(),
    )
    return web.Response(
        body=msgspec.json.encode(answer),
        content_type="application/json",
        headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"},
    )
