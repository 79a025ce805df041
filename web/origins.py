"""Pages of other origins: what they may do is ``allowed_origins``'s to say (CORS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.errors import Forbidden
from web.embedding import allows

if TYPE_CHECKING:
    from live.front import Gateway

__all__ = ["Origins"]

METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
HEADERS: Final = "Authorization, Content-Type, Idempotency-Key"
REMEMBER_S: Final = 600

UNCHECKED: Final = "/sandbox/"
"""The bank's own pages: their forms send ``Origin: null``, and the link is the right."""


class Origins:
    """Tells our own and allowed pages from foreign ones."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def check(self, request: web.Request) -> None:
        """Refuse what a foreign page wants changed.

        Raises:
            Forbidden: Its origin is not on the list.

        """
        if request.method in {"GET", "HEAD"} or request.path.startswith(UNCHECKED):
            return
        if not self._allows(request):
            raise Forbidden(
                "This page's origin may not do this here. Name it in YELLOWCART_ALLOWED_ORIGINS."
            )

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a browser that asks first; None when it does not ask that."""
        asks = "Origin" in request.headers and "Access-Control-Request-Method" in request.headers
        if request.method != "OPTIONS" or not asks:
            return None
        headers = {
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": str(REMEMBER_S),
        }
        return web.Response(status=204, headers=headers)

    def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let an allowed page read the answer; what every page may read says so itself."""
        if "Access-Control-Allow-Origin" in response.headers:
            return
        response.headers.add("Vary", "Origin")
        if "Origin" in request.headers and self._allows(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"

    def _allows(self, request: web.Request) -> bool:
        return allows(request, self._gateway)
