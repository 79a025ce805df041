"""Bodies that go out compressed, each compressed once a coding."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

import brotli
from aiohttp import web

from base.threads import aside

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Compressed"]

LEAST: Final = 256
"""Smaller bodies hardly shrink."""


CODINGS: Final = ("br", "gzip")
"""The best first: a module of ours is an eighth smaller by Brotli than by gzip."""


def _compress(plain: bytes, coding: str, *, lasts: bool) -> bytes:
    if coding == "br":
        # The best quality takes 50 ms for 30 KB: not for a page that is kept for a second.
        return bytes(brotli.compress(plain, mode=brotli.MODE_TEXT, quality=11 if lasts else 5))
    # Level 9 would save another 1 % only. No time of day in it: the same body gives the
    # same bytes on every node.
    return gzip.compress(plain, 6, mtime=0)


class Compressed:
    """A body, and its compressed twins from when somebody first takes one.

    Args:
        plain: The body as it is.
        shrinks: Whether compressing is worth it; pictures and films are compressed already.
        lasts: Whether it is sent for long, so that compressing may take its time.

    """

    def __init__(self, plain: bytes, *, shrinks: bool = True, lasts: bool = False) -> None:
        self.plain = plain
        self._lasts = lasts
        self._shrinks = shrinks and len(plain) >= LEAST
        self._twins: dict[str, bytes] = {}

    async def answer(
        self, request: web.Request, headers: Mapping[str, str], status: int = 200
    ) -> web.Response:
        """The body as this request takes it."""
        told = {**headers, "Vary": "Accept-Encoding"}
        coding = best_coding(request) if self._shrinks else None
        if coding is None:
            return web.Response(status=status, body=self.plain, headers=told)
        twin = self._twins.get(coding)
        if twin is None:
            # It takes milliseconds, so not on the loop.
            twin = await aside(_compress, self.plain, coding, lasts=self._lasts)
            self._twins[coding] = twin
        told["Content-Encoding"] = coding
        return web.Response(status=status, body=twin, headers=told)


def best_coding(request: web.Request) -> str | None:
    """The best coding that the client says it reads; None: send it as it is (RFC 9110, 12.5.3)."""
    taken: dict[str, bool] = {}
    for offer in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, weight = offer.partition(";")
        refused = weight.replace(" ", "").lower() in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
        taken[coding.strip().lower().removeprefix("x-")] = not refused
    others = taken.get("*", False)
    return next((coding for coding in CODINGS if taken.get(coding, others)), None)
