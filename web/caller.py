"""Who asks: the actor of a token, and the address that a request comes from."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from base.errors import Forbidden, Unauthorized
from base.identity import Actor

if TYPE_CHECKING:
    import asyncio

    from aiohttp import web

    from live.front import Gateway
    from web.services import Services

__all__ = ["Caller", "identify"]

SCHEME: Final = "bearer"
PROXIED: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who sent a request.

    Attributes:
        actor: Whom the token speaks for; None without one, or with one that does not hold.
        refusal: Why there is no actor.
        address: Theirs, behind a trusted proxy too.
        is_loopback: Whether that is this machine.
        is_proxied: Whether a proxy passed the request on: one on this machine that is not
            trusted speaks for strangers from a loopback address.

    """

    actor: Actor | None
    refusal: Unauthorized
    address: str
    is_loopback: bool
    is_proxied: bool = False

    @property
    def is_local(self) -> bool:
        """Whether they are certainly on this machine."""
        return self.is_loopback and not self.is_proxied

    @property
    def known(self) -> Actor:
        """The actor.

        Raises:
            Unauthorized: Nobody that we know.

        """
        if self.actor is None:
            raise self.refusal
        return self.actor

    def require_admin(self) -> None:
        """Refuse everybody but an admin.

        Raises:
            Unauthorized: Nobody that we know.
            Forbidden: Somebody else.

        """
        if not self.known.is_admin:
            raise Forbidden("Only an admin may do this. Use an admin's token.")

    @property
    def budget_key(self) -> str:
        """Whose budget the request counts against."""
        return f"actor {self.actor.id}" if self.actor else f"address {self.address}"


def identify(request: web.Request, services: Services) -> Caller:
    """The caller of a request; a bad token is kept for routes that need somebody."""
    actor, refusal = None, Unauthorized("Log in first: send a token as Authorization: Bearer.")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == SCHEME:
        try:
            actor = services.tokens.verify(token.strip())
        except Unauthorized as error:
            refusal = error
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    address = _address(request.transport, services.gateway, forwarded)
    return Caller(
        actor=actor,
        refusal=refusal,
        address=address,
        is_loopback=_loopback(address),
        is_proxied=any(name in request.headers for name in PROXIED),
    )


def _address(transport: asyncio.Transport | None, gateway: Gateway, forwarded: str) -> str:
    return "" if transport is None else gateway.address(transport, forwarded)


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
