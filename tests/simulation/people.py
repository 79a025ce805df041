"""Who else is there: sellers, a stranger, and somebody who forges webhooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from base.errors import Invalid, NotFound, Outage, Refused
from base.identity import Actor, Role
from checkout.attempts import attempt_id
from checkout.checkout import Method
from sandbox.webhooks import signature
from shop.product import PatchProduct, PatchSku
from tests.simulation.buyer import FOREVER, HOME, Buyer, actor
from tests.simulation.process import Cut
from tests.simulation.till import SECRET

if TYPE_CHECKING:
    from tests.simulation.town import Town

STALE_S = 400
"""Older than a signature may be."""


async def sell(town: Town) -> None:
    """A seller brings units, takes some away, and changes a price."""
    dice = town.dice
    seller = Buyer("seller", town)
    for number in range(dice.choice((0, 0, 1, 2))):
        await asyncio.sleep(dice.random() * 4)
        sku = dice.choice(town.skus)
        shop = town.shop_of[sku]
        owner = Actor(id=shop, name=shop, role=Role.SELLER, shop=shop, expires_ms=FOREVER)
        if dice.random() < 0.3:
            patch = PatchProduct(skus=[PatchSku(id=sku, price=dice.choice((500, 700, 900)))])
            work = lambda p: p.catalog.patch(owner, sku, patch)  # noqa: B023, E731
        else:
            add, set_to = dice.choice(((1, None), (2, None), (-1, None), (None, 1), (None, 3)))
            key = f"adjust-{number}"
            work = lambda p: p.stock.adjust(owner, sku, add=add, set_to=set_to, key=key)  # noqa: B023, E731
        try:
            await seller.request("sell", work)
        except (Outage, Refused, Cut) as error:
            town.trace.add("seller", type(error).__name__)


async def pry(town: Town) -> None:
    """A stranger who has learnt a checkout's id sees and does nothing with it (I18)."""
    stranger = actor("mallory")
    for _ in range(2):
        await asyncio.sleep(town.dice.random() * 4)
        process, target = town.some_process(), town.some_checkout()
        if process is None or target is None:
            continue
        card = Method(type="card", token="tok_ok")
        deeds = (
            lambda p: p.purchases.get(stranger, target),  # noqa: B023
            lambda p: p.purchases.cancel(stranger, target),  # noqa: B023
            lambda p: p.purchases.pay(stranger, target, card, HOME),  # noqa: B023
        )
        try:
            await process.ask(town.dice.choice(deeds)(process))
        except (NotFound, Outage, Cut):
            continue
        town.watch.complain(f"I18: a stranger got at {target}")


async def forge(town: Town) -> None:
    """A webhook with a wrong signature, or with a right one that is old, has no effect."""
    await asyncio.sleep(town.dice.random() * 4)
    process, target = town.some_process(), town.some_checkout()
    if process is None or target is None:
        return
    attempt = attempt_id(target)
    data = {
        "id": attempt, "status": "succeeded", "amount": 1, "currency": "USD", "captured": 1,
        "refunded": 0, "metadata": {"checkout": target},
    }  # fmt: skip
    raw = msgspec.json.encode({"id": f"evt_{town.dice.random()}", "data": data})
    now_s = town.clock.now_ms() // 1000
    signed = (
        signature("guessed", now_s, raw)
        if town.dice.random() < 0.5
        else signature(SECRET, now_s - STALE_S, raw)
    )
    try:
        await process.ask(process.webhooks.receive("sandbox", {"Sandbox-Signature": signed}, raw))
    except (Invalid, Outage, Cut):
        return
    town.watch.complain("a forged webhook was taken")
