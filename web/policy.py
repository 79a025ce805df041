"""What a page of ours may load and who may frame it: its Content-Security-Policy."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

__all__ = ["REFUSED", "page_policy"]

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")

REFUSED: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Of the page that says that it may not be framed. Anybody may frame that: else its words
would not be seen, and there is nothing on it to click."""


def page_policy(host: str, *, ancestors: str, playback: str = "") -> str:
    """The policy of a page: everything from us, pictures from anywhere, the film from its place.

    Args:
        host: Where the page was asked for; older browsers do not count sockets to it as 'self'.
        ancestors: Who may frame it, in the words of ``frame-ancestors``.
        playback: The film's address.

    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    film = _elsewhere(playback)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' https: data:",
            f"media-src 'self' blob:{film}",
            f"connect-src 'self'{sockets}{film}",
            "manifest-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            # No text becomes markup, whatever a script does.
            "require-trusted-types-for 'script'",
            f"frame-ancestors {ancestors}",
        )
    )


def _elsewhere(address: str) -> str:
    """The origin of an address that is not on our own server, with a space before it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc):
        return ""
    # A playlist may send the player on to any host that its service uses that day.
    others = " https:" if parts.path.endswith(".m3u8") else ""
    return f" {parts.scheme}://{parts.netloc}{others}"
