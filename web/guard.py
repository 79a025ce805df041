"""What every request passes: who asks, how often, from which page; and what every answer has."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.errors import Outage, YellowcartError
from web.budgets import Budgets
from web.caller import Caller, identify
from web.connection import HttpConnection
from web.origins import Origins
from web.pages import PAGES
from web.problems import MEDIA, of_http, problem

if TYPE_CHECKING:
    from web.services import Services

__all__ = ["CALLER", "Guard"]

logger = logging.getLogger(__name__)

CALLER: Final = web.RequestKey("caller", Caller)
"""Where a request keeps who sent it."""

PAGE_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""Nothing inline and nothing from elsewhere: what somebody typed cannot become a script."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The application's one middleware.

    Args:
        unlimited: Paths whose requests cost nobody a budget.

    """

    def __init__(self, services: Services, unlimited: frozenset[str]) -> None:
        self._services = services
        self._unlimited = unlimited
        self._budgets = Budgets(services.settings, services.clock)
        self._origins = Origins(services.gateway)

    async def pass_on(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, whatever happens."""
        if isinstance(request.protocol, HttpConnection):
            request.protocol.heard()
        response = await self._answer(request, handler)
        if response.content_type == MEDIA and _reads_pages(request):
            response = await request.app[PAGES].told(request, response)
        if not response.prepared:
            self._finish(request, response)
        self._services.metrics.http(request.method, _path(request), response.status)
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            caller = identify(request, self._services)
            request[CALLER] = caller
            self._admit(request, caller)
            return self._origins.preflight(request) or await handler(request)
        except YellowcartError as error:
            if isinstance(error, Outage):
                logger.warning("%s %s: %s", request.method, _path(request), error)
            return problem(error)
        except web.HTTPException as error:
            return of_http(error)
        except ConnectionError:
            # The caller is gone; nobody reads this.
            return problem(Outage())
        except Exception:
            logger.exception("%s %s failed", request.method, _path(request))
            return problem(Outage())

    def _admit(self, request: web.Request, caller: Caller) -> None:
        if _path(request) not in self._unlimited:
            self._budgets.take(caller)
        self._origins.check(request)

    def _finish(self, request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Referrer-Policy", "same-origin")
        headers["Server"] = "yellowcart"
        if response.content_type == "text/html":
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        self._origins.mark(request, response)


def _reads_pages(request: web.Request) -> bool:
    """Whether a person asked, before a browser, and not a program."""
    asks = request.method in {"GET", "HEAD"} and not request.path.startswith("/v1/")
    return asks and "text/html" in request.headers.get("Accept", "")


def _path(request: web.Request) -> str:
    """The path as it was declared: bounded in number, and without anybody's ids."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical
