"""The audit names the invariant that was broken, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkout import audit
from checkout.attempts import attempt_id
from checkout.audit import Audit
from checkout.payments.provider import Due
from store.redis import keys
from store.sql.rows import Connection, delete, update
from store.sql.tables import checkouts, claims, ledger_entries, order_lines, orders, stock
from tests.selling import SHOP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from checkout.checkout import Checkout
    from tests.integration.checkout.market import Market


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each checkout is compared by itself; elsewhere all of a test's are in one excerpt."""
    monkeypatch.setattr(audit, "EXCERPT", 1)


@pytest.fixture
async def reserved(market: Market) -> Checkout:
    """Vera holds two mugs, Otto has paid one."""
    await market.pay(await market.buy(who="otto"), who="otto")
    checkout = await market.buy(qty=2)
    assert await market.off() == []
    return checkout


async def one_unit_more(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.scripts.command("HINCRBY", keys.stock(SHOP, "mug-blue"), "avail", 1)


async def another_total(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.scripts.command("HINCRBY", keys.stock(SHOP, "mug-blue"), "total", 1)


async def total_in_the_book(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.book.write(raise_total)


async def a_hold_that_is_gone(market: Market, checkout: Checkout) -> None:
    await market.scripts.command("DEL", keys.hold(SHOP, checkout.id))


async def a_hold_of_other_units(market: Market, checkout: Checkout) -> None:
    await market.scripts.command("HSET", keys.hold(SHOP, checkout.id), "q1", 1)


async def a_claim_that_says_sold(market: Market, checkout: Checkout) -> None:
    await market.book.write(sell_claim, checkout.id)


async def a_claim_of_other_units(market: Market, checkout: Checkout) -> None:
    await market.book.write(shrink_claim, checkout.id)


async def an_order_that_is_gone(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.book.write(lose_orders)


async def an_order_of_another_sum(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.book.write(cheapen_orders)


async def a_charge_without_a_sale(market: Market, checkout: Checkout) -> None:
    del checkout
    stray = Due(attempt="pay_stray", checkout="co_stray", amount=1999, currency="USD")
    await market.provider.take(stray, "tok_ok", "stray-0001")


async def a_sale_given_back(market: Market, checkout: Checkout) -> None:
    paid = next(iter(await market.charges()))[0]
    await market.provider.refund(attempt_id(paid), 1999, "theft-0001")
    del checkout


async def a_lost_ledger_entry(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.book.write(lose_entry)


async def a_changed_ledger_entry(market: Market, checkout: Checkout) -> None:
    del checkout
    await market.book.write(change_entry)


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (one_unit_more, "stock"),
        (another_total, "stock"),
        (total_in_the_book, "stock"),
        (a_hold_that_is_gone, "holds"),
        (a_hold_of_other_units, "holds"),
        (a_claim_that_says_sold, "claims"),
        (a_claim_of_other_units, "claims"),
        (an_order_that_is_gone, "orders"),
        (an_order_of_another_sum, "orders"),
        (a_charge_without_a_sale, "payments"),
        (a_sale_given_back, "payments"),
        (a_lost_ledger_entry, "ledger"),
        (a_changed_ledger_entry, "ledger"),
    ],
)
async def test_one_break_trips_exactly_one_check(
    market: Market,
    reserved: Checkout,
    plant: Callable[[Market, Checkout], Awaitable[None]],
    named: str,
) -> None:
    await plant(market, reserved)

    assert await market.off() == [named]


async def test_a_broken_check_says_what_differs(market: Market, reserved: Checkout) -> None:
    await one_unit_more(market, reserved)

    checks = await Audit(market.book, market.scripts, market.provider).run()

    (stock_check,) = (check for check in checks if not check.ok)
    assert stock_check.expected == "mug-blue: 5 units, 3 taken"
    assert stock_check.actual == "mug-blue: 3 left + 2 held + 1 sold of 5"


@pytest.mark.parametrize(("change", "found"), [("released", "released"), (None, "")])
async def test_what_was_paid_and_is_not_sold_is_a_break(
    market: Market, reserved: Checkout, change: str | None, found: str
) -> None:
    paid = next(iter(await market.charges()))[0]
    await market.book.write(unclaim, paid, change)

    checks = await Audit(market.book, market.scripts, market.provider).run()

    (off,) = (check for check in checks if not check.ok)
    assert off.name == "claims"
    assert f"{paid}/mug-blue: sold" in off.expected
    assert f"{paid}/mug-blue: {found}" in off.actual


async def test_a_payment_under_way_is_no_break(market: Market) -> None:
    await market.order_faults(webhooks="drop")
    checkout = await market.pay(await market.buy(), "tok_3ds")
    await market.press(checkout, 0)

    assert await market.off() == []


async def test_an_open_checkout_without_a_hold_is_a_break(market: Market) -> None:
    checkout = await market.buy()
    await market.book.write(close_silently, checkout.id)

    assert "holds" in await market.off()


def raise_total(conn: Connection) -> None:
    conn.execute(update(stock).values(total=stock.c.total + 1))


def sell_claim(conn: Connection, checkout: str) -> None:
    conn.execute(update(claims).where(claims.c.checkout == checkout).values(state="sold"))


def unclaim(conn: Connection, checkout: str, state: str | None) -> None:
    mine = claims.c.checkout == checkout
    conn.execute(
        delete(claims).where(mine)
        if state is None
        else update(claims).where(mine).values(state=state)
    )


def shrink_claim(conn: Connection, checkout: str) -> None:
    conn.execute(update(claims).where(claims.c.checkout == checkout).values(qty=1))


def lose_orders(conn: Connection) -> None:
    conn.execute(delete(order_lines))
    conn.execute(delete(orders))


def cheapen_orders(conn: Connection) -> None:
    conn.execute(update(orders).values(total=orders.c.total - 1))


def lose_entry(conn: Connection) -> None:
    conn.execute(delete(ledger_entries).where(ledger_entries.c.account == f"shop_payable:{SHOP}"))


def change_entry(conn: Connection) -> None:
    account = ledger_entries.c.account == "provider_clearing"
    conn.execute(update(ledger_entries).where(account).values(amount=1))


def close_silently(conn: Connection, checkout: str) -> None:
    conn.execute(
        update(checkouts).where(checkouts.c.id == checkout).values(state="cancelled", open=False)
    )
