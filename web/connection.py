"""HTTP connections: aiohttp's, with a deadline for the first request and our words for errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from base.errors import Invalid, Outage
from web.problems import problem

__all__ = ["HttpConnection", "connections"]

FIRST_REQUEST_WITHIN_S: Final = 15.0
"""A head of 8 KiB comes in that; who sends a header a minute does not hold a connection."""

KEEP_ALIVE_S: Final = 75.0
"""Longer than nginx's 60 s: who opens connections to us should be the one to close them."""


class HttpConnection(web.RequestHandler):
    """One connection that speaks HTTP.

    Args:
        server: The runner's.

    """

    __slots__ = ("_deadline",)

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=KEEP_ALIVE_S,
            # Encoded bodies are refused, so nobody unpacks them: what is no gzip would be an error
            # of the connection, told in the log with a traceback, by anybody at all.
            auto_decompress=False,
            # None turns it off, as the runner's own parameter does.
            access_log=None,  # type: ignore[arg-type]
            logger=_library,
        )
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, but not for ever."""
        super().connection_made(transport)
        abort = self.abort
        self._deadline = asyncio.get_running_loop().call_later(FIRST_REQUEST_WITHIN_S, abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is gone, or somebody else's."""
        self.heard()
        super().connection_lost(exc)

    def heard(self) -> None:
        """A whole request has come; from here on the library's idle time counts."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def abort(self) -> None:
        """End it without a word."""
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request at all; the library would quote it and name itself."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            answer = problem(Outage())
        else:
            answer = problem(Invalid("This is not a request of HTTP/1.1. Check what sends it."))
        answer.headers["Server"] = "yellowcart"
        answer.force_close()
        return answer


_library: Final = logging.getLogger("aiohttp.server")


def connections(runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
    """What makes a protocol for each new connection of a runner that is set up."""
    server = runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")
    return lambda: HttpConnection(server)
