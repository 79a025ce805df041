"""An endpoint: where a shop wants to hear of its events, and what was tried there."""

from __future__ import annotations

import base64
import secrets
import socket
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import UNSET, Meta, Struct, UnsetType

from base.errors import Invalid
from base.ids import Id
from shop.happened import Kind
from shop.webhooks.network import is_public

__all__ = [
    "Delivery",
    "Endpoint",
    "NewEndpoint",
    "Outcome",
    "checked_url",
    "new_secret",
]

MOST_URL: Final = 2048
SECRET_BYTES: Final = 32
"""The Standard Webhooks specification asks for 24 to 64."""

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Url = Annotated[str, Meta(min_length=1, max_length=MOST_URL)]
Kinds = Annotated[list[Kind], Meta(min_length=1, max_length=len(Kind))]


class NewEndpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/webhooks``: every kind unless ``kinds`` names some.

    ``shop`` is the seller's own; an admin names one, or none for the events of every shop.
    """

    url: Url
    kinds: Kinds | UnsetType = UNSET
    shop: Id | UnsetType = UNSET


class Endpoint(Struct, frozen=True, kw_only=True):
    """An endpoint as its owner sees it.

    ``secret`` is there only in the answer that made it. ``failing_since`` is when the first
    of the latest failures was, ``off_at`` when it was given up: it is sent nothing then.
    """

    id: str
    shop: str | UnsetType = UNSET
    url: str
    kinds: tuple[str, ...] | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    created_at: int
    failing_since: int | UnsetType = UNSET
    off_at: int | UnsetType = UNSET


class Outcome(StrEnum):
    """What became of a delivery: taken, to be tried again, or tried for the last time."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class Delivery(Struct, frozen=True, kw_only=True):
    """One attempt: ``attempt`` from 1; ``status`` of the answer, if there was one.

    ``next_at`` is when it is tried again.
    """

    event: str
    attempt: int
    at: int
    outcome: str
    status: int | UnsetType = UNSET
    duration_ms: int
    error: str | UnsetType = UNSET
    next_at: int | UnsetType = UNSET


def checked_url(url: str, *, private: bool) -> str:
    """The address, if events may be sent there.

    Args:
        url: As it was given.
        private: Whether this machine and its network may be told.

    Raises:
        Invalid: It is no web address, or one that nobody should send a customer's data to.

    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("url is not a web address: write https://, your host and a path.") from error
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_plain or parts.scheme not in {"https", "http"} or not host:
        raise Invalid("url is not a web address: write https://, your host and a path.")
    if "@" in parts.netloc or "#" in url:
        raise Invalid("url has a name, a password or a #: leave them out.")
    if parts.scheme == "http" and not (private and host in LOOPBACK):
        raise Invalid("url must begin with https://: events carry your customers' addresses.")
    if not private and _leads_inside(host):
        raise Invalid("url leads to this server or into its network. Use a public address.")
    return url


def _leads_inside(host: str) -> bool:
    """Whether that can be told without looking a name up; what it leads to is judged later."""
    if host in LOOPBACK:
        return True
    # Short forms too: 127.1 and 2130706433 are 127.0.0.1 to whoever connects.
    with suppress(OSError):
        host = socket.inet_ntoa(socket.inet_aton(host))
    try:
        return not is_public(host)
    except ValueError:
        return False


def new_secret() -> str:
    """A key to sign with, as the Standard Webhooks specification writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
