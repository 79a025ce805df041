"""Fifty people, five units, two clicks each: five are sold, once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.served import Served
from tests.viewer import ADDRESS, Viewer, card, viewer

pytestmark = pytest.mark.redis

BUYERS = 50


async def test_five_units_are_sold_to_five_of_fifty(server: Served) -> None:
    admin = server.token("root", "admin")
    async with AsyncExitStack() as stack:
        buyers = [await stack.enter_async_context(viewer(server.ws_url)) for _ in range(BUYERS)]
        await asyncio.gather(*(buyer.join() for buyer in buyers))
        stock = buyers[0].joined["stock"]
        [sku] = [sku for sku, left in stock.items() if left == 5]
        start = asyncio.Event()

        tries = [asyncio.create_task(purchase(buyer, sku, start)) for buyer in buyers]
        await asyncio.sleep(0)
        start.set()
        outcomes = await asyncio.gather(*tries)

    paid = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    assert len(paid) == 5
    assert outcomes.count("sold_out") == BUYERS - 5
    charges = server.http("GET", "/v1/sandbox/charges", token=admin)[1]["items"]
    assert sorted(charge["checkout"] for charge in charges) == sorted(c["id"] for c in paid)
    assert sum(charge["captured"] for charge in charges) == sum(c["total"] for c in paid)
    audit = server.http("GET", "/v1/audit", token=admin)[1]
    assert audit["ok"] is True, audit


async def purchase(buyer: Viewer, sku: str, start: asyncio.Event) -> dict[str, Any] | str:
    """Click twice with one key, then pay; the checkout, or why not."""
    await start.wait()
    clicks = [await buyer.send("buy", sku=sku, qty=1, key="one-of-five") for _ in range(2)]
    replies = [await buyer.reply(click) for click in clicks]
    codes = {reply["error"]["code"] for reply in replies if "error" in reply}
    if codes:
        assert len(codes) == 1, replies
        return str(codes.pop())
    first, second = (reply["ok"]["checkout"] for reply in replies)
    assert first["id"] == second["id"]
    paid = await buyer.do(
        "checkout.pay", checkout=first["id"], method=card("tok_ok"), ship_to=ADDRESS
    )
    checkout: dict[str, Any] = paid["checkout"]
    assert checkout["state"] == "paid"
    return checkout
