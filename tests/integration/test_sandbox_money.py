"""What the practice provider holds: cancels, refunds and the list of charges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.test_sandbox import practice

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_canceled_payment_cannot_be_charged(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        canceled, again = await desk.cancel(), await desk.cancel()
        status, body = await desk.confirm("tok_ok")

        assert canceled == again
        assert (canceled[0], canceled[1]["status"]) == (200, "canceled")
        assert (status, body["error"]["code"]) == (409, "payment_canceled")
        assert (await desk.create())[1]["status"] == "canceled"
        assert await desk.charges() == []
        assert [told.kind for told in await desk.shop.heard(1)] == ["payment.canceled"]


async def test_a_payment_canceled_before_it_was_made_stays_canceled(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        tombstone = await desk.cancel()
        late = await desk.create()
        other = await desk.create(amount=5)
        status, body = await desk.confirm("tok_ok")

        assert (tombstone[0], tombstone[1]["status"]) == (200, "canceled")
        assert (late[0], late[1]["status"], late[1]["amount"]) == (200, "canceled", 1999)
        assert other[0] == 409
        assert (status, body["error"]["code"]) == (409, "payment_canceled")
        assert await desk.charges() == []


async def test_a_paid_payment_cannot_be_canceled(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()
        await desk.confirm("tok_ok")

        status, body = await desk.cancel()

        assert (status, body["error"]["code"]) == (409, "already_succeeded")
        assert body["payment"]["captured"] == 1999


async def test_a_cancel_during_a_slow_payment_wins_or_loses_but_never_both(tmp_path: Path) -> None:
    async with practice(tmp_path, slow_s=0.05) as desk:
        names = [f"pay_{number}" for number in range(20)]
        await asyncio.gather(*(desk.create(name) for name in names))

        async def race(number: int, name: str) -> tuple[int, int]:
            paying = asyncio.create_task(desk.confirm("tok_slow", payment=name))
            await asyncio.sleep(0.005 * number)
            canceled, _ = await desk.cancel(name)
            return (await paying)[0], canceled

        ends = await asyncio.gather(*(race(number, name) for number, name in enumerate(names)))

        # Either paid and the cancel refused, or canceled and the payment refused.
        assert set(ends) <= {(200, 409), (409, 200)}
        assert len(await desk.charges()) == ends.count((200, 409))


async def test_refunds_never_exceed_what_was_captured(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        async def refund(amount: int, key: str) -> tuple[int, Any]:
            body = {"amount": amount, "key": key}
            return await desk.ask("POST", "/v1/payments/pay_mug/refund", body)

        early = await refund(1, "re-0")
        await desk.confirm("tok_ok")
        first, again = await refund(1500, "re-1"), await refund(1500, "re-1")
        other, beyond = await refund(1, "re-1"), await refund(500, "re-2")
        rest = await refund(499, "re-3")

        assert (early[0], early[1]["error"]["code"]) == (409, "refund_exceeds_captured")
        assert (first[0], first[1]["refunded"]) == (200, 1500)
        assert again == first
        assert (other[0], other[1]["error"]["code"]) == (409, "idempotency_mismatch")
        assert (beyond[0], beyond[1]["error"]["code"]) == (409, "refund_exceeds_captured")
        assert rest[1]["refunded"] == 1999
        assert (await desk.charges())[0]["refunded"] == 1999


async def test_charges_are_listed_page_by_page_in_the_order_of_capture(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        for name in ("pay_c", "pay_a", "pay_b", "pay_unpaid"):
            await desk.create(name)
        for name in ("pay_c", "pay_a", "pay_b"):
            await desk.confirm("tok_ok", payment=name)

        _, first = await desk.ask("GET", "/v1/charges?limit=2")
        _, rest = await desk.ask("GET", f"/v1/charges?limit=2&after={first['next']}")

        assert [item["id"] for item in first["items"] + rest["items"]] == [
            "pay_c",
            "pay_a",
            "pay_b",
        ]
        assert rest["next"] is None


async def test_a_payment_is_made_and_taken_in_one_request_once(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        status, payment = await desk.take("tok_ok")
        again = await desk.take("tok_ok")

        assert (status, payment["status"], payment["captured"]) == (200, "succeeded", 1999)
        assert again == (200, payment)
        assert [charge["id"] for charge in await desk.charges()] == ["pay_mug"]


@pytest.mark.parametrize(
    ("method", "other", "status", "code"),
    [
        ("tok_unavailable", {}, 503, "unavailable"),
        ("tok_of_nobody", {}, 400, "unknown_method"),
        ("tok_ok", {"amount": 0}, 400, "invalid"),
    ],
)
async def test_what_cannot_be_taken_is_not_made(
    tmp_path: Path, method: str, other: dict[str, Any], status: int, code: str
) -> None:
    async with practice(tmp_path) as desk:
        refused, answer = await desk.take(method, **other)

        assert (refused, answer["error"]["code"]) == (status, code)
        assert (await desk.find())["error"]["code"] == "not_found"


async def test_what_was_declined_is_taken_by_another_try(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        declined, _ = await desk.take("tok_declined")
        taken, payment = await desk.take("tok_ok", "try-2")

        assert (declined, taken, payment["status"]) == (402, 200, "succeeded")


async def test_what_was_canceled_before_it_was_made_is_not_taken(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.cancel()

        refused, answer = await desk.take("tok_ok")

        assert (refused, answer["error"]["code"]) == (409, "payment_canceled")
        assert await desk.charges() == []


async def test_another_sum_under_the_same_name_is_not_taken(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        refused, answer = await desk.take("tok_ok", amount=1)

        assert (refused, answer["error"]["code"]) == (409, "idempotency_mismatch")
        assert await desk.charges() == []
