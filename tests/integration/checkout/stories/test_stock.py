"""Stories of other shops about stock: sold twice, counted wrong, kept from everybody.

Each test says what went wrong elsewhere, and which guard of ours it kills.
"""

from __future__ import annotations

import asyncio
import random

import pytest
from msgspec.structs import replace

from base.errors import Conflict, SoldOut, YellowcartError
from checkout import rows
from checkout.opened import enter
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.rows import Connection, select
from store.sql.tables import stock
from tests.integration.checkout.dying import DyingBook, InterruptedBook, Killed
from tests.integration.checkout.market import Market, buyer
from tests.selling import SHOP, seller

pytestmark = pytest.mark.redis

HOLD_MS = 420_000


def in_book(conn: Connection, sku: str) -> tuple[int, int]:
    """Units there are, and units claimed."""
    query = select(stock.c.total, stock.c.claimed).where(stock.c.sku == sku)
    return tuple(conn.execute(query).one())


async def test_t01_two_buyers_one_unit(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    """Concurrent checkouts both got the last unit (saleor 543, magento/inventory 3036).

    Guard: store/redis/lua/hold.lua, ``avail < units``; without it the book still refuses, and
    the log says "drift".
    Kills: "hold: sold out".
    """
    await market.put("mug-last", 1)
    nodes = [market.node, await market.start_node()]

    answers = await asyncio.gather(
        *(
            nodes[number % 2].purchases.buy(
                buyer(f"buyer-{number}"), "mug-last", 1, "key-0001", "demo"
            )
            for number in range(20)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, SoldOut) for answer in answers) == 19
    assert await market.units("mug-last") == (0, 1, 0)
    assert await market.book.read(in_book, "mug-last") == (1, 1)
    assert "drift" not in caplog.text


@pytest.mark.parametrize("step", ["before the hold", "before the claim"])
async def test_t02_stock_that_goes_before_it_is_claimed_costs_no_money(
    market: Market, step: str
) -> None:
    """Looked at in one transaction, taken in another (vendure 3508, 1738, 1355).

    Guard: checkout/rows.py ``claim``, ``claimed + qty <= total`` in the transaction that makes
    the checkout.
    Kills: "claim: no more than there is".
    """

    async def otto_takes_all() -> None:
        other = await market.start_node()
        await other.purchases.buy(buyer("otto"), "mug-blue", 5, "key-0001", "demo")

    if step == "before the hold":
        await otto_takes_all()
    else:
        # A gate that has lost count grants what is not there.
        await market.give_gate_units(5)
        book = InterruptedBook(market.book, "enter", otto_takes_all)
        market.node = await market.start_node(book=book)

    with pytest.raises(SoldOut):
        await market.buy(qty=5)

    assert await market.charges() == []
    assert await market.book.read(in_book, "mug-blue") == (5, 5)


@pytest.mark.parametrize("step", ["begin", "record_paid"])
async def test_t02_stock_that_is_claimed_cannot_go_any_more(market: Market, step: str) -> None:
    """As above: here the seller and another buyer try it behind the claim.

    Guard: shop/adjustment.py takes away no more than is left; checkout/rows.py ``claim``.
    Kills: "hold: sold out".
    """

    async def everybody_tries() -> None:
        other = await market.start_node()
        with pytest.raises(Conflict):
            await other.stock.adjust(seller(), "mug-blue", add=-1, set_to=None, key="key-0001")
        with pytest.raises(SoldOut):
            await other.purchases.buy(buyer("otto"), "mug-blue", 1, "key-0001", "demo")

    checkout = await market.buy(qty=5)
    book = InterruptedBook(market.book, step, everybody_tries)
    await market.replace_node(book=book)

    assert (await market.pay(checkout)).state == "paid"
    assert await market.units() == (0, 0, 5)
    assert await market.off() == []


async def test_t04_the_lowest_level_is_safe_without_any_lock(market: Market) -> None:
    """Correct only if the caller remembered the lock (medusa 16569).

    Guard: checkout/rows.py ``claim``; nobody asks the gate here.
    Kills: "claim: no more than there is".
    """
    draft = await market.book.read(rows.by_id, (await market.buy()).id)
    assert draft is not None

    async def claim(number: int) -> bool:
        ident = f"co_{number:032}"
        mine = replace(draft, id=ident, viewer=f"buyer-{number}", version=1)
        try:
            await market.book.write(enter, mine, market.clock.now_ms())
        except SoldOut:
            return False
        return True

    claimed = await asyncio.gather(*(claim(number) for number in range(20)))

    assert sum(claimed) == 4
    assert await market.book.read(in_book, "mug-blue") == (5, 5)


async def test_t05_counters_never_drift_from_rows(market: Market) -> None:
    """One or two allocations in a hundred went missing (saleor 5334, medusa 12401).

    Guard: each change of a counter is one script or one transaction with its row
    (store/redis/lua/settle.lua, checkout/rows.py ``end_claims``).
    Kills: "settle: only what is held".
    """
    await market.put("mug-many", 40)
    nodes, dice = [market.node, await market.start_node()], random.Random(7)

    async def shop(number: int) -> None:
        purchases, who = nodes[number % 2].purchases, buyer(f"buyer-{number}")
        for turn in range(3):
            key, qty = f"key-{turn:04}", dice.randrange(1, 9)
            end = dice.choice(["pay", "cancel", "leave", "decline"])
            try:
                checkout = await purchases.buy(who, "mug-many", qty, key, "demo")
                if end == "cancel":
                    await purchases.cancel(who, checkout.id)
                elif end != "leave":
                    token = "tok_ok" if end == "pay" else "tok_declined"
                    await market.pay(checkout, token, who=who.id)
            except YellowcartError:
                continue

    await asyncio.gather(*(shop(number) for number in range(12)))

    assert await market.off() == []
    left, held, sold = await market.units("mug-many")
    assert left + held + sold == 40
    assert await market.book.read(in_book, "mug-many") == (40, held + sold)


async def test_t05_what_has_drifted_is_found_and_repaired_exactly(market: Market) -> None:
    """As above, and there was no tool to repair it.

    Guard: checkout/audit.py, check "stock"; shop/rebuild.py fills the gate from the claims.
    Kills: "rebuild: claims count".
    """
    await market.pay(await market.buy(who="otto"), who="otto")
    await market.buy(qty=2)
    await market.scripts.command("HINCRBY", keys.stock(SHOP, "mug-blue"), "held", -3)
    assert await market.off() == ["stock", "holds"]

    await market.scripts.command("DEL", keys.shop_ready(int(keys.shard(SHOP))))
    await rebuild(market.book, market.scripts, calm_s=0.0)

    assert await market.units() == (2, 2, 1)
    assert await market.off() == []


async def test_t06_a_release_gives_back_its_own_units(market: Market) -> None:
    """Rows were deleted, not units: the wrong amount came back (AnthropicBots/compressor 1215).

    Guard: store/redis/lua/settle.lua takes ``q<i>`` of its own hold; checkout/rows.py
    ``end_claims`` the lines of its own checkout.
    Kills: "end: the claims go back".
    """
    await market.put("mug-dozen", 12)
    ten = await market.buy("mug-dozen", qty=10)
    two = await market.buy("mug-dozen", qty=2, who="otto")

    await market.pay(two, who="otto")
    assert await market.units("mug-dozen") == (0, 10, 2)
    await market.node.purchases.cancel(buyer(), ten.id)

    assert await market.units("mug-dozen") == (10, 0, 2)
    assert await market.book.read(in_book, "mug-dozen") == (12, 2)
    assert await market.off() == []


async def test_t23_nobody_is_blocked_by_what_they_hold_themselves(market: Market) -> None:
    """A shopper met their own reservation: out of stock (WooCommerce 67354).

    Guard: checkout/opening.py ``_make_room`` gives the old hold back before it holds anew.
    Kills: "open: one's own hold goes first".
    """
    first = await market.buy(qty=5)

    second = await market.buy(qty=5, key="key-0002")

    assert second.state == "reserved"
    assert (await market.get(first)).state == "cancelled"
    assert await market.units() == (0, 5, 0)
    assert await market.off() == []


async def test_t26_units_of_who_crashed_come_back(market: Market) -> None:
    """Out of stock although there was stock: time-outs leaked units (saleor/apps 1175).

    Guard: checkout/sweeper.py ``_settle_orphan`` ends holds that the book does not know.
    Kills: "sweep: an orphan's stock goes back".
    """
    market.node = await market.start_node(book=DyingBook(market.book, before="enter"))
    with pytest.raises(Killed):
        await market.buy()
    await market.replace_node()
    assert await market.units() == (4, 1, 0)

    market.clock.advance(HOLD_MS)
    await market.node.sweeper.sweep()

    assert await market.units() == (5, 0, 0)
    assert (await market.buy(qty=5)).state == "reserved"
    assert await market.off() == []


async def test_a18_stock_is_not_kept_from_others_for_nothing(market: Market) -> None:
    """Hoarding: carts hold nothing, one viewer one checkout, and that for minutes only.

    Guard: checkout/opened.py ``make_room``, checkout/sweeper.py ``_attend``.
    """
    await market.node.parts.carts.set("vera", "mug-blue", 5)
    assert await market.units() == (5, 0, 0)
    for number in range(3):
        await market.buy(qty=1, key=f"key-000{number}")
    assert await market.units() == (4, 1, 0)

    market.clock.advance(market.node.parts.terms.pay_ms)
    await market.node.sweeper.sweep()

    assert await market.units() == (5, 0, 0)
