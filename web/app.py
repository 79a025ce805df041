"""The aiohttp application, made of the route table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from web.bank import BANK, Bank
from web.board import Board
from web.documents import DOCUMENTS, Documents
from web.guard import Guard
from web.health import BOARD
from web.node import GatewayNode
from web.pages import PAGES, Pages
from web.route import Route
from web.routes import ROUTES
from web.serving import serve
from web.static_files import FILES, StaticFiles

if TYPE_CHECKING:
    from web.services import Services

__all__ = ["make_app", "make_runner"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(services: Services) -> web.Application:
    """The application on its services."""
    unlimited = frozenset(route.path for route in ROUTES if not route.limited)
    guard = Guard(services, unlimited)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard.pass_on(request, handler)

    app = web.Application(middlewares=[guarded])
    for route in ROUTES:
        _add(app, route, services)
    app[DOCUMENTS] = Documents(ROUTES, services.version)
    app[FILES] = StaticFiles.read()
    app[PAGES] = Pages(services, app[FILES])
    _board(app, services)
    if services.sandbox is not None:
        _bank(app, services.sandbox)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """The runner; once it is set up, :func:`web.connection.connections` serves it.

    Handlers are not cancelled when their caller goes away: a payment goes on.
    """
    return web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=5.0)


def _add(app: web.Application, route: Route, services: Services) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve(route, services, request)

    if route.method == "GET":
        app.router.add_get(route.pattern, handle)
    else:
        app.router.add_route(route.method, route.pattern, handle)


def _board(app: web.Application, services: Services) -> None:
    """Measure for as long as the application runs."""
    settings = services.settings
    folder = settings.data_dir / "metrics" if settings.workers > 1 else None
    board = Board(services.metrics, folder, services.clock)
    services.metrics.watch(
        GatewayNode(services.gateway, services.feed_silent_s, services.payments_waiting)
    )
    app[BOARD] = board

    async def measure(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(board.run(), name="measure")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        board.leave()

    app.cleanup_ctx.append(measure)


def _bank(app: web.Application, address: str) -> None:
    app[BANK] = bank = Bank(address)

    async def close(_: web.Application) -> None:
        await bank.close()

    app.on_cleanup.append(close)
