"""Stories of other shops about webhooks: three at once, twice over, or into a broken handler.

Each test says what went wrong elsewhere, and which guard of ours it kills.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from base.errors import InProgress
from checkout import attempts
from checkout.reconcile import Reconciler
from store.sql.rows import Connection, func, select
from store.sql.tables import ledger_txns, orders, outbox, webhook_inbox
from tests.integration.checkout.market import Market, buyer
from tests.integration.checkout.test_webhooks import event, signed
from tests.waiting import until

pytestmark = pytest.mark.redis


def counted(conn: Connection) -> tuple[int, ...]:
    """Orders, ledger transactions and webhooks in the book."""
    tables = (orders, ledger_txns, webhook_inbox)
    found = [conn.execute(select(func.count()).select_from(table)) for table in tables]
    return tuple(rows.scalar_one() for rows in found)


def delivered(conn: Connection) -> list[tuple[int, str, dict[str, object]]]:
    query = select(outbox.c.id, outbox.c.kind, outbox.c.payload).order_by(outbox.c.id)
    return [tuple(row) for row in conn.execute(query)]


async def test_t12_the_same_webhook_ten_times_at_once_has_one_effect(market: Market) -> None:
    """Delivered three times at once: settled and told three times (Pinelab's plugins 620).

    Guard: checkout/inbox.py ``take_in``, the event's id is the key of its row.
    Kills: "inbox: an event once".
    """
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)
    raw = event(checkout)
    headers = signed(market, raw)

    await asyncio.gather(
        *(market.node.webhooks.receive("sandbox", headers, raw) for _ in range(10))
    )

    paid = await market.becomes(checkout, "paid")
    await market.heard("order")
    await market.node.outbox.flush(20.0)
    assert len(paid.orders) == 1
    assert [name for _, name, _ in market.node.told.told].count("order") == 1
    assert len(market.node.purchased) == 1
    assert await market.book.read(counted) == (1, 1, 1)
    assert await market.off() == []


async def test_t13_what_follows_a_payment_follows_once(market: Market) -> None:
    """Completed twice: stock taken twice, mails sent twice (woocommerce-payments 3520).

    Guard: checkout/paid.py ``record_paid``; store/redis/lua/settle.lua answers "same", and
    store/redis/lua/cart_bought.lua takes a checkout's lines out once.
    Kills: "bought: out of the cart once".
    """
    carts = market.node.parts.carts
    await carts.set("vera", "mug-blue", 2)
    checkout = await market.node.purchases.open(buyer(), "key-0001", None, "demo")
    await market.pay(checkout)
    await market.heard("order")
    await market.node.outbox.flush(20.0)
    await carts.set("vera", "mug-blue", 3)

    for _ in range(3):
        await market.node.purchases.reconciler.reconcile(attempts.attempt_id(checkout.id))
    for row, kind, payload in await market.book.read(delivered):
        if kind in {"settle", "bought"}:
            # As after a crash between the work and the note that it is done.
            await market.node.outbox.handlers[kind](row, payload)

    assert await market.units() == (3, 0, 2)
    assert (await carts.get("vera")).count == 3
    assert await market.book.read(counted) == (1, 1, 1)
    assert [name for _, name, _ in market.node.told.told].count("order") == 1
    assert len(market.node.purchased) == 1
    assert await market.off() == []


async def test_t17_a_handler_that_breaks_loses_nothing(
    market: Market, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler crashed in silence; the buyer paid again in a new cart (ps_checkout 1546).

    Guard: checkout/webhook.py ``_look`` notes "done" after the effect, ``_work`` logs what
    broke; checkout/opening.py ``_make_room`` refuses a second purchase meanwhile.
    Kills: "webhook: done once it had its effect".
    """
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)
    raw = event(checkout)

    async def broken(*_: object) -> None:
        raise TypeError("a bug of ours")

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(Reconciler, "reconcile", broken)
        await market.node.webhooks.receive("sandbox", signed(market, raw), raw)
        await until(lambda: "had no effect" in caplog.text)
    with pytest.raises(InProgress):
        await market.buy(key="key-0002")
    market.clock.advance(2_000)
    await market.node.webhooks.sweep()

    assert (await market.becomes(checkout, "paid")).orders
    assert await market.off() == []
