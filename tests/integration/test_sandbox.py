"""The practice provider over real sockets: tokens, idempotency, money.

``practice`` and its parts serve the other files of the sandbox too.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, ServerDisconnectedError, UnixConnector, web

from base.clock import SystemClock
from sandbox.app import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECRET = "whsec_practice"
KEY = "sk_practice"
ORDER = {
    "amount": 1999,
    "currency": "USD",
    "metadata": {"checkout": "co_mug", "attempt": "pay_mug"},
}


@dataclass(frozen=True)
class Delivery:
    """A webhook as it arrived."""

    raw: bytes
    signature: str

    @property
    def event(self) -> Any:
        return json.loads(self.raw)

    @property
    def kind(self) -> str:
        return str(self.event["type"])

    def is_genuine(self, secret: str = SECRET) -> bool:
        stamp, _, shown = self.signature.removeprefix("t=").partition(",v1=")
        wanted = hmac.new(secret.encode(), stamp.encode() + b"." + self.raw, hashlib.sha256)
        return wanted.hexdigest() == shown


class Shop:
    """Takes webhooks on a real port; answers ``answers`` first, then 200."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        self._more = asyncio.Condition()
        app = web.Application()
        app.router.add_post("/webhook", self._take)
        app.router.add_get("/elsewhere", self._elsewhere)
        self._runner = web.AppRunner(app, access_log=None)

    async def open(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/webhook"

    async def close(self) -> None:
        await self._runner.cleanup()

    async def heard(self, count: int, seconds: float = 5) -> list[Delivery]:
        """The deliveries, once there are ``count``."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries

    async def _take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        async with self._more:
            self.deliveries.append(Delivery(raw, request.headers["Sandbox-Signature"]))
            self._more.notify_all()
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def _elsewhere(self, _: web.Request) -> web.Response:
        return web.Response(status=200)


class Desk:
    """A sandbox, a caller and a shop."""

    def __init__(self, sandbox: Sandbox, session: ClientSession, shop: Shop) -> None:
        self.sandbox = sandbox
        self.session = session
        self.shop = shop

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self.session.request(method, path, json=body) as answer:
            return answer.status, await answer.json()

    async def create(self, payment: str = "pay_mug", **other: Any) -> tuple[int, Any]:
        return await self.ask("PUT", f"/v1/payments/{payment}", {**ORDER, **other})

    async def confirm(
        self, method: str, key: str = "try-1", payment: str = "pay_mug"
    ) -> tuple[int, Any]:
        body = {"method": method, "key": key}
        return await self.ask("POST", f"/v1/payments/{payment}/confirm", body)

    async def take(self, method: str, key: str = "try-1", **other: Any) -> tuple[int, Any]:
        """Create and confirm at once."""
        body = {**ORDER, "confirm": {"method": method, "key": key}, **other}
        return await self.ask("POST", "/v1/payments/pay_mug", body)

    async def cancel(self, payment: str = "pay_mug") -> tuple[int, Any]:
        return await self.ask("POST", f"/v1/payments/{payment}/cancel")

    async def find(self, payment: str = "pay_mug") -> Any:
        return (await self.ask("GET", f"/v1/payments/{payment}"))[1]

    async def under_way(self) -> None:
        """Wait until the payment is processing."""
        while (await self.find())["status"] != "processing":  # noqa: ASYNC110  it is elsewhere
            await asyncio.sleep(0.005)

    async def charges(self) -> Any:
        return (await self.ask("GET", "/v1/charges"))[1]["items"]


@asynccontextmanager
async def practice(
    folder: Path,
    *,
    shop: Shop | None = None,
    listens: bool = True,
    slow_s: float = 0.3,
    webhook_only_s: float = 0.1,
) -> AsyncIterator[Desk]:
    """A sandbox that keeps its file in ``folder``; ``listens`` whether it knows the shop."""
    shop = shop or Shop()
    url = await shop.open()
    sandbox = Sandbox(
        path=folder / "sandbox.db",
        api_key=KEY,
        webhook_secret=SECRET,
        webhook_url=url if listens else None,
        clock=SystemClock(),
        slow_s=slow_s,
        webhook_only_s=webhook_only_s,
    )
    await sandbox.start()
    base = f"http://127.0.0.1:{sandbox.port}"
    try:
        async with ClientSession(base, headers={"Authorization": f"Bearer {KEY}"}) as session:
            yield Desk(sandbox, session, shop)
    finally:
        await sandbox.stop()
        await shop.close()


async def test_a_payment_is_created_once_however_often_it_is_put(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        first, second = await desk.create(), await desk.create()

        assert (first[0], second[0]) == (201, 200)
        assert first[1] == second[1]
        assert first[1] == {
            "id": "pay_mug",
            "status": "requires_method",
            "captured": 0,
            "refunded": 0,
            "created": first[1]["created"],
            **ORDER,
        }


@pytest.mark.parametrize("other", [{"amount": 2000}, {"currency": "EUR"}])
async def test_a_payment_is_not_made_for_other_money(tmp_path: Path, other: Any) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        status, body = await desk.create(**other)

        assert (status, body["error"]["code"]) == (409, "idempotency_mismatch")
        assert (await desk.find())["amount"] == 1999


async def test_a_good_card_is_charged_at_once_and_only_once(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        answers = await asyncio.gather(
            *(desk.confirm("tok_ok", key=f"try-{number % 3}") for number in range(12))
        )

        assert {status for status, _ in answers} == {200}
        assert {(body["status"], body["captured"]) for _, body in answers} == {("succeeded", 1999)}
        assert await desk.charges() == [
            {
                "id": "pay_mug",
                "checkout": "co_mug",
                "amount": 1999,
                "currency": "USD",
                "captured": 1999,
                "refunded": 0,
            }
        ]
        assert [told.kind for told in await desk.shop.heard(1)] == ["payment.succeeded"]


@pytest.mark.parametrize(
    ("token", "code"),
    [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")],
)
async def test_a_refused_card_is_told_and_another_one_may_be_tried(
    tmp_path: Path, token: str, code: str
) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        status, body = await desk.confirm(token)
        again = await desk.confirm(token)
        other = await desk.confirm("tok_ok")
        paid = await desk.confirm("tok_ok", key="try-2")
        late = await desk.confirm(token)

        assert (status, body["error"]["code"]) == (402, code)
        assert body["payment"]["status"] == "requires_method"
        assert body["payment"]["last_error"] == body["error"]
        assert again == (status, body)
        assert (other[0], other[1]["error"]["code"]) == (409, "idempotency_mismatch")
        assert (paid[0], paid[1]["status"]) == (200, "succeeded")
        assert "last_error" not in paid[1]
        assert (late[0], late[1]["error"]["code"]) == (402, code)
        told = sorted(told.kind for told in await desk.shop.heard(2))
        assert told == ["payment.failed", "payment.succeeded"]


async def test_a_slow_card_answers_late_and_a_repeat_waits_with_it(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()
        started = asyncio.get_running_loop().time()

        first = asyncio.create_task(desk.confirm("tok_slow"))
        await desk.under_way()
        answers = await asyncio.gather(first, desk.confirm("tok_slow"))

        assert asyncio.get_running_loop().time() - started >= 0.3
        assert [(status, body["captured"]) for status, body in answers] == [(200, 1999)] * 2
        assert len(await desk.charges()) == 1


async def test_a_slow_card_is_charged_though_the_caller_hangs_up(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        paying = asyncio.create_task(desk.confirm("tok_slow"))
        await desk.under_way()
        paying.cancel()

        assert [told.kind for told in await desk.shop.heard(1)] == ["payment.succeeded"]
        assert (await desk.find())["captured"] == 1999


async def test_a_slow_card_is_charged_though_its_request_is_given_up(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()
        asking = asyncio.create_task(desk.sandbox._bank.confirm("pay_mug", "tok_slow", "try-1"))
        await desk.under_way()

        asking.cancel()

        await desk.shop.heard(1)
        assert (await desk.find())["captured"] == 1999


async def test_a_lost_answer_is_a_charge_that_a_repeat_finds(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        with pytest.raises((ServerDisconnectedError, ConnectionError)):
            await desk.confirm("tok_timeout")

        assert (await desk.find())["status"] == "succeeded"
        assert [told.kind for told in await desk.shop.heard(1)] == ["payment.succeeded"]
        status, body = await desk.confirm("tok_timeout")
        assert (status, body["status"]) == (200, "succeeded")
        assert len(await desk.charges()) == 1


async def test_only_the_webhook_tells_of_some_successes(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        status, body = await desk.confirm("tok_webhook_only")
        other = await desk.confirm("tok_ok", key="try-2")
        told = await desk.shop.heard(1)

        assert (status, body["status"], body["captured"]) == (200, "processing", 0)
        assert other == (200, body)
        assert told[0].event["data"]["status"] == "succeeded"
        assert len(await desk.charges()) == 1


async def test_a_provider_that_is_down_changes_nothing(tmp_path: Path) -> None:
    async with practice(tmp_path) as desk:
        await desk.create()

        async with desk.session.post(
            "/v1/payments/pay_mug/confirm", json={"method": "tok_unavailable", "key": "try-1"}
        ) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert (await answer.json())["error"]["code"] == "unavailable"

        assert (await desk.find())["status"] == "requires_method"
        assert await desk.charges() == []
        assert (await desk.confirm("tok_ok"))[1]["status"] == "succeeded"


async def test_it_listens_on_a_unix_socket_too(tmp_path: Path) -> None:
    sandbox = Sandbox(
        path=tmp_path / "sandbox.db",
        api_key=KEY,
        webhook_secret=SECRET,
        webhook_url=None,
        clock=SystemClock(),
    )
    await sandbox.start(unix_path=str(tmp_path / "s"))
    try:
        connector = UnixConnector(str(tmp_path / "s"))
        headers = {"Authorization": f"Bearer {KEY}"}
        async with (
            ClientSession("http://sandbox", connector=connector, headers=headers) as session,
            session.put("/v1/payments/pay_mug", json=ORDER) as answer,
        ):
            assert answer.status == 201
    finally:
        await sandbox.stop()
    assert (tmp_path / "sandbox.db").stat().st_mode & 0o077 == 0
