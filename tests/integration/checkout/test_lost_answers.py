"""Every call of the provider, executed with its answer lost and repeated, moves money once."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Outage
from checkout.payments.provider import Due, Lost
from tests.relay import relaying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from checkout.payments.provider import Provider
    from tests.integration.checkout.market import Market
    from tests.relay import Relay

pytestmark = pytest.mark.redis

Call = tuple[bytes, "Callable[[Provider], Awaitable[Any]]", "list[tuple[str, int, int]]"]

DUE = Due(attempt="pay_1", checkout="co_1", amount=1999, currency="USD")

CALLS: dict[str, Call] = {
    "take": (
        b"POST /v1/payments/pay_1 ",
        lambda p: p.take(DUE, "tok_ok", "confirm-0001"),
        [("co_1", 1999, 0)],
    ),
    "fetch": (b"GET /v1/payments/pay_1", lambda p: p.fetch("pay_1"), [("co_1", 1999, 0)]),
    "refund": (
        b"POST /v1/payments/pay_1/refund",
        lambda p: p.refund("pay_1", 500, "refund-0001"),
        [("co_1", 1999, 500)],
    ),
    "charges": (b"GET /v1/charges", lambda p: p.charges(None, 10), [("co_1", 1999, 500)]),
    "cancel": (
        b"POST /v1/payments/pay_2/cancel",
        lambda p: p.cancel("pay_2"),
        [("co_1", 1999, 500)],
    ),
}
"""In the order of a payment's life: what is on the wire, the call, and what is charged then."""


@asynccontextmanager
async def over_a_relay(market: Market) -> AsyncIterator[tuple[Relay, Provider]]:
    """The same provider, by a way on which answers are lost."""
    place = Path(market.socket).with_name("relay.sock")
    async with relaying(Path(market.socket), place) as relay:
        yield relay, market.client(str(place))


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_whose_answer_is_lost_acts_once(market: Market, name: str) -> None:
    async with over_a_relay(market) as (relay, provider):
        for earlier in list(CALLS)[: list(CALLS).index(name)]:
            await CALLS[earlier][1](market.provider)
        mark, call, charged = CALLS[name]
        relay.swallow(mark)

        # What is a GET the HTTP client repeats by itself, once.
        with pytest.raises(Lost) if mark.startswith(b"POST") else nullcontext():
            await call(provider)
        assert relay.swallowed == 1
        assert await market.charges() == charged
        first = await call(provider)

        assert await call(market.provider) == first
        assert await market.charges() == charged


async def test_a_purchase_whose_answer_is_lost_is_paid_once(market: Market) -> None:
    async with over_a_relay(market) as (relay, provider):
        await market.replace_node(provider)
        checkout = await market.buy()
        relay.swallow(b"POST /v1/payments/")

        with suppress(Outage):
            await market.pay(checkout)
        again = await market.pay(checkout)
        paid = await market.becomes(again, "paid")

        assert relay.swallowed == 1
        assert len(paid.orders) == 1
        assert await market.charges() == [(checkout.id, 1999, 0)]
        assert await market.off() == []
