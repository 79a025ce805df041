"""The JSON routes under ``/v1``: bodies in, payments out."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from sandbox import till
from sandbox.errors import PROBLEMS, ProviderError, problem
from sandbox.faults import Orders
from sandbox.payments import METHODS, Amount

if TYPE_CHECKING:
    from sandbox.bank import Bank
    from sandbox.faults import Faults

__all__ = ["ATTEMPT", "Api", "reply"]

B = TypeVar("B", bound=Struct)

ATTEMPT: Final = "{attempt:[A-Za-z0-9_-]{1,64}}"
"""A payment's id in a path."""

MAX_PAGE: Final = 100

RETRY_AFTER: Final = {429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}

Key = Annotated[str, Meta(min_length=1, max_length=255)]


class Confirm(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/payments/{attempt}/confirm``."""

    method: str
    key: Key


class Create(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``PUT /v1/payments/{attempt}``."""

    amount: Amount
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    metadata: Annotated[
        dict[
            Annotated[str, Meta(max_length=64)],
            Annotated[str, Meta(max_length=500)],
        ],
        Meta(max_length=20),
    ] = {}
    # A path or a web address, nothing that a browser would run.
    return_url: (
        Annotated[str, Meta(max_length=2000, pattern=r"^(https?://\S+|/([^/\\\s]\S*)?)\Z")] | None
    ) = None

    def order(self) -> till.Order:
        """What it asks for."""
        return till.Order(
            amount=self.amount,
            currency=self.currency,
            metadata=self.metadata,
            return_url=self.return_url,
        )


class Take(Create, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/payments/{attempt}``: the payment is made and tried at once."""

    confirm: Confirm


class Refund(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/payments/{attempt}/refund``."""

    amount: Amount
    key: Key


def reply(status: int, body: object) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=RETRY_AFTER.get(status),
    )


class Api:
    """The routes.

    Args:
        bank: Carries the requests out.
        faults: How to misbehave.
        api_key: What callers show as Bearer.

    """

    def __init__(self, bank: Bank, faults: Faults, *, api_key: str) -> None:
        self._bank = bank
        self._faults = faults
        self._authorization = f"Bearer {api_key}".encode()

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        payment = f"/v1/payments/{ATTEMPT}"
        return [
            web.put(payment, self._create),
            web.post(payment, self._take),
            web.get(payment, self._find),
            web.post(f"{payment}/confirm", self._confirm),
            web.post(f"{payment}/cancel", self._cancel),
            web.post(f"{payment}/refund", self._refund),
            web.get("/v1/charges", self._charges),
            web.post("/v1/faults", self._order_faults),
        ]

    def check(self, request: web.Request) -> None:
        """Let only the holder of the key in.

        Raises:
            ProviderError: ``unauthorized``.

        """
        shown = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(shown, self._authorization):
            raise ProviderError("unauthorized")

    async def _create(self, request: web.Request) -> web.Response:
        body = await _read(request, Create)
        payment, made = await self._bank.create(_attempt(request), body.order())
        return reply(201 if made else 200, payment)

    async def _take(self, request: web.Request) -> web.Response:
        body = await _read(request, Take)
        return await self._try(request, body.confirm, body.order())

    async def _find(self, request: web.Request) -> web.Response:
        return reply(200, await self._bank.find(_attempt(request)))

    async def _confirm(self, request: web.Request) -> web.Response:
        return await self._try(request, await _read(request, Confirm), None)

    async def _try(
        self, request: web.Request, body: Confirm, order: till.Order | None
    ) -> web.Response:
        fault = self._faults.take_confirm()
        if fault == "429":
            raise ProviderError("rate_limited")
        tried = await self._bank.confirm(_attempt(request), body.method, body.key, order)
        if METHODS[body.method].loses_answer and not tried.replayed:
            _hang_up(request)
        if fault == "500_then_success":
            raise ProviderError("internal")
        if tried.decline is not None:
            status, _ = PROBLEMS[tried.decline.code]
            return reply(status, problem(tried.decline.code, tried.decline.message, tried.payment))
        return reply(200, tried.payment)

    async def _cancel(self, request: web.Request) -> web.Response:
        return reply(200, await self._bank.cancel(_attempt(request)))

    async def _refund(self, request: web.Request) -> web.Response:
        body = await _read(request, Refund)
        return reply(200, await self._bank.refund(_attempt(request), body.amount, body.key))

    async def _charges(self, request: web.Request) -> web.Response:
        after = _number(request, "after", 0, 0, 2**53 - 1)
        limit = _number(request, "limit", MAX_PAGE, 1, MAX_PAGE)
        charges, following = await self._bank.charges(after, limit)
        cursor = None if following is None else str(following)
        return reply(200, {"items": charges, "next": cursor})

    async def _order_faults(self, request: web.Request) -> web.Response:
        orders = await _read(request, Orders)
        self._faults.order(orders)
        return reply(200, orders)


def _attempt(request: web.Request) -> str:
    return request.match_info["attempt"]


async def _read(request: web.Request, body: type[B]) -> B:
    try:
        return msgspec.json.decode(await request.read(), type=body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProviderError("invalid") from error


def _number(request: web.Request, name: str, default: int, lowest: int, highest: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,16}", text) or not lowest <= int(text) <= highest:
        raise ProviderError("invalid")
    return int(text)


def _hang_up(request: web.Request) -> None:
    """Cut the connection; whatever the handler answers then goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
