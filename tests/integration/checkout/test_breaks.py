"""Planted breaks are found, noted once, repaired where the book can, and resolved."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cart.holds import Wanted
from checkout import break_watch
from checkout.audit import Audit
from checkout.break_watch import LOOKER_MS, BreakWatch
from checkout.payments.provider import Due
from checkout.payments.sandbox import SandboxProvider
from checkout.repair import Repair
from store.redis import keys
from store.redis.lease import Lease
from store.sql import outbox
from store.sql.rows import Connection, select
from store.sql.upkeep_tables import breaks as breaks_table
from tests.selling import SHOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout.payments.provider import Charge, Provider
    from tests.integration.checkout.market import Market

pytestmark = pytest.mark.redis


@dataclass
class Gauge:
    """Remembers what it was told."""

    counts: list[int] = field(default_factory=list)

    def open_breaks(self, count: int) -> None:
        self.counts.append(count)


class SlowProvider(SandboxProvider):
    """A provider whose list of charges is long in coming."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def charges(self, after: str | None, limit: int) -> tuple[Sequence[Charge], str | None]:
        self.asked.set()
        await self.may_answer.wait()
        return await super().charges(after, limit)


def watch(
    market: Market,
    gauge: Gauge | None = None,
    node: str = "node-1",
    *,
    provider: Provider | None = None,
    lasts_ms: int = LOOKER_MS,
) -> BreakWatch:
    return BreakWatch(
        book=market.book,
        audit=Audit(market.book, market.scripts, provider or market.provider),
        lease=Lease(market.scripts, "breaks", node, lasts_ms=lasts_ms),
        clock=market.clock,
        meter=gauge or Gauge(),
    )


async def repaired(market: Market) -> list[str]:
    repair = Repair(
        book=market.book,
        scripts=market.scripts,
        outbox=market.node.outbox,
        sweeper=market.node.sweeper,
        audit=Audit(market.book, market.scripts, market.provider),
    )
    return [line async for line in repair.run()]


def _all(conn: Connection) -> list[tuple[Any, ...]]:
    table = breaks_table.c
    query = select(table.kind, table.key, table.first_seen, table.last_seen, table.resolved_at)
    return [tuple(row) for row in conn.execute(query.order_by(table.id))]


async def drift(market: Market) -> None:
    await market.scripts.command("HINCRBY", keys.stock(SHOP, "mug-blue"), "avail", 1)


async def stray_charge(market: Market) -> None:
    stray = Due(attempt="pay_stray", checkout="co_stray", amount=1999, currency="USD")
    await market.provider.take(stray, "tok_ok", "stray-0001")


async def test_nothing_is_noted_when_all_is_well(market: Market) -> None:
    await market.pay(await market.buy())
    gauge = Gauge()

    await market.node.outbox.flush(20.0)
    assert await watch(market, gauge).look() == 0

    assert (await market.book.read(_all), gauge.counts) == ([], [0])


async def test_a_break_is_noted_once_and_resolved_when_it_is_gone(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    began, gauge = market.clock.now_ms(), Gauge()
    looking = watch(market, gauge)
    await drift(market)

    await looking.look()
    market.clock.advance(60_000)
    await looking.look()

    seen = ("stock", "mug-blue", began, began + 60_000, None)
    assert await market.book.read(_all) == [seen]
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "break: stock, mug-blue: expected 5 units, 0 taken, is 6 left + 0 held + 0 sold of 5"
    ]
    await market.scripts.command("HINCRBY", keys.stock(SHOP, "mug-blue"), "avail", -1)
    await looking.look()
    assert await market.book.read(_all) == [(*seen[:4], began + 60_000)]
    await drift(market)
    await looking.look()
    assert len(await market.book.read(_all)) == 2
    assert gauge.counts == [1, 1, 0, 1]


async def test_two_who_look_at_once_note_a_break_once(market: Market) -> None:
    await drift(market)

    await asyncio.gather(*(watch(market).look() for _ in range(3)))

    assert len(await market.book.read(_all)) == 1


async def test_of_two_processes_one_looks_now_and_then(market: Market) -> None:
    gauges = Gauge(), Gauge()
    first, second = (watch(market, gauge, f"node-{id(gauge)}") for gauge in gauges)

    for _ in range(4):
        market.clock.advance(200_000)
        await first.look_if_due()
        await second.look_if_due()

    # At 200 and at 600 s; in between it was not yet time.
    assert [len(gauge.counts) for gauge in gauges] == [2, 0]


async def test_who_takes_over_gives_the_other_the_time_to_finish(market: Market) -> None:
    gauge = Gauge()
    first, second = watch(market), watch(market, gauge, "node-2")
    market.clock.advance(20_000)
    await first.look_if_due()
    await second.look_if_due()
    await market.scripts.command("DEL", keys.lease("breaks"))

    await second.look_if_due()
    assert gauge.counts == []
    market.clock.advance(300_000)
    await second.look_if_due()
    assert gauge.counts == [0]


async def test_a_look_that_outlasts_its_lease_is_joined_by_no_other(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(break_watch, "COUNT_S", 0.05)
    gauges, provider = (Gauge(), Gauge()), market.client(kind=SlowProvider)
    assert isinstance(provider, SlowProvider)
    first, second = (
        watch(market, gauge, node, provider=provider, lasts_ms=200)
        for gauge, node in zip(gauges, ("node-1", "node-2"), strict=True)
    )
    market.clock.advance(20_000)
    looking = asyncio.create_task(first.look_if_due())
    async with asyncio.timeout(20):
        await provider.asked.wait()

    await asyncio.sleep(0.6)
    async with asyncio.timeout(5):
        await second.look_if_due()

    assert [gauge.counts for gauge in gauges] == [[], []]
    provider.may_answer.set()
    await looking
    assert [gauge.counts for gauge in gauges] == [[0], []]


async def test_a_repair_fills_the_gate_from_the_book(market: Market) -> None:
    held = await market.buy(qty=2)
    await market.pay(await market.buy(who="otto"), who="otto")
    await drift(market)
    await market.scripts.command("DEL", keys.hold(SHOP, held.id))
    assert await market.off() == ["stock", "holds"]

    lines = await repaired(market)

    assert lines[-1] == "gate: holds and stock differed; closed, 64 shards filled from the book"
    assert await market.off() == []
    assert await market.units() == (2, 2, 1)
    assert (await market.pay(held)).state == "paid"
    assert (await repaired(market))[-1] == "gate: as the book says, left open"


async def test_a_repair_ends_orphans_asks_and_delivers(market: Market) -> None:
    await market.pay(await market.buy(who="otto"), "tok_3ds", who="otto")
    await market.node.parts.outbox.flush(20)
    await market.node.stop(0)
    terms, now = market.node.parts.terms, market.clock.now_ms()
    await market.node.parts.holds.hold(
        "co_nobody",
        SHOP,
        [Wanted(sku="mug-blue", qty=2, pv=1)],
        fingerprint="f",
        deadline_ms=now + terms.hold_ms,
    )
    market.clock.advance(11_000)
    await market.book.write(_note_row, market.clock.now_ms())

    lines = await repaired(market)

    assert lines == [
        "payments and refunds under way: the provider was asked about 1",
        "holds of nobody's checkout: 1 ended",
        "outbox: 1 of 1 rows delivered",
        "gate: as the book says, left open",
    ]
    assert await market.units() == (4, 1, 0)


async def test_a_repair_does_not_touch_money(market: Market) -> None:
    await stray_charge(market)
    await drift(market)
    before = await market.charges()

    await repaired(market)

    assert await market.off() == ["payments"]
    assert await market.charges() == before
    assert await watch(market).look() == 1
    assert [row[:2] for row in await market.book.read(_all)] == [("payments", "pay_stray")]


def _note_row(conn: Connection, at: int) -> None:
    outbox.add(conn, "purchase", {}, at)
