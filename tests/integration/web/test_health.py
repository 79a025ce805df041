"""Alive, able to sell, and measured."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from checkout.payments.pace import Pace
from tests.integration.web.conftest import Api, MakeApi
from tests.waiting import until_told


async def test_a_node_whose_stores_answer_is_ready(api: Api) -> None:
    ready = await api.ask("GET", "/readyz")

    assert (ready.status, ready.body) == (
        200,
        {"ok": True, "redis": True, "sql": True, "feed": True},
    )


async def test_a_node_without_its_book_is_alive_but_not_ready(make_api: MakeApi) -> None:
    async with make_api() as api:
        await api.node.stores.book.close()

        ready = await api.ask("GET", "/readyz")
        alive = await api.ask("GET", "/healthz")

    assert ready.status == 503
    assert (ready.body["ok"], ready.body["sql"], ready.body["redis"]) == (False, False, True)
    assert (alive.status, alive.body["ok"]) == (200, True)


async def test_a_node_that_can_read_its_book_and_not_write_is_not_ready(make_api: MakeApi) -> None:
    async with make_api() as api:
        with closing(sqlite3.connect(api.settings.data_dir / "book.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            ready = await api.ask("GET", "/readyz")
            other.rollback()

        async def is_ready() -> bool:
            return (await api.ask("GET", "/readyz")).status == 200

        await until_told(is_ready)

    assert (ready.status, ready.body["sql"], ready.body["redis"]) == (503, False, True)


async def test_metrics_count_requests_by_route_and_commands_by_outcome(api: Api) -> None:
    sku = await api.stocked()
    await api.ask("POST", "/v1/cart/lines", {"sku": sku, "qty": 1}, as_=api.buyer)
    await api.ask("POST", "/v1/cart/lines", {"sku": "nobody", "qty": 1}, as_=api.buyer)
    await api.ask("GET", "/no/such/path")

    text = (await api.ask("GET", "/metrics")).raw.decode()

    lines = set(text.splitlines())
    assert lines >= {
        'yellowcart_http_requests_total{method="POST",route="/v1/cart/lines",status="200"} 1.0',
        'yellowcart_http_requests_total{method="POST",route="/v1/cart/lines",status="404"} 1.0',
        'yellowcart_http_requests_total{method="GET",route="unknown",status="404"} 1.0',
        'yellowcart_commands_total{op="cart.add",outcome="ok"} 1.0',
        'yellowcart_commands_total{op="cart.add",outcome="not_found"} 1.0',
        "yellowcart_rooms 0.0",
        "yellowcart_viewers 0.0",
        "yellowcart_sockets 0.0",
    }
    for name in ("joins_total", "events_out_total", "checkouts_total", "closes_total"):
        assert f"# TYPE yellowcart_{name} counter" in lines
    for name in ("build_info{", "feed_silent_seconds ", "loop_lag_seconds "):
        assert f"\nyellowcart_{name}" in text


async def test_metrics_show_how_many_payments_wait_for_their_turn(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = asyncio.Event()

    async def wait_for_it(_: Pace) -> None:
        await turn.wait()

    monkeypatch.setattr(Pace, "turn", wait_for_it)
    async with make_api(payments_per_second=1) as api:

        async def shows(waiting: int) -> bool:
            lines = (await api.ask("GET", "/metrics")).raw.decode().splitlines()
            return f"yellowcart_payments_waiting {waiting}.0" in lines

        checkout = (await api.opened(await api.stocked())).body["checkout"]["id"]
        assert await shows(0)

        paying = asyncio.create_task(api.pay(checkout))
        await until_told(lambda: shows(1))
        turn.set()

        assert (await paying).body["checkout"]["state"] == "paid"
        assert await shows(0)
