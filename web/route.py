"""What a route is: everything that is said about it, in one place."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["Handle", "Made", "Route", "Who"]

Handle = Callable[["Asked"], Awaitable[object]]
"""Answers a request: with a thing to encode, or with a whole response."""

_PATH_IDS: Final = re.compile(r"\{(\w+)\}")
_SAFE: Final = frozenset({"GET", "HEAD"})


class Who(Enum):
    """Who may ask; whether a thing is theirs is for the service to say."""

    PUBLIC = "everybody"
    ANYBODY = "anybody with a token, guests too"
    HOST = "the show's host, an admin"
    SELLER = "the shop's seller, an admin"
    OWNER = "the buyer, the shop's seller, an admin"
    ADMIN = "an admin"
    PROVIDER = "the payment provider, by its signature"


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that says that something new is there now: 201."""

    thing: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the HTTP API.

    Attributes:
        does: What it does, in one line.
        body: The struct of the request's body.
        answer: The struct of a good answer; None for what is not JSON.
        made: Whether a good answer is 201.
        lists: Whether it takes ``?after=&limit=``.
        keyed: Whether it takes an ``Idempotency-Key``.
        errors: The codes it can give besides those that follow from the other fields.
        media: The content type of a good answer.
        raw: Whether the body is taken as it is.
        free: Whether the path's last name stands for anything, slashes too.
        limited: Whether requests count against a caller's budget.
        needs_stores: Whether it cannot answer without Redis and the book.
        example: A body that fits.

    """

    method: str
    path: str
    does: str
    handle: Handle
    who: Who = Who.PUBLIC
    body: type[Struct] | None = None
    answer: type[Any] | None = None
    made: bool = False
    lists: bool = False
    keyed: bool = False
    errors: tuple[str, ...] = ()
    media: str = "application/json"
    raw: bool = False
    free: bool = False
    limited: bool = True
    needs_stores: bool = True
    example: Mapping[str, object] = field(default_factory=dict)

    @property
    def path_ids(self) -> list[str]:
        """The names in the path's braces."""
        return _PATH_IDS.findall(self.path)

    @property
    def pattern(self) -> str:
        """The path as aiohttp matches it."""
        return re.sub(r"\}$", ":.*}", self.path) if self.free else self.path

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method not in _SAFE

    @property
    def codes(self) -> tuple[str, ...]:
        """Every error code that it can give."""
        needs_somebody = self.who not in {Who.PUBLIC, Who.PROVIDER}
        takes_body = self.body is not None or self.raw
        follows = (
            (self.limited, {"rate_limited"}),
            # A page of a foreign origin, whoever is logged in there.
            (self.changes and not self.free, {"forbidden"}),
            (self._asks_stores, {"unavailable"}),
            (needs_somebody, {"unauthorized"}),
            (self.who in {Who.ADMIN, Who.HOST, Who.SELLER}, {"forbidden"}),
            (takes_body, {"invalid", "too_large"}),
            (self.lists or self.keyed, {"invalid"}),
            (bool(self.path_ids), {"not_found"}),
        )
        return tuple(sorted(set(self.errors).union(*(more for holds, more in follows if holds))))

    @property
    def _asks_stores(self) -> bool:
        return self.needs_stores and self.answer is not None and self.path.startswith("/v1/")
