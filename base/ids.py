"""Names of things: every id is a string of 1..64 URL-safe characters."""

from __future__ import annotations

import hmac
import re
import secrets
from functools import lru_cache
from typing import Annotated, Final, Protocol

from msgspec import Meta

__all__ = ["ID_PATTERN", "Id", "Key", "RandomIds", "derived_id", "is_id", "new_id"]

ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}\Z"
"""``\\Z``, not ``$``: a trailing newline would otherwise slip into a Redis key."""

_ID: Final = re.compile(ID_PATTERN)
_RANDOM_BYTES: Final = 12
"""96 bits: a billion ids have a chance of one in 10^11 to meet."""

Id = Annotated[str, Meta(pattern=ID_PATTERN)]
"""An id as it crosses the wire."""

Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")]
"""A client's idempotency key."""


class RandomIds(Protocol):
    """Where randomness for ids comes from."""

    def token_hex(self, nbytes: int) -> str:
        """Hexadecimal text of ``nbytes`` random bytes."""
        ...


def is_id(text: str) -> bool:
    """Whether ``text`` may stand in a key or a URL as it is."""
    return _ID.match(text) is not None


def new_id(prefix: str, random: RandomIds = secrets) -> str:
    """A fresh id, as ``msg_5f0c…``."""
    return f"{prefix}_{random.token_hex(_RANDOM_BYTES)}"


def derived_id(prefix: str, secret: str, *parts: str) -> str:
    """An id that follows from its parts, so that a repeat finds the first.

    Keyed by ``secret``, so that nobody can compute another person's id.
    """
    # Not hmac.digest: that lets another thread have the interpreter, for a microsecond's work.
    digest = _keyed(secret).copy()
    digest.update("\x1f".join(parts).encode())
    return f"{prefix}_{digest.hexdigest()[:32]}"


@lru_cache(8)
def _keyed(secret: str) -> hmac.HMAC:
    """The beginning of every id: half of the work."""
    return hmac.new(secret.encode(), digestmod="sha256")
