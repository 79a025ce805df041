"""Tokens that the bots sign themselves, as a merchant's backend would."""

from __future__ import annotations

import os
import time
import warnings
from typing import TYPE_CHECKING, Final

import jwt

from bots.options import CannotStart

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mint", "find_secret"]

LIFETIME_S: Final = 3600
"""Longer than any sensible run, added to the run's own length."""


def find_secret(given: str | None, data_dir: Path) -> str:
    """The server's secret: as given, from ``YELLOWCART_SECRET``, or from the data folder.

    Raises:
        CannotStart: There is none; the message says what to do.

    """
    secret = given or os.environ.get("YELLOWCART_SECRET", "")
    if secret:
        return secret
    try:
        secret = (data_dir / "secret").read_text().strip()
    except OSError:
        secret = ""
    if not secret:
        raise CannotStart(
            f"no secret in {data_dir}: name the server's data folder with --data-dir, "
            "or give --secret or YELLOWCART_SECRET"
        )
    return secret


class Mint:
    """Signs tokens (JWT, HS256).

    Args:
        secret: The server's.
        seconds: How long the run takes.

    """

    def __init__(self, secret: str, seconds: float) -> None:
        self._secret = secret
        self._lifetime_s = LIFETIME_S + int(seconds)

    def token(self, sub: str, role: str, name: str | None = None) -> str:
        """A token for one account: viewer, host, seller, creator or admin."""
        claims: dict[str, str | int] = {
            "sub": sub,
            "role": role,
            "exp": int(time.time()) + self._lifetime_s,
        }
        if name is not None:
            claims["name"] = name
        with warnings.catch_warnings():
            # A short secret is the operator's affair; `server.py doctor` tells.
            warnings.simplefilter("ignore")
            return jwt.encode(claims, self._secret, algorithm="HS256")
