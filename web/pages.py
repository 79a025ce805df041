"""The pages that people open: the LIVEs, a viewer's, one for frames, a host's console."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from base.errors import Forbidden
from base.ids import is_id
from live.show import Show, ShowState
from web.compressed import Compressed
from web.embedding import NOBODY, ancestors, framing, refusal
from web.first_paint import Watched
from web.policy import REFUSED, page_policy
from web.rendering import Rendering

if TYPE_CHECKING:
    from web.asked import Asked
    from web.services import Services
    from web.static_files import StaticFiles

__all__ = ["PAGES", "Pages", "embed", "host", "shows", "watch"]

HTML: Final = "text/html"
MOST_SOUGHT: Final = 500
"""Shows among which those on air are looked for, the newest ones."""

MOST_SHOWN: Final = 24
ORDER: Final = (ShowState.LIVE, ShowState.SCHEDULED, ShowState.ENDED)
FAR: Final = 2**53
"""Later than any time: a show that has not said when it starts comes last."""

NOT_FOUND: Final = HTTPStatus.NOT_FOUND.value
SHOWING: Final = frozenset({"watch", "embed", "host"})
MISSING_SHOW: Final = "This LIVE is not available."
WORDS: Final = {
    NOT_FOUND: ("There is nothing here.", "The address may be mistyped."),
    HTTPStatus.TOO_MANY_REQUESTS.value: ("One moment.", "That was very fast. Reload in a moment."),
    HTTPStatus.SERVICE_UNAVAILABLE.value: (
        "One moment.",
        "This does not work right now. Reload in a moment.",
    ),
}
"""What a person is told in the place of an error for programs: a heading, and what to do."""

SCRIPT: Final = "yellow-cart.js"
CONSOLE: Final = "host/console.js"


class Pages:
    """Renders the pages.

    Args:
        files: What they load.

    """

    def __init__(self, services: Services, files: StaticFiles) -> None:
        self._services = services
        self._files = files
        self._rendering = Rendering(
            services.clock, {"files": files.root, "payments": services.settings.payments}
        )
        self._framers = ancestors(services.settings.origins)

    async def shows(self, request: web.Request) -> web.Response:
        """The LIVEs: on air first, then those to come, then those over."""
        base = _base(request, self._services)

        async def make() -> Compressed:
            found = sorted(await self._services.shows.newest(MOST_SOUGHT), key=_turn)
            rooms = await asyncio.gather(
                *(self._services.rooms.get(show.id) for show in found[:MOST_SHOWN])
            )
            now_ms = self._services.clock.now_ms()
            cards = [Watched.of(room, now_ms) for room in rooms]
            picture = next(filter(None, (card.picture(base) for card in cards)), "")
            return await self._rendering.aside(
                "shows.html", address=f"{base}/", picture=picture, cards=cards
            )

        body = await self._rendering.kept(("shows", base), make)
        return await self._answer(request, body, page_policy(request.host, ancestors=NOBODY))

    async def watch(self, request: web.Request, ident: str) -> web.Response:
        """A viewer's page.

        Raises:
            NotFound: There is no such show.

        """
        return await self._watched(request, ident, embedded=False)

    async def embed(self, request: web.Request, ident: str) -> web.Response:
        """The same for a frame of an allowed page.

        Raises:
            Forbidden: Another page frames it.
            NotFound: There is no such show.

        """
        stranger = framing(request, self._services.gateway)
        if stranger is not None:
            raise Forbidden(refusal(stranger))
        return await self._watched(request, ident, embedded=True)

    async def host(self, request: web.Request, ident: str) -> web.Response:
        """A host's console; the token that it needs never comes here.

        Raises:
            NotFound: There is no such show.

        """
        show = await self._services.shows.get(ident)
        body = self._rendering.now(
            "host.html", address="", show=show, modules=self._files.modules(CONSOLE)
        )
        return await self._answer(request, body, self._policy(request, show, NOBODY))

    async def told(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        """What a person reads in the place of an error for programs."""
        kind = request.path.split("/")[1]
        stranger = framing(request, self._services.gateway) if kind == "embed" else None
        if stranger is not None and answer.status == HTTPStatus.FORBIDDEN:
            body = self._rendering.now("refused.html", words=refusal(stranger))
            return await self._answer(request, body, REFUSED, answer.status)
        words = _missing(request.path) if answer.status == NOT_FOUND and kind in SHOWING else None
        words = words or WORDS.get(answer.status)
        if words is None:
            return answer
        body = self._rendering.now("missing.html", heading=words[0], words=words[1])
        policy = page_policy(request.host, ancestors=self._framers)
        page = await self._answer(request, body, policy, answer.status)
        if "Retry-After" in answer.headers:
            page.headers["Retry-After"] = answer.headers["Retry-After"]
        return page

    async def _watched(self, request: web.Request, ident: str, *, embedded: bool) -> web.Response:
        fan_out = await self._services.rooms.get(ident)
        base, room = _base(request, self._services), fan_out.room

        async def make() -> Compressed:
            watched = Watched.of(fan_out, self._services.clock.now_ms())
            return await self._rendering.aside(
                "watch.html",
                address=f"{base}/watch/{ident}",
                picture=watched.picture(base),
                modules=self._files.modules(SCRIPT),
                watched=watched,
                embedded=embedded,
            )

        # What is pinned must be right at once; numbers may be a second old.
        key = (ident, embedded, base, room.epoch, room.show, room.pinned)
        body = await self._rendering.kept(key, make)
        framers = self._framers if embedded else NOBODY
        return await self._answer(request, body, self._policy(request, room.show, framers))

    def _policy(self, request: web.Request, show: Show, framers: str) -> str:
        film = show.playback_url if isinstance(show.playback_url, str) else ""
        return page_policy(request.host, ancestors=framers, playback=film)

    async def _answer(
        self, request: web.Request, body: Compressed, policy: str, status: int = HTTPStatus.OK
    ) -> web.Response:
        headers = {
            "Content-Type": f"{HTML}; charset=utf-8",
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
        }
        return await body.answer(request, headers, status)


PAGES: Final = web.AppKey("pages", Pages)


async def shows(asked: Asked) -> object:
    """``/``."""
    return await asked.request.app[PAGES].shows(asked.request)


async def watch(asked: Asked) -> object:
    """``/watch/{show}``."""
    return await asked.request.app[PAGES].watch(asked.request, asked.id("show"))


async def embed(asked: Asked) -> object:
    """``/embed/{show}``."""
    return await asked.request.app[PAGES].embed(asked.request, asked.id("show"))


async def host(asked: Asked) -> object:
    """``/host/{show}``."""
    return await asked.request.app[PAGES].host(asked.request, asked.id("show"))


def _missing(path: str) -> tuple[str, str]:
    """What a person is told of a show that is not there, by the id that the address has."""
    ident = path.rsplit("/", 1)[-1]
    of_it = f"There is none with the id {ident}: it" if is_id(ident) else "It"
    return MISSING_SHOW, f"{of_it} was taken away, or never was. The address may be mistyped."


def _turn(show: Show) -> tuple[int, int]:
    """Where a show stands among the others."""
    times = {
        ShowState.LIVE: -(show.started_at or 0),
        ShowState.SCHEDULED: show.starts_at or FAR,
        ShowState.ENDED: -(show.ended_at or 0),
    }
    return ORDER.index(show.state), times[show.state]


def _base(request: web.Request, services: Services) -> str:
    """Where the server is reached, for addresses that others are given."""
    peer = request.transport and request.transport.get_extra_info("peername")
    address = str(peer[0]) if isinstance(peer, tuple) else ""
    is_trusted = address in services.settings.proxies
    forwarded = request.headers.get("X-Forwarded-Proto", "") if is_trusted else ""
    scheme = forwarded if forwarded in {"http", "https"} else request.scheme
    return f"{scheme}://{request.host}"
