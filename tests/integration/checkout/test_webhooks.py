"""Webhooks: signed or refused, kept before they are answered, with one effect."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from base.errors import Invalid, NotFound
from checkout import webhook
from checkout.attempts import attempt_id
from tests.integration.checkout.market import WEBHOOK_SECRET, Market

if TYPE_CHECKING:
    from checkout.checkout import Checkout


def event(checkout: Checkout, ident: str = "evt_1") -> bytes:
    """What the provider sends when a payment has succeeded."""
    payment: dict[str, Any] = {
        "id": attempt_id(checkout.id),
        "status": "succeeded",
        "amount": checkout.total,
        "currency": checkout.currency,
        "captured": checkout.total,
        "refunded": 0,
        "metadata": {"checkout": checkout.id},
    }
    body = {"id": ident, "type": "payment.succeeded", "created": 1, "data": payment}
    return json.dumps(body).encode()


def signed(market: Market, raw: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    now_s = market.clock.now_ms() // 1000
    signature = hmac.new(secret.encode(), b"%d." % now_s + raw, hashlib.sha256).hexdigest()
    return {"Sandbox-Signature": f"t={now_s},v1={signature}"}


async def test_a26_a_webhook_is_a_hint_and_nothing_more(market: Market) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    raw = event(checkout)

    await market.node.webhooks.receive("sandbox", signed(market, raw), raw)

    assert await market.webhooks() == 1
    assert (await market.get(checkout)).state == "pay_pending"


async def test_a26_doubled_and_overtaking_webhooks_have_one_effect(market: Market) -> None:
    await market.order_faults(webhooks="duplicate")

    paid = await market.pay(await market.buy(), "tok_webhook_only")
    await asyncio.sleep(0.2)

    assert paid.state == "paid"
    assert await market.get(paid) == paid
    assert await market.off() == []


async def test_a_webhook_whose_worker_died_is_swept(market: Market) -> None:
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)
    for task in market.node.running[1:]:
        task.cancel()
    raw = event(checkout)
    await market.node.webhooks.receive("sandbox", signed(market, raw), raw)
    await market.replace_node()

    market.clock.advance(2_000)
    await market.node.webhooks.sweep()

    await market.becomes(checkout, "paid")


@pytest.mark.parametrize("header", ["", "t=1,v1=", "v1=00", "nonsense"])
async def test_t30_an_unsigned_webhook_is_refused(market: Market, header: str) -> None:
    """An unsigned webhook made orders paid (CVE-2026-0656, CVE-2025-14078).

    Guard: checkout/webhook.py ``receive`` verifies first.
    Kills: "webhook: without a signature nothing is read".
    """
    checkout = await market.buy()

    with pytest.raises(Invalid):
        await market.node.webhooks.receive(
            "sandbox", {"Sandbox-Signature": header}, event(checkout)
        )


async def test_a23_a_webhook_signed_by_somebody_else_is_refused(market: Market) -> None:
    raw = event(await market.buy())

    with pytest.raises(Invalid):
        await market.node.webhooks.receive("sandbox", signed(market, raw, "guessed"), raw)


async def test_a23_a_changed_webhook_is_refused(market: Market) -> None:
    raw = event(await market.buy())
    headers = signed(market, raw)

    with pytest.raises(Invalid):
        await market.node.webhooks.receive("sandbox", headers, raw.replace(b"1999", b"1"))


async def test_a24_an_old_webhook_is_refused(market: Market) -> None:
    raw = event(await market.buy())
    headers = signed(market, raw)
    market.clock.advance(301_000)

    with pytest.raises(Invalid):
        await market.node.webhooks.receive("sandbox", headers, raw)


async def test_another_provider_is_not_found(market: Market) -> None:
    with pytest.raises(NotFound):
        await market.node.webhooks.receive("paypal", {}, b"{}")


async def test_a_signed_webhook_of_another_form_is_invalid(market: Market) -> None:
    for raw in (b"{", b"[]", b"\xff", b'{"id": 1}'):
        with pytest.raises(Invalid):
            await market.node.webhooks.receive("sandbox", signed(market, raw), raw)


async def test_a25_a_webhook_about_a_foreign_payment_is_kept_and_done(market: Market) -> None:
    checkout = await market.buy()

    await market.node.webhooks.receive("sandbox", signed(market, event(checkout)), event(checkout))

    assert await market.webhooks() == 1
    assert (await market.get(checkout)).state == "reserved"


async def test_a27_a_flood_of_webhooks_waits_in_the_book(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)
    monkeypatch.setattr(webhook, "WAITING", 3)
    node = await market.start_node()
    for task in node.running[1:]:
        task.cancel()
    flood = [
        event(structs.replace(checkout, id=f"co_{number}"), f"e{number}") for number in range(9)
    ]

    for raw in [*flood, event(checkout, "e9")]:
        await node.webhooks.receive("sandbox", signed(market, raw), raw)

    assert node.webhooks._waiting.qsize() == 3
    market.clock.advance(2_000)
    await market.node.webhooks.sweep()
    await market.becomes(checkout, "paid")
