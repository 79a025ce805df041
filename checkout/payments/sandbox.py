"""The practice provider, spoken to over HTTP as a real one would be."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    TCPConnector,
    UnixConnector,
)
from msgspec import Struct

from base.errors import Invalid
from checkout.checkout import Action, Failure
from checkout.payments.provider import (
    Charge,
    Declined,
    Due,
    Lost,
    NotSent,
    Payment,
    Status,
    TurnedAway,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from base.clock import Clock

__all__ = ["SandboxProvider"]

TOKENS: Final = frozenset(
    {
        "tok_ok",
        "tok_declined",
        "tok_insufficient_funds",
        "tok_3ds",
        "tok_slow",
        "tok_timeout",
        "tok_webhook_only",
        "tok_unavailable",
    }
)
"""All payment methods of the practice provider, as the public contract lists them."""

CONFIRM_S: Final = 30.0
"""``tok_slow`` takes 10 s; must end before ``checkout.attempts.CONFIRM_MS``."""

ASK_S: Final = 5.0
CONNECT_S: Final = 2.0
PAUSES_S: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5)
"""Before asking again while nobody listens: a provider that died is there again by then."""

CONNECTIONS: Final = 256
"""Slow payments keep theirs for 10 s; more wait in line up to ``CONNECT_S``."""

TOLERANCE_MS: Final = 300_000
"""How old a signature may be, as at Stripe."""

STEPS: Final[Mapping[str, int]] = {}
"""It moves any sum."""

SIGNATURE: Final = "Sandbox-Signature"
_SIGNATURE_FORM: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")

B = TypeVar("B")


class _Decline(Struct, frozen=True):
    code: str
    message: str


class _Payment(Struct, frozen=True, kw_only=True):
    id: str
    status: Status
    amount: int
    currency: str
    captured: int
    metadata: dict[str, str]
    last_error: _Decline | None = None
    action: Action | None = None


class _Problem(Struct, frozen=True):
    error: _Decline
    payment: _Payment | None = None


class _Charges(Struct, frozen=True):
    items: tuple[Charge, ...]
    next: str | None


class _Event(Struct, frozen=True):
    id: str
    data: _Payment


class SandboxProvider:
    """A client of ``sandbox.app``.

    Args:
        address: ``unix:///path`` or ``http://host:port``.
        api_key: Shown as Bearer.
        webhook_secret: Signs its webhooks.
        clock: Decides which signatures are too old.

    """

    name = "sandbox"
    steps: Mapping[str, int] = STEPS

    def __init__(self, address: str, *, api_key: str, webhook_secret: str, clock: Clock) -> None:
        self._address = address
        self._api_key = api_key
        self._secret = webhook_secret.encode()
        self._clock = clock
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def accepts(self, token: str) -> bool:
        """Whether the contract lists it."""
        return token in TOKENS

    async def take(self, due: Due, token: str, key: str) -> Payment:
        """Make the payment and try to take the money, in one request."""
        body = {
            "amount": due.amount,
            "currency": due.currency,
            "metadata": {"checkout": due.checkout, "attempt": due.attempt},
            "confirm": {"method": token, "key": key},
        }
        path = f"/v1/payments/{due.attempt}"
        status, raw = await self._ask("POST", path, body, seconds=CONFIRM_S)
        if status == 400:  # noqa: PLR2004 - statuses are the provider's language
            raise Invalid("There is no such payment method. Choose another one.")
        if status == 402:  # noqa: PLR2004 - as above
            error = _decoded(raw, _Problem).error
            raise Declined(Failure(code="payment_declined", message=error.message))
        if status == 409:  # noqa: PLR2004 - as above
            raise Lost
        _require(status, 200)
        return _payment(_decoded(raw, _Payment))

    async def fetch(self, attempt: str) -> Payment | None:
        """The payment as it stands."""
        status, raw = await self._ask("GET", f"/v1/payments/{attempt}")
        if status == 404:  # noqa: PLR2004 - statuses are the provider's language
            return None
        _require(status, 200)
        return _payment(_decoded(raw, _Payment))

    async def cancel(self, attempt: str) -> Payment:
        """Cancel it; an unknown one is canceled before it can be made."""
        status, raw = await self._ask("POST", f"/v1/payments/{attempt}/cancel")
        if status == 409:  # noqa: PLR2004 - it has already succeeded
            payment = _decoded(raw, _Problem).payment
            if payment is None:
                raise Lost
            return _payment(payment)
        _require(status, 200)
        return _payment(_decoded(raw, _Payment))

    async def refund(self, attempt: str, amount: int, key: str) -> None:
        """Give money back."""
        body = {"amount": amount, "key": key}
        status, raw = await self._ask("POST", f"/v1/payments/{attempt}/refund", body)
        if status in {404, 409}:
            error = _decoded(raw, _Problem).error
            # A mismatch of keys is not among them: then money was given back already.
            if error.code in {"not_found", "refund_exceeds_captured"}:
                raise Declined(Failure(code="refund_refused", message=error.message))
        _require(status, 200)

    async def charges(self, after: str | None, limit: int) -> tuple[Sequence[Charge], str | None]:
        """What was captured."""
        query = f"?limit={limit}" + (f"&after={after}" if after else "")
        status, raw = await self._ask("GET", f"/v1/charges{query}")
        if status == 400:  # noqa: PLR2004 - all else that it is asked is ours and right
            raise Invalid("after is not a cursor: use the next of the page before.")
        _require(status, 200)
        page = _decoded(raw, _Charges)
        return page.items, page.next

    def verify_webhook(self, headers: Mapping[str, str], raw: bytes) -> WebhookEvent:
        """Check the signature first, then read."""
        match = _SIGNATURE_FORM.fullmatch(headers.get(SIGNATURE, ""))
        if match is None:
            raise Invalid("The webhook is not signed.")
        signed = match[1].encode() + b"." + raw
        right = hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, match[2]):
            raise Invalid("The webhook's signature does not hold. Check its signing secret.")
        if abs(self._clock.now_ms() - int(match[1]) * 1000) > TOLERANCE_MS:
            raise Invalid("The webhook's signature is too old.")
        try:
            event = msgspec.json.decode(raw, type=_Event)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid("The webhook is not of its form.") from error
        return WebhookEvent(id=event.id, attempt=event.data.id)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, seconds: float = ASK_S
    ) -> tuple[int, bytes]:
        timeout = ClientTimeout(total=seconds, connect=CONNECT_S)
        for pause in (*PAUSES_S, None):
            try:
                async with self._open().request(
                    method, path, json=body, timeout=timeout, allow_redirects=False
                ) as answer:
                    return answer.status, await answer.read()
            except (ClientConnectorError, ConnectionTimeoutError) as error:
                if pause is None or isinstance(error, ConnectionTimeoutError):
                    raise NotSent from error
                # Nobody listens, so nothing was sent: it is being started.
                await asyncio.sleep(pause)
            except (ClientError, TimeoutError, OSError) as error:
                raise Lost from error
        raise NotSent

    def _open(self) -> ClientSession:
        if self._session is None:
            connector: UnixConnector | TCPConnector
            if self._address.startswith("unix://"):
                connector = UnixConnector(self._address.removeprefix("unix://"), limit=CONNECTIONS)
                base = "http://sandbox"
            else:
                connector = TCPConnector(limit=CONNECTIONS)
                base = self._address
            self._session = ClientSession(
                base,
                connector=connector,
                headers={"Authorization": f"Bearer {self._api_key}"},
            )
        return self._session


def _require(status: int, *good: int) -> None:
    """Turn whatever is not a good answer into what it says about the money."""
    if status in good:
        return
    # Turned away before anything was done, as the provider's contract says.
    if status == 429:  # noqa: PLR2004 - statuses are the provider's language
        raise TurnedAway
    if status == 503:  # noqa: PLR2004 - as above
        raise NotSent
    # Not its body: that may repeat what it was sent.
    raise Lost(f"The payment provider answered {status}.")


def _decoded(raw: bytes, kind: type[B]) -> B:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Lost from error


def _payment(found: _Payment) -> Payment:
    declined = None
    if found.last_error is not None:
        declined = Failure(code="payment_declined", message=found.last_error.message)
    return Payment(
        id=found.id,
        status=found.status,
        amount=found.amount,
        currency=found.currency,
        captured=found.captured,
        checkout=found.metadata.get("checkout", ""),
        declined=declined,
        action=found.action,
    )
