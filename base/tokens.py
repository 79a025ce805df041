"""JSON Web Tokens, HS256: signed by the merchant's backend, verified here."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Any, Final

import jwt
import msgspec

from base.clock import Clock
from base.errors import Unauthorized
from base.identity import Actor, Role
from base.ids import is_id

__all__ = ["GUEST_TTL_S", "Tokens", "sign"]

GUEST_TTL_S: Final = 30 * 24 * 3600
"""As long as a guest's cart lives."""

HEADER: Final = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}')

_LONGEST: Final = 4096
"""Longer than any token of ours: what is not read costs nothing."""

_NAME_MOST: Final = 60


def sign(secret: str, claims: dict[str, str | int | bool]) -> str:
    """Make a token of ``claims``; ``exp`` is in Unix seconds.

    Each guest who joins gets one, so it is made without ``jwt.encode``, which takes six times
    as long (RFC 7515, 3.1).
    """
    signed = HEADER + b"." + _base64url(msgspec.json.encode(claims))
    proof = hmac.digest(secret.encode(), signed, "sha256")
    return (signed + b"." + _base64url(proof)).decode()


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


class Tokens:
    """Signs guests' tokens and verifies everybody's.

    Args:
        secret: Shared with the merchant's backend.
        clock: Decides what has expired.

    """

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def verify(self, token: str) -> Actor:
        """The actor a token speaks for.

        Raises:
            Unauthorized: Not signed by us, expired, or its claims are not of their form.

        """
        try:
            claims = jwt.decode(
                # Longer than any token of ours: its signature will not match.
                token[:_LONGEST],
                self._secret,
                algorithms=["HS256"],
                # The clock is ours, so that tests can move it.
                options={"require": ["sub", "role", "exp"], "verify_exp": False},
            )
            return self._actor(claims)
        except (jwt.InvalidTokenError, ValueError, OverflowError) as error:
            raise Unauthorized("The token does not hold. Get a new one and come back.") from error

    def guest(self) -> tuple[Actor, str]:
        """A new guest and the token by which they return."""
        ident = f"guest_{secrets.token_hex(12)}"
        now_s = self._clock.now_ms() // 1000
        claims: dict[str, str | int | bool] = {
            "sub": ident,
            "role": Role.VIEWER.value,
            "name": f"Guest {ident[-4:].upper()}",
            "exp": now_s + GUEST_TTL_S,
            "guest": True,
        }
        return self._actor(claims), sign(self._secret, claims)

    def _actor(self, claims: dict[str, Any]) -> Actor:
        expiry = claims["exp"]
        if isinstance(expiry, bool) or not isinstance(expiry, int | float):
            raise ValueError("exp")  # noqa: TRY004  what is wrong is the token
        expires_ms = int(expiry * 1000)
        if expires_ms <= self._clock.now_ms():
            raise jwt.ExpiredSignatureError
        show, shop, sub = claims.get("show"), claims.get("shop"), claims["sub"]
        for ident in (sub, show, shop):
            if ident is not None and not (isinstance(ident, str) and is_id(ident)):
                raise ValueError("id")
        return Actor(
            id=str(sub),
            name=_name(claims.get("name"), str(sub)),
            role=Role(claims["role"]),
            show=show,
            shop=shop,
            expires_ms=expires_ms,
            guest=claims.get("guest") is True,
        )


def _name(name: object, ident: str) -> str:
    if not isinstance(name, str):
        return ident
    clean = " ".join("".join(c for c in name if c.isprintable()).split())[:_NAME_MOST]
    return clean.encode(errors="ignore").decode() or ident
