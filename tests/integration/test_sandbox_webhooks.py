"""The practice provider's webhooks and faults."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.integration.test_sandbox import Desk, Shop, practice

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def paid(desk: Desk, payment: str = "pay_mug") -> tuple[int, Any]:
    await desk.create(payment)
    return await desk.confirm("tok_ok", payment=payment)


async def faulty(desk: Desk, **faults: Any) -> None:
    status, _ = await desk.ask("POST", "/v1/faults", faults)
    assert status == 200


async def test_a_webhook_is_signed_over_its_raw_bytes(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        _, payment = await paid(desk)

        (told,) = await desk.shop.heard(1)

        assert told.event["id"].startswith("evt_")
        assert told.event["data"] == payment
        assert told.is_genuine()
        assert not told.is_genuine("whsec_other")
        stamp = int(told.signature.split(",")[0].removeprefix("t="))
        assert abs(stamp - time.time()) < 10


async def test_a_webhook_is_repeated_until_the_shop_takes_it(tmp_path: Path) -> None:
    shop = Shop()
    shop.answers = [500, 404, 302]
    async with practice(tmp_path, shop=shop) as desk:
        await paid(desk)

        told = await shop.heard(4)
        await asyncio.sleep(0.3)

        assert len({delivery.raw for delivery in told}) == 1
        assert len(told) == 4


async def test_a_failing_webhook_does_not_hold_up_the_others(tmp_path: Path) -> None:
    shop = Shop()
    shop.answers = [500]
    async with practice(tmp_path, shop=shop) as desk:
        await paid(desk, "pay_first")
        await shop.heard(1)
        await paid(desk, "pay_second")

        told = await shop.heard(3)

        assert [d.event["data"]["id"] for d in told] == ["pay_first", "pay_second", "pay_first"]


async def test_webhooks_wait_until_the_shop_has_an_address(tmp_path: Path) -> None:
    async with practice(tmp_path, listens=False) as desk:
        await paid(desk)
        second = Shop()
        url = await second.open()

        desk.sandbox.webhook_url = url

        assert [told.kind for told in await second.heard(1)] == ["payment.succeeded"]
        assert desk.sandbox.webhook_url == url
        await second.close()


async def test_untaken_webhooks_are_sent_again_at_the_next_start(tmp_path: Path) -> None:
    shop = Shop()
    shop.answers = [500]
    async with practice(tmp_path, shop=shop) as desk:
        await paid(desk)
        await shop.heard(1)

    async with practice(tmp_path) as desk:
        (told,) = await desk.shop.heard(1)
        assert told.raw == shop.deliveries[0].raw
        await asyncio.sleep(0.1)

    async with practice(tmp_path) as desk:
        await asyncio.sleep(0.2)
        assert desk.shop.deliveries == []


async def test_more_webhooks_than_may_be_sent_at_once_arrive_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.webhooks.MAX_SENDING", 3)
    async with practice(tmp_path) as desk:
        names = {f"pay_{number}" for number in range(20)}
        await asyncio.gather(*(paid(desk, name) for name in names))

        told = await desk.shop.heard(20)

        assert {delivery.event["data"]["id"] for delivery in told} == names
        assert len(told) == 20


async def test_duplicate_sends_the_same_event_twice(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await faulty(desk, webhooks="duplicate")
        await paid(desk)

        first, second = await desk.shop.heard(2)

        assert first.raw == second.raw


async def test_drop_loses_the_event_for_good(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await faulty(desk, webhooks="drop")
        await paid(desk)
        await asyncio.sleep(0.2)
        await faulty(desk, webhooks="normal")
        await paid(desk, "pay_next")

        (told,) = await desk.shop.heard(1)

        assert told.event["data"]["id"] == "pay_next"


async def test_delay_makes_events_late(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await faulty(desk, webhooks="delay", delay_s=0.3)
        await paid(desk)
        await asyncio.sleep(0.15)

        assert desk.shop.deliveries == []
        assert len(await desk.shop.heard(1)) == 1


async def test_reorder_lets_an_event_overtake_the_one_before(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await faulty(desk, webhooks="reorder", delay_s=0.5)
        await desk.create()
        await desk.confirm("tok_declined")
        await desk.confirm("tok_ok", key="try-2")

        told = await desk.shop.heard(2)

        assert [delivery.kind for delivery in told] == ["payment.succeeded", "payment.failed"]


async def test_an_answer_of_500_may_be_a_charge_that_the_same_key_finds(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()
        await faulty(desk, next_confirm="500_then_success")

        status, body = await desk.confirm("tok_ok")
        again = await desk.confirm("tok_ok")

        assert (status, body["error"]["code"]) == (500, "internal")
        assert (again[0], again[1]["captured"]) == (200, 1999)
        assert len(await desk.charges()) == 1


async def test_an_answer_of_429_turns_one_confirm_away(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()
        await faulty(desk, next_confirm="429")

        status, body = await desk.confirm("tok_ok")

        assert (status, body["error"]["code"]) == (429, "rate_limited")
        assert (await desk.find())["captured"] == 0
        assert (await desk.confirm("tok_ok"))[0] == 200


async def test_faults_that_do_not_exist_are_invalid(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        for body in ({"webhooks": "eat"}, {"delay_s": -1}, {"next_confirm": "200"}, {"x": 1}):
            status, _ = await desk.ask("POST", "/v1/faults", body)
            assert status == 400
