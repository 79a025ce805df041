"""The practice provider's confirmation pages, shown on our own port."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    UnixConnector,
    web,
)
from yarl import URL

from base.errors import NotFound, Outage
from web.embedding import ancestors

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["BANK", "Bank", "show"]

WITHIN_S: Final = 10.0
CONNECTIONS: Final = 32
_PATH: Final = re.compile(r"/sandbox(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
"""Nothing that could lead out of the pages and into the provider's own API."""

PASSED: Final = (
    "Content-Type",
    "Cache-Control",
    "Content-Security-Policy",
    "Referrer-Policy",
    "Location",
)
"""What its answers may say to our callers."""


class Bank:
    """A client of the provider's pages, without its key.

    Args:
        address: ``unix:///path`` or ``http://host:port``.

    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, method: str, path: str, query: str) -> web.Response:
        """Fetch a page, or send one of its forms.

        Raises:
            NotFound: There cannot be such a page.
            Outage: The provider does not answer.

        """
        if _PATH.fullmatch(path) is None:
            raise NotFound("There is no such page. Go back to the shop.")
        url = URL.build(path=path, query_string=query, encoded=True)
        try:
            async with self._open().request(method, url, allow_redirects=False) as answer:
                body = await answer.read()
                headers = {name: answer.headers[name] for name in PASSED if name in answer.headers}
                return web.Response(status=answer.status, body=body, headers=headers)
        except (ClientError, TimeoutError, OSError) as error:
            raise Outage("The bank's page cannot be shown right now. Try again.") from error

    def _open(self) -> ClientSession:
        if self._session is None:
            is_unix = self._address.startswith("unix://")
            self._session = ClientSession(
                base_url="http://sandbox" if is_unix else self._address,
                connector=UnixConnector(self._address.removeprefix("unix://"), limit=CONNECTIONS)
                if is_unix
                else TCPConnector(limit=CONNECTIONS),
                timeout=ClientTimeout(total=WITHIN_S),
                cookie_jar=DummyCookieJar(),
            )
        return self._session


BANK: Final = web.AppKey("bank", Bank)


async def show(asked: Asked) -> object:
    """Pass a page on, as it is."""
    request = asked.request
    bank = request.app.get(BANK)
    if bank is None:
        raise NotFound(
            "The practice provider does not run here. Set YELLOWCART_PAYMENTS to sandbox."
        )
    page = await bank.ask(
        request.method, request.rel_url.raw_path, request.rel_url.raw_query_string
    )
    policy = page.headers.get("Content-Security-Policy")
    if policy is not None:
        # It is shown within the shop's page, and that may stand within an allowed one.
        framed = f"frame-ancestors {ancestors(asked.services.settings.origins)}"
        page.headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'self'", framed)
    return page
