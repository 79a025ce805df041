"""The provider as a service: built from its parts, started on a socket, stopped in order."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Final

from aiohttp import web

from sandbox.api import Api, reply
from sandbox.bank import Bank
from sandbox.errors import ProviderError
from sandbox.faults import Faults
from sandbox.pages import Pages, problem_page
from sandbox.store import Store
from sandbox.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from base.clock import Clock

__all__ = ["Sandbox"]

logger = logging.getLogger(__name__)

MAX_BODY: Final = 16 * 1024
"""Far above any body there is."""

LEAVE_S: Final = 0.5
"""How long a stop waits for answers; slow payments are finished by the next start anyway."""

HTTP_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Sandbox:
    """A payment provider in Stripe's manner.

    Its routes: ``PUT /v1/payments/{attempt}``, ``POST`` of the same, which also tries to take the
    money, ``GET`` of it, ``POST`` of its ``confirm``, ``cancel`` and ``refund``,
    ``GET /v1/charges``, ``POST /v1/faults`` (all with the API key as Bearer), and the pages under
    ``/sandbox/``, which belong on the shop's own port.

    Args:
        path: Its SQLite file.
        api_key: What callers show as Bearer.
        webhook_secret: Signs webhooks.
        webhook_url: Where to send them; None keeps them until :attr:`webhook_url` is set.
        clock: Dates payments, events and signatures.
        slow_s: How long ``tok_slow`` takes.
        webhook_only_s: How long ``tok_webhook_only`` takes after its answer.

    """

    def __init__(  # noqa: PLR0913  a composition root takes all there is to set
        self,
        *,
        path: Path,
        api_key: str,
        webhook_secret: str,
        webhook_url: str | None,
        clock: Clock,
        slow_s: float = 10.0,
        webhook_only_s: float = 1.0,
    ) -> None:
        faults = Faults()
        self._store = Store(path)
        self._webhooks = Webhooks(
            self._store, secret=webhook_secret, url=webhook_url, clock=clock, faults=faults
        )
        self._bank = Bank(
            self._store,
            self._webhooks,
            clock=clock,
            slow_s=slow_s,
            webhook_only_s=webhook_only_s,
        )
        self._api = Api(self._bank, faults, api_key=api_key)
        self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=LEAVE_S
        )

    @property
    def webhook_url(self) -> str | None:
        """Where webhooks are sent; setting it sends what waits."""
        return self._webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._webhooks.url = url

    @property
    def port(self) -> int:
        """The TCP port that it listens on.

        Raises:
            LookupError: It does not listen on one.

        """
        for address in self._runner.addresses:
            if not isinstance(address, str):
                return int(address[1])
        raise LookupError("the sandbox listens on no port")

    async def start(
        self, *, unix_path: str | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Listen on a unix socket, or on ``host`` and ``port`` (0 for any free one). Once only.

        Raises:
            OSError: The socket cannot be had.
            sqlite3.Error: The store cannot be opened.

        """
        try:
            await self._store.open()
            await self._webhooks.start()
            await self._bank.start()
            await self._runner.setup()
            site: web.BaseSite
            if unix_path is not None:
                site = web.UnixSite(self._runner, unix_path)
            else:
                site = web.TCPSite(self._runner, host, port)
            await site.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening, then working, then close the store."""
        await self._runner.cleanup()
        await self._bank.stop()
        await self._webhooks.stop()
        await self._store.close()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.add_routes(self._api.routes())
        app.add_routes(Pages(self._bank).routes())
        return app

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Ask for the key outside the pages, and answer every failure in the caller's form."""
        is_page = request.path.startswith("/sandbox/")
        try:
            if not is_page:
                self._api.check(request)
            return await handler(request)
        except ProviderError as error:
            failure = error
        except web.HTTPException as error:
            failure = ProviderError(HTTP_CODES.get(error.status, "invalid"))
        except sqlite3.Error:
            # Not "unavailable", which says that nothing was charged: a commit that failed
            # may yet be found on the disk.
            logger.exception("the sandbox's store cannot be used")
            failure = ProviderError("internal")
        return problem_page(failure.status) if is_page else reply(failure.status, failure.body)
