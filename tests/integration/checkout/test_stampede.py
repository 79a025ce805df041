"""Everybody wants the same five mugs in the same instant."""

from __future__ import annotations

import asyncio

from base.errors import SoldOut
from tests.integration.checkout.market import Market


async def test_fifty_buyers_with_two_clicks_each_buy_exactly_five(market: Market) -> None:
    async def shop(number: int) -> str:
        who = f"buyer-{number:02d}"
        clicks = await asyncio.gather(
            market.buy(who=who), market.buy(who=who), return_exceptions=True
        )
        first, second = clicks
        if isinstance(first, BaseException):
            assert isinstance(first, SoldOut)
            assert isinstance(second, SoldOut)
            return "sold_out"
        assert first == second
        return (await market.pay(first, who=who)).state

    outcomes = await asyncio.gather(*(shop(number) for number in range(50)))

    assert sorted(outcomes) == ["paid"] * 5 + ["sold_out"] * 45
    charges = await market.charges()
    assert [(captured, refunded) for _, captured, refunded in charges] == [(1999, 0)] * 5
    assert await market.units() == (0, 0, 5)
    assert await market.off() == []


async def test_buyers_that_pay_in_every_way_leave_books_that_agree(market: Market) -> None:
    await market.put("mug-red", 100)
    tokens = ["tok_ok", "tok_declined", "tok_timeout", "tok_webhook_only", "tok_unavailable"]

    async def shop(number: int) -> None:
        who = f"buyer-{number:02d}"
        checkout = await market.buy("mug-red", qty=2, who=who)
        await market.pay(checkout, tokens[number % 5], who=who)

    await asyncio.gather(*(shop(number) for number in range(40)), return_exceptions=True)

    assert len(await market.charges()) == 24
    assert await market.units("mug-red") == (100 - 80, 32, 48)
    assert await market.off() == []
