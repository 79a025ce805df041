"""Which pages of other people may hold ours, or speak to us: those on the allow-list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

    from live.front import Gateway

__all__ = ["NOBODY", "allows", "ancestors", "framing", "refusal"]

NOBODY: Final = "'none'"
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?", re.IGNORECASE)
_FRAMES: Final = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


def ancestors(origins: Iterable[str]) -> str:
    """Who may frame a page, as ``frame-ancestors`` wants it: we ourselves, and a list."""
    fit = (origin.lower().rstrip("/") for origin in origins)
    return " ".join(["'self'", *sorted(filter(_ORIGIN.fullmatch, fit))])


def allows(request: web.Request, gateway: Gateway) -> bool:
    """Whether the page that asks may speak to us; what is no page may."""
    host = request.headers.get("Host", "")
    origins = request.headers.getall("Origin", ())
    return all(gateway.allows(origin, host) for origin in origins)


def framing(request: web.Request, gateway: Gateway) -> str | None:
    """The foreign origin that frames the page asked for, if it is not on the list.

    None as well when the browser does not tell: then ``frame-ancestors`` is what guards us.
    """
    if request.headers.get("Sec-Fetch-Dest") not in _FRAMES:
        return None
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return None
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if _ORIGIN.fullmatch(origin) is None:
        return None
    return None if gateway.allows(origin, request.headers.get("Host", "")) else origin


def refusal(origin: str) -> str:
    """What to tell the owner of a page that is not on the list: who may change it, and how."""
    # It may be anything that somebody sends; it is told back in an error.
    shown = origin if _ORIGIN.fullmatch(origin) else "This page's origin"
    name = shown if shown == origin else "its origin"
    return (
        f"{shown} may not show this LIVE. Its owner can allow it:"
        f" add {name} to YELLOWCART_ALLOWED_ORIGINS and restart the server."
    )
