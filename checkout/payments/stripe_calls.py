"""Calls to Stripe by its own library, and what their failures say about the money.

Stripe keeps the outcome of a request under its idempotency key from the moment it begins to
carry it out. What is refused before that (limits, validation, keys) has had no effect; a
timeout or a 5xx may have had one; a 409 means that the same request is being carried out.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import stripe
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientTimeout,
    ConnectionTimeoutError,
    TCPConnector,
)
from msgspec import Struct

from checkout.payments.provider import Lost, NotSent, TurnedAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ASK_S", "CONFIRM_S", "Calls", "Problem", "Refusal"]

logger = logging.getLogger(__name__)

CONFIRM_S: Final = 30.0
"""The card network may take its time; must end before ``checkout.attempts.CONFIRM_MS``."""

ASK_S: Final = 8.0
CONNECT_S: Final = 2.0
WAIT_S: Final = 6.0
"""For one of the connections; who gets none in time has sent nothing."""

CONNECTIONS: Final = 32
"""Stripe allows 25 requests a second for each endpoint, and a confirm takes about one."""

PAUSES_S: Final = (0.3, 0.7, 1.5)
"""Before asking again when Stripe asks for fewer requests: it has not done anything then."""

B = TypeVar("B")


class Problem(Struct, frozen=True):
    """Why Stripe refused, in its own words."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    message: str | None = None


class _Refused(Struct, frozen=True):
    error: Problem


class Refusal(Exception):
    """Stripe read the request and said no; nothing was charged.

    Attributes:
        is_decline: The card was refused, not the request.

    """

    def __init__(self, problem: Problem, *, is_decline: bool) -> None:
        super().__init__(f"{problem.code or problem.type}: {problem.message}")
        self.problem = problem
        self.is_decline = is_decline


class Calls:
    """The library, told to try once, in bounded time, over few connections.

    Args:
        key: The secret key.
        account: A connected account to act for.
        address: Of another API than Stripe's own, ``http://host:port``.

    """

    def __init__(self, key: str, *, account: str = "", address: str = "") -> None:
        self._key = key
        self._account = account
        self._address = address
        self._client: stripe.StripeClient | None = None
        self._http: stripe.AIOHTTPClient | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._http is not None:
            await self._http.close_async()  # type: ignore[no-untyped-call]
        self._client = self._http = None

    async def ask(
        self,
        kind: type[B],
        call: Callable[[stripe.StripeClient], Awaitable[stripe.StripeObject]],
        seconds: float = ASK_S,
    ) -> B:
        """Have one request carried out, once at most.

        Raises:
            Refusal: Read, and refused.
            NotSent: Not read: nothing happened.
            Lost: It may have happened.

        """
        try:
            async with asyncio.timeout(seconds):
                answer = await self._admitted(call)
        except stripe.StripeError as error:
            raise _meaning(error) from error
        except (ClientError, TimeoutError, OSError) as error:
            raise Lost("Stripe's answer did not come.") from error
        try:
            # Read anew, and strictly: the library takes whatever comes.
            return msgspec.json.decode(_body(answer), type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Lost("Stripe's answer is not of its form.") from error

    async def _admitted(
        self, call: Callable[[stripe.StripeClient], Awaitable[stripe.StripeObject]]
    ) -> stripe.StripeObject:
        for pause in PAUSES_S:
            try:
                return await call(self._open())
            except stripe.RateLimitError:
                await asyncio.sleep(pause)
        return await call(self._open())

    async def check(self) -> None:
        """See whether Stripe answers, and lets us look at payments.

        Raises:
            NotSent, Lost: It does not.

        """
        try:
            await self.ask(dict, lambda client: client.v1.payment_intents.list_async({"limit": 1}))
        except Refusal as refusal:
            raise Lost(f"Stripe refuses: {refusal}.") from refusal

    def _open(self) -> stripe.StripeClient:
        if self._client is None:
            # It logs what it sends at DEBUG, and addresses at INFO.
            logging.getLogger("stripe").setLevel(logging.WARNING)
            stripe.enable_telemetry = False
            self._http = stripe.AIOHTTPClient(
                timeout=ClientTimeout(total=CONFIRM_S, connect=WAIT_S, sock_connect=CONNECT_S),
                connector=TCPConnector(
                    limit=CONNECTIONS, ssl=ssl.create_default_context(cafile=stripe.ca_bundle_path)
                ),
            )
            self._client = stripe.StripeClient(
                self._key,
                stripe_account=self._account or None,
                base_addresses={"api": self._address} if self._address else None,
                # Who repeats must know whether anything may have happened: it does not.
                max_network_retries=0,
                http_client=self._http,
            )
        return self._client


def _body(answer: stripe.StripeObject) -> str:
    response = answer.last_response
    return "" if response is None else str(response.body)


def _meaning(error: stripe.StripeError) -> Exception:
    """What a failure says about the money; its own words may repeat what was sent."""
    if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
        refused = _refused(error.http_body)
        if refused is not None:
            return Refusal(refused.error, is_decline=isinstance(error, stripe.CardError))
    if isinstance(error, stripe.RateLimitError):
        return TurnedAway("Stripe asks for fewer requests.")
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        logger.error("Stripe does not accept the secret key (%s)", error.http_status)
        return NotSent("Stripe does not accept the secret key.")
    if isinstance(error, stripe.APIConnectionError):
        if isinstance(error.__cause__, ClientConnectorError | ConnectionTimeoutError):
            return NotSent("Stripe cannot be reached.")
        return Lost("Stripe's answer did not come.")
    # Among them 409: the same request is being carried out right now, which is no failure.
    return Lost(f"Stripe answered {error.http_status}.")


def _refused(body: str | None) -> _Refused | None:
    try:
        return msgspec.json.decode(body or "", type=_Refused)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
