"""Stopped or killed, the server comes back as it was acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest
import redis

from store.folder import short_socket
from tests.served import Served, command_of
from tests.viewer import ADDRESS, Refusal, card, viewer
from tests.waiting import until_told

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_everything_acknowledged_is_there_after_a_restart(server: Served, end: str) -> None:
    host_token, ada_token = server.token("demo-host", "host"), server.token("ada", name="Ada")
    async with viewer(server.ws_url) as host, viewer(server.ws_url) as ada:
        await host.join(token=host_token)
        await ada.join(token=ada_token)
        bag = host.joined["bag"]
        first, second = bag[0]["product"], bag[1]["product"]
        await host.do("bag.move", product=bag[-1]["product"]["id"], position=1)
        await host.do("bag.remove", product=bag[3]["product"]["id"])
        await host.do("pin", product=second["id"])
        said = (await ada.do("chat.send", text="is it dishwasher safe?"))["message"]
        bought = await buy(ada, first["skus"][0]["id"], 3, "restart-paid")
        held = await ada.do("buy", sku=second["skus"][0]["id"], qty=2, key="restart-held")
        cart = (await ada.do("cart.set", sku=second["skus"][0]["id"], qty=4))["cart"]
        await asyncio.sleep(0.3)  # Until every event is told, so that the next join has them.
        before = await rejoined(server, host_token)
        seen = {"epoch": before["epoch"], "seq": before["seq"] - 2}

    server.stop() if end == "stop" else server.kill()
    server.start()

    async with viewer(server.ws_url) as host, viewer(server.ws_url) as ada:
        after = await host.join(token=host_token, since=seen)
        assert after["recovered"] is True
        missed = [await host_event(host) for _ in range(2)]
        assert [event["seq"] for event in missed] == [seen["seq"] + 1, seen["seq"] + 2]
        for part in ("show", "epoch", "seq", "pinned", "bag", "stock", "chat"):
            assert after[part] == before[part], part
        assert said in [chat["message"] for chat in after["chat"]]
        await ada.join(token=ada_token)
        assert (await ada.do("cart.get"))["cart"] == cart
        again = await ada.do("checkout.get", checkout=bought["id"])
        assert again["checkout"] == bought
        assert (await ada.do("checkout.get"))["checkout"] == held["checkout"]
        orders = server.http("GET", "/v1/orders", token=ada_token)[1]["items"]
        assert [order["id"] for order in orders] == bought["orders"]
    checked = server.verb("audit")
    assert checked.returncode == 0, checked.stdout


async def test_a_dead_redis_is_started_again_and_nothing_is_lost(server: Served) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join()
        sku = ada.joined["bag"][0]["product"]["skus"][0]["id"]
        bought = await buy(ada, sku, 1, "before-the-end")
        [victim] = [
            pid
            for pid in server.children()
            if "redis-server" in command_of(pid) or "valkey" in command_of(pid)
        ]

        kill(victim)
        again = await retried(ada, "cart.set", sku=sku, qty=2)

        assert again["cart"]["count"] == 2
        assert (await ada.do("checkout.get", checkout=bought["id"]))["checkout"] == bought
        other = await buy(ada, sku, 1, "after-the-end")
        assert other["state"] == "paid"
    assert server.verb("audit").returncode == 0


async def test_a_dead_payment_provider_is_started_again(server: Served) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join()
        sku = ada.joined["bag"][0]["product"]["skus"][0]["id"]
        await buy(ada, sku, 1, "before-the-end")
        opened = (await ada.do("buy", sku=sku, qty=1, key="slow-payment"))["checkout"]
        slow = asyncio.create_task(
            ada.do("checkout.pay", checkout=opened["id"], method=card("tok_slow"), ship_to=ADDRESS)
        )
        await until_told(lambda: is_processing(server))
        [victim] = [pid for pid in server.children() if "-m sandbox" in command_of(pid)]

        kill(victim)

        # Its answer is lost, not its payment: that is asked for until it is definite.
        await slow

        async def is_paid() -> bool:
            await asyncio.sleep(0.2)
            found = (await ada.do("checkout.get", checkout=opened["id"]))["checkout"]
            return bool(found["state"] == "paid")

        await until_told(is_paid, within_s=40)
        assert (await buy(ada, sku, 1, "after-the-end"))["state"] == "paid"
    assert server.verb("audit").returncode == 0


async def test_a_viewer_is_recovered_on_another_worker(serve: Any) -> None:
    server = serve("--demo", "--workers", "2")
    async with viewer(server.ws_url) as host:
        await host.join(token=server.token("demo-host", "host"))
        seen = {"epoch": host.joined["epoch"], "seq": host.joined["seq"]}
        bag = [item["product"]["id"] for item in host.joined["bag"]]
        for product in bag[:5]:
            await host.do("pin", product=product)

        # The kernel spreads connections over the workers: some reach each of the two.
        for _ in range(12):
            async with viewer(server.ws_url) as ada:
                joined = await ada.join(since=seen)
                assert joined["recovered"] is True
                pins = [(await ada.event("pinned")) for _ in range(5)]
                assert [pin["product"] for pin in pins] == bag[:5]
                assert [pin["seq"] for pin in pins] == list(
                    range(seen["seq"] + 1, seen["seq"] + 6)
                )


async def test_a_dead_worker_is_started_again(serve: Any) -> None:
    server = serve("--demo", "--workers", "2")
    workers = [pid for pid in server.children() if "server.py" in command_of(pid)]
    assert len(workers) == 2

    kill(workers[0])

    for _ in range(100):
        await asyncio.sleep(0.1)
        now = [pid for pid in server.children() if "server.py" in command_of(pid)]
        if len(now) == 2 and workers[0] not in now:
            break
    else:
        pytest.fail("the worker was not started again")
    async with viewer(server.ws_url) as ada:
        await ada.join()
        sku = ada.joined["bag"][0]["product"]["skus"][0]["id"]
        assert (await buy(ada, sku, 1, "two-workers"))["state"] == "paid"
    assert server.verb("audit").returncode == 0


def empty(server: Served) -> None:
    """Take everything from its Redis, as a failover to an empty replica would."""
    socket = short_socket(server.data_dir / "redis" / "redis.sock")
    with redis.Redis(unix_socket_path=str(socket)) as client:
        client.flushall()


async def buy(who: Any, sku: str, qty: int, key: str) -> dict[str, Any]:
    opened = (await who.do("buy", sku=sku, qty=qty, key=key))["checkout"]
    paid = await who.do(
        "checkout.pay", checkout=opened["id"], method=card("tok_ok"), ship_to=ADDRESS
    )
    checkout: dict[str, Any] = paid["checkout"]
    assert checkout["state"] == "paid"
    return checkout


async def is_processing(server: Served) -> bool:
    """Whether the provider has a payment that it has begun and not ended."""
    bank = f"file:{server.data_dir / 'sandbox.db'}?mode=ro"
    with closing(sqlite3.connect(bank, uri=True, timeout=10)) as conn:
        found = conn.execute("SELECT 1 FROM payments WHERE status = 'processing'").fetchone()
    return found is not None


async def rejoined(server: Served, token: str) -> dict[str, Any]:
    async with viewer(server.ws_url) as again:
        return await again.join(token=token)


async def host_event(host: Any) -> dict[str, Any]:
    """The next feed event, whatever it is."""
    async with asyncio.timeout(10):
        while True:
            for event in host.events:
                if "seq" in event:
                    host.events.remove(event)
                    return dict(event)
            await host._receive()


async def retried(who: Any, op: str, **fields: object) -> dict[str, Any]:
    """Have a command done as a client does: again when the server asks for it."""
    for _ in range(50):
        try:
            answer: dict[str, Any] = await who.do(op, **fields)
        except Refusal as refusal:
            if refusal.code != "unavailable":
                raise
            await asyncio.sleep(refusal.data["retry_after_ms"] / 1000 / 5)
        else:
            return answer
    raise AssertionError("the server did not recover")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


async def test_an_emptied_redis_is_filled_from_the_book_and_sells_again(server: Served) -> None:
    async with viewer(server.ws_url) as ada:
        await ada.join()
        bag = ada.joined["bag"]
        sku = bag[0]["product"]["skus"][0]["id"]
        bought = await buy(ada, sku, 2, "before-the-loss")

        empty(server)

        # The epoch is another one: everybody is told the whole show anew.
        snapshot = await ada.event("snapshot")
        assert snapshot["epoch"] != ada.joined["epoch"]
        again = await retried(ada, "buy", sku=sku, qty=1, key="after-the-loss")
        assert again["checkout"]["state"] == "reserved"
        assert (await ada.do("checkout.get", checkout=bought["id"]))["checkout"] == bought
        assert (await buy(ada, sku, 1, "after-the-loss"))["state"] == "paid"
    assert server.http("GET", "/readyz")[0] == 200
    checked = server.verb("audit")
    assert checked.returncode == 0, checked.stdout
