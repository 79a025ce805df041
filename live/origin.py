"""Which browser pages are our own."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

__all__ = ["same_host"]


# Few: what strangers send as a host may be long.
@lru_cache(maxsize=64)
def same_host(origin: str, host: str) -> bool:
    """Whether a browser's origin is the server's own host."""
    try:
        parts, own = urlsplit(origin), urlsplit(f"//{host}")
        ports = parts.port, own.port
    except ValueError:
        return False
    default = {"http": 80, "https": 443}.get(parts.scheme)
    plain = f"{parts.scheme}://{parts.netloc}".lower()
    if default is None or not host or "@" in origin or origin.lower() != plain:
        return False
    return parts.hostname == own.hostname and (ports[0] or default) == (ports[1] or default)
