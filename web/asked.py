"""A request on its way to its answer: who asks, with which body, of which services."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

from msgspec import Struct

from base.errors import Forbidden, Invalid, YellowcartError
from base.identity import Actor
from live.handlers import Call

if TYPE_CHECKING:
    from aiohttp import web

    from live.commands import Command
    from web.caller import Caller
    from web.services import Services

__all__ = ["Asked"]

MOST_LISTED: Final = 100
LISTED: Final = 50
_CURSOR: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_LIMIT: Final = re.compile(r"[1-9][0-9]?|100")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")

S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, checked as far as its form goes."""

    services: Services
    request: web.Request
    caller: Caller
    body: Struct | None = None
    raw: bytes = b""

    @property
    def actor(self) -> Actor:
        """Who asks.

        Raises:
            Unauthorized: Nobody that we know.

        """
        return self.caller.known

    def id(self, name: str) -> str:
        """An id of the path."""
        return self.request.match_info[name]

    def read(self, kind: type[S]) -> S:
        """The body, whose struct the route declares."""
        if not isinstance(self.body, kind):
            raise TypeError(f"the route declares another body than {kind.__name__}")
        return self.body

    @property
    def key(self) -> str:
        """The ``Idempotency-Key``.

        Raises:
            Invalid: There is none, or it is not of its form.

        """
        key = self.request.headers.get("Idempotency-Key", "")
        if _KEY.fullmatch(key) is None:
            raise Invalid(
                "Send a header Idempotency-Key of 8 to 64 letters, digits, _ or -,"
                " the same one for each try."
            )
        return key

    @property
    def page(self) -> tuple[str | None, int]:
        """Where a list goes on, and how much of it.

        Raises:
            Invalid: Either is not of its form.

        """
        after = self.request.query.get("after")
        if after is not None and _CURSOR.fullmatch(after) is None:
            raise Invalid("after is not a cursor: use the next of the page before.")
        text = self.request.query.get("limit", str(LISTED))
        if _LIMIT.fullmatch(text) is None:
            raise Invalid(f"limit is a whole number from 1 to {MOST_LISTED}.")
        return after, int(text)

    async def run(self, command: Command, show: str | None = None) -> dict[str, object]:
        """Carry out a command, as a socket would; returns its ``ok`` map.

        Raises:
            YellowcartError: As for the command.

        """
        op = str(command.__struct_config__.tag)
        metrics, outcome = self.services.metrics, "ok"
        try:
            if show is not None:
                self.require_show(show)
            done = await self.services.handlers.run(Call(self.actor, command, show))
        except YellowcartError as error:
            outcome = error.code
            raise
        except Exception:
            outcome = "unavailable"
            raise
        finally:
            metrics.command(op, outcome)
        return cast("dict[str, object]", done)

    def require_show(self, show: str) -> None:
        """Refuse a token that is good for another show only.

        Raises:
            Forbidden: It names another one.

        """
        if self.actor.show not in {None, show}:
            raise Forbidden("This token is for another show. Get one for this show.")
