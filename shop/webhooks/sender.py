"""One delivery: an event as a signed HTTP request, by the Standard Webhooks specification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from shop.webhooks.network import PRIVATE, Resolver, guarded_socket

if TYPE_CHECKING:
    from base.clock import Clock
    from shop.happened import Event

__all__ = ["TIMEOUT_S", "Answer", "Sender", "signature"]

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 15.0
"""For all of it: name, connection, request and the head of the answer."""

AGENT: Final = "Yellowcart-Webhooks/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint said.

    Attributes:
        status: Of the answer; None when there was none.
        error: Why it does not count as taken; None when it does.

    """

    status: int | None
    duration_ms: int
    error: str | None


def signature(secret: str, ident: str, at_s: int, body: bytes) -> str:
    """The ``webhook-signature`` of a body.

    Args:
        secret: ``whsec_`` and the key in base64.
        ident: The ``webhook-id``.
        at_s: The ``webhook-timestamp``, in Unix seconds.
        body: As it is sent.

    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{ident}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


class Sender:
    """Sends events.

    Args:
        clock: Dates signatures and measures.
        private: Whether this machine and its network may be told.
        most: Requests side by side.
        timeout_s: For each.

    """

    def __init__(
        self, clock: Clock, *, private: bool, most: int, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._clock = clock
        self._private = private
        self._most = most
        self._timeout_s = timeout_s
        self._session: ClientSession | None = None
        self._resolver: Resolver | None = None

    async def close(self) -> None:
        """Let the connections go."""
        session, self._session = self._session, None
        resolver, self._resolver = self._resolver, None
        if session is not None:
            await session.close()
        if resolver is not None:
            await resolver.close()

    async def send(self, url: str, secret: str, event: Event) -> Answer:
        """Send an event and read the head of the answer; never raises for what others do."""
        body = msgspec.json.encode(event)
        at_s = self._clock.now_ms() // 1000
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event.id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(secret, event.id, at_s, body),
        }
        began = self._clock.monotonic_s()
        status, error = None, None
        try:
            # The answer's body is nothing to us: leaving the block closes the connection.
            async with self._open().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except (ClientError, TimeoutError, OSError, ValueError) as failure:
            error = _said(failure)
        except Exception:
            # An oddity of one endpoint is its failure, and must not keep the others waiting.
            logger.exception("an event could not be sent")
            error = "it could not be asked"
        if status is not None and not 200 <= status < 300:  # noqa: PLR2004 - HTTP's good answers
            error = _meant(status)
        duration_ms = round((self._clock.monotonic_s() - began) * 1000)
        return Answer(status=status, duration_ms=duration_ms, error=error)

    def _open(self) -> ClientSession:
        if self._session is None:
            self._resolver = Resolver(self._most)
            connector = TCPConnector(
                limit=self._most,
                # A connection that the other side closed meanwhile would look like a failure.
                force_close=True,
                use_dns_cache=False,
                resolver=self._resolver,
                socket_factory=None if self._private else guarded_socket,
            )
            self._session = ClientSession(
                connector=connector,
                timeout=ClientTimeout(total=self._timeout_s),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": AGENT},
                auto_decompress=False,
            )
        return self._session


def _meant(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's redirects
        return "it answered with a redirect, which is not followed"
    return f"it answered {status}"


def _said(failure: Exception) -> str:
    """Why there was no answer, in words that hold nothing of ours."""
    if isinstance(failure, TimeoutError):
        return "it did not answer in time"
    if PRIVATE in str(failure):
        return PRIVATE
    if isinstance(failure, ClientConnectorCertificateError):
        return "its certificate does not hold"
    if isinstance(failure, ClientConnectorError):
        return "it could not be reached"
    return "it broke off, or its answer is not HTTP"
