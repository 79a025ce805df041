"""A whole server whose payments go by Stripe."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from base.clock import SystemClock
from tests.end_to_end.conftest import Serve
from tests.served import Served
from tests.stripe_account import OK, THREE_DS
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, running
from tests.viewer import ADDRESS, card
from tests.waiting import until_told

pytestmark = pytest.mark.redis


async def aside(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Do what blocks in a thread: Stripe's server runs in this one's loop."""
    return await asyncio.to_thread(functools.partial(work, *args, **more))


async def opened(shop: Served, key: str) -> dict[str, Any]:
    """A checkout of Ada's, of the first product there is."""
    _, products = await aside(shop.http, "GET", "/v1/products")
    body = {"sku": products["items"][0]["skus"][0]["id"], "qty": 1}
    token = shop.token("ada")
    status, made = await aside(shop.http, "POST", "/v1/checkouts", body, token=token, key=key)
    assert status == 201, made
    checkout: dict[str, Any] = made["checkout"]
    return checkout


async def pay(shop: Served, checkout: str, method: str) -> tuple[int, Any]:
    body = {"method": card(method), "ship_to": ADDRESS}
    path = f"/v1/checkouts/{checkout}/pay"
    answer: tuple[int, Any] = await aside(shop.http, "POST", path, body, token=shop.token("ada"))
    return answer


async def sell(shop: Served, stripe: StripeServer) -> None:
    """A card, a declined one, and one that the bank asks about; then the audit."""
    bought = await opened(shop, "first-key")
    status, paid = await pay(shop, bought["id"], OK)
    assert (status, paid["checkout"]["state"]) == (200, "paid")

    asked = await opened(shop, "second-key")
    status, refused = await pay(shop, asked["id"], "pm_card_visa_chargeDeclined")
    assert (status, refused["code"]) == (402, "payment_declined")
    status, waiting = await pay(shop, asked["id"], THREE_DS)
    assert waiting["checkout"]["action"]["url"].startswith("https://hooks.stripe.com/")
    stripe.settle(next(reversed(stripe.intents)))

    async def is_paid() -> bool:
        path, token = f"/v1/checkouts/{asked['id']}", shop.token("ada")
        _, found = await aside(shop.http, "GET", path, token=token)
        return bool(found["checkout"]["state"] == "paid")

    # Sooner than any poll: it was the webhook.
    await until_told(is_paid, 15)
    audit = await aside(shop.verb, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert audit.stdout.count(": ok") == 6


async def test_a_server_sells_by_stripe_and_runs_no_practice_provider(serve: Serve) -> None:
    async with running(SystemClock()) as (stripe, address):
        shop = await aside(
            serve,
            "--demo",
            payments="stripe",
            stripe_api=address,
            stripe_secret_key=KEY,
            stripe_webhook_secrets=f"whsec_next, {WEBHOOK_SECRET}",
            stripe_return_url="https://shop.example/thanks",
        )
        stripe.hook = f"{shop.url}/v1/payments/stripe/webhook"

        await sell(shop, stripe)

        admin = shop.token("root", "admin")
        for method, path in [
            ("GET", "/v1/sandbox/charges"),
            ("GET", "/sandbox/3ds/pay_1"),
            ("POST", "/v1/payments/sandbox/webhook"),
        ]:
            status, _ = await aside(shop.http, method, path, token=admin)
            assert status == 404, path
        assert not (shop.data_dir / "sandbox.db").exists()
        doctor = await aside(shop.verb, "doctor")
        assert doctor.returncode == 0, doctor.stdout
        assert "ok   payments: Stripe answers; no real money: a test key" in doctor.stdout
        for secret in (KEY, WEBHOOK_SECRET, "pm_card"):
            assert secret not in shop.log
            assert secret not in doctor.stdout + doctor.stderr

        await aside(shop.stop)
        shop.environ["YELLOWCART_PAYMENTS"] = "sandbox"
        practice = await aside(shop.verb, "serve", "--port", "0")
        assert practice.returncode == 2
        assert "paid by stripe" in practice.stderr


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk_test_wrong", "Stripe does not accept the secret key."),
        ("pk_test_1", "Set YELLOWCART_STRIPE_SECRET_KEY"),
    ],
)
async def test_the_doctor_says_what_keeps_stripe_from_working(
    tmp_path: Path, key: str, words: str
) -> None:
    async with running(SystemClock()) as (_, address):
        environ = {
            "YELLOWCART_PAYMENTS": "stripe",
            "YELLOWCART_STRIPE_API": address,
            "YELLOWCART_STRIPE_SECRET_KEY": key,
            "YELLOWCART_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
            "YELLOWCART_STRIPE_RETURN_URL": "https://shop.example/thanks",
        }

        doctor = await aside(Served(tmp_path / "data", (), environ).verb, "doctor")

    assert doctor.returncode == 1
    assert f"FIX  payments: {words}" in doctor.stdout
    assert key not in doctor.stdout + doctor.stderr
