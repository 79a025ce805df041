"""Payments of one moment: begun together, and made orders together, each as if it were alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Expired, InProgress, Invalid, NotFound
from checkout import attempts, rows
from checkout.checkout import Checkout
from checkout.payments.provider import Due
from checkout.payments.sandbox import SandboxProvider
from checkout.state import State
from store.sql.rows import Connection, select, update
from store.sql.tables import checkouts, ledger_entries, ledger_txns, orders, payments
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.integration.checkout.test_together import NotingBook

if TYPE_CHECKING:
    from checkout.payments.provider import Payment

NAMES = [f"buyer-{number}" for number in range(6)]


class OneMoment(SandboxProvider):
    """A provider whose answers to so many tries come in the same turn of the loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.together = len(NAMES)
        self.one_is_left = asyncio.Event()
        self.is_the_moment = asyncio.Event()

    async def take(self, due: Due, token: str, key: str) -> Payment:
        payment = await super().take(due, token, key)
        self.together -= 1
        if self.together == 1:
            self.one_is_left.set()
        if not self.together:
            self.is_the_moment.set()
        async with asyncio.timeout(10):
            await self.is_the_moment.wait()
        return payment


@pytest.fixture
async def provider(market: Market) -> SandboxProvider:
    return market.client(kind=OneMoment)


@pytest.fixture
async def noting(market: Market, provider: OneMoment) -> NotingBook:
    book = NotingBook(market.book)
    await market.replace_node(provider, book=book)
    await market.put("cup", 100, shop="cups")
    # Else they would be told first, one by one.
    await market.order_faults(webhooks="drop")
    return book


async def reserve(market: Market, names: list[str] = NAMES) -> list[Checkout]:
    return await asyncio.gather(*(market.buy("cup", who=who) for who in names))


async def pay_all(market: Market, reserved: list[Checkout]) -> list[Any]:
    paying = (market.pay(one, who=who) for one, who in zip(reserved, NAMES, strict=False))
    return await asyncio.gather(*paying, return_exceptions=True)


async def test_payments_of_one_moment_share_two_operations_of_the_book(
    market: Market, noting: NotingBook, provider: OneMoment
) -> None:
    reserved = await reserve(market)
    noting.asked.clear()

    paid = await pay_all(market, reserved)

    assert [one.state for one in paid] == ["paid"] * len(NAMES)
    assert ("begin_all" in noting.asked) is noting.shares_commits
    assert ("record_all_paid" in noting.asked) is noting.shares_commits
    found = [
        await market.node.orders.get(buyer(who), one.orders[0])
        for one, who in zip(paid, NAMES, strict=True)
    ]
    assert sorted(order.number for order in found) == [f"{n:06d}" for n in range(1, 7)]
    assert await market.book.read(_payable) == [-1999] * len(NAMES)
    assert await market.book.read(_captured) == [("captured", 1999)] * len(NAMES)
    assert await market.units("cup", "cups") == (94, 0, 6)
    assert {who for who, name, _ in market.node.told.told if name == "order"} == set(NAMES)
    assert len(market.node.purchased) == len(NAMES)
    assert await market.off() == []


async def test_each_of_a_moment_is_refused_for_a_reason_of_their_own(
    market: Market, noting: NotingBook, provider: OneMoment
) -> None:
    provider.together = 2
    reserved = await reserve(market)
    late, busy = reserved[2].id, reserved[3].id
    await market.book.write(_change, late, {"pay_by": market.clock.now_ms()})
    await market.book.write(_change, busy, {"state": "pay_pending"})
    purchases = market.node.purchases

    answers = await asyncio.gather(
        purchases.pay(buyer(NAMES[0]), reserved[0].id, card(), HOME),
        purchases.pay(buyer(NAMES[0]), reserved[1].id, card(), HOME),
        purchases.pay(buyer(NAMES[2]), late, card(), HOME),
        purchases.pay(buyer(NAMES[3]), busy, card(), HOME),
        purchases.pay(buyer(NAMES[4]), reserved[4].id, card(), None),
        purchases.pay(buyer(NAMES[5]), reserved[5].id, card(), HOME),
        purchases.pay(buyer(NAMES[5]), reserved[5].id, card(), HOME),
        return_exceptions=True,
    )

    kinds = [type(one) if isinstance(one, BaseException) else one.state for one in answers]
    assert kinds == ["paid", NotFound, Expired, InProgress, Invalid, "paid", InProgress]
    assert len(await market.charges()) == 2


async def test_who_has_changed_meanwhile_keeps_nobody_else_unpaid(
    market: Market, noting: NotingBook, provider: OneMoment
) -> None:
    reserved = await reserve(market)
    provider.together += 1
    paying = asyncio.create_task(pay_all(market, reserved))
    async with asyncio.timeout(10):
        await provider.one_is_left.wait()
    # One is looked at again, and so has another version than its payment began with.
    await market.book.write(_change, reserved[3].id, {"version": 9})

    provider.is_the_moment.set()
    paid = await paying

    assert [one.state for one in paid] == ["paid"] * len(NAMES)
    if noting.shares_commits:
        assert noting.asked.count("record_paid") == len(NAMES)
    assert len(await market.book.read(_orders)) == len(NAMES)
    assert await market.units("cup", "cups") == (94, 0, 6)
    assert await market.off() == []


async def test_money_that_is_late_claims_its_stock_again_among_money_in_time(
    market: Market, noting: NotingBook
) -> None:
    reserved = await reserve(market, NAMES[:2])
    client = market.client()
    payments_ = []
    for one, who in zip(reserved, NAMES, strict=False):
        now = market.clock.now_ms()
        await market.book.write(attempts.begin, one.id, who, HOME, "sandbox", now)
        attempt = attempts.attempt_id(one.id)
        due = Due(attempt=attempt, checkout=one.id, amount=one.total, currency=one.currency)
        payments_.append(await client.take(due, "tok_ok", f"{attempt}-2"))
    late = reserved[1].id
    await market.book.write(attempts.start_cancel, late, market.clock.now_ms())
    await market.book.write(
        attempts.note_canceled, attempts.attempt_id(late), market.clock.now_ms()
    )
    assert await market.units("cup", "cups") == (99, 1, 0)
    found = [await market.book.read(rows.by_id, one.id) for one in reserved]

    reconciler = market.node.purchases.reconciler
    after = await asyncio.gather(
        *(
            reconciler.apply(record, payment)
            for record, payment in zip(found, payments_, strict=True)
            if record is not None
        )
    )

    assert [record.state for record in after] == [State.PAID, State.PAID]
    assert await market.units("cup", "cups") == (98, 0, 2)
    assert await market.off() == []


def _change(conn: Connection, checkout: str, values: dict[str, Any]) -> None:
    conn.execute(update(checkouts).where(checkouts.c.id == checkout).values(**values))


def _captured(conn: Connection) -> list[tuple[str, int]]:
    return [(row.state, row.captured) for row in conn.execute(select(payments))]


def _orders(conn: Connection) -> list[str]:
    return list(conn.execute(select(orders.c.id)).scalars())


def _payable(conn: Connection) -> list[int]:
    owed = ledger_entries.c.account == "shop_payable:cups"
    joined = select(ledger_entries.c.amount).join(
        ledger_txns, ledger_txns.c.key == ledger_entries.c.txn
    )
    return list(conn.execute(joined.where(owed)).scalars())
