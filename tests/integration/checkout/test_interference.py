"""Somebody else acts between two of our steps, or a store has lost what it knew."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from base.errors import Conflict, KeyReused, Outage, PaymentDeclined, SoldOut
from cart.holds import Wanted
from checkout import attempts, rows
from checkout.checkout import Failure
from checkout.delivery import Delivery
from checkout.opened import enter
from checkout.parts import Terms
from checkout.payments.provider import Status
from checkout.race import Raced
from checkout.record import Record
from shop.rebuild import rebuild
from store.redis import keys
from store.sql.rows import Connection
from tests.integration.checkout.dying import (
    DyingBook,
    ForgetfulProvider,
    InterruptedBook,
    InterruptedHolds,
    Killed,
)
from tests.integration.checkout.market import HOME, Market, buyer, card
from tests.selling import SHOP, seller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from store.sql.book import Book

FIVE = Wanted(sku="mug-blue", qty=5, pv=1)
FAILURE = Failure(code="payment_declined", message="No.")


async def test_the_book_refuses_what_a_forgetful_gate_has_granted(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    await market.give_gate_units(10)

    with caplog.at_level(logging.ERROR), pytest.raises(SoldOut):
        await market.buy(qty=6)

    assert "drift" in caplog.text
    with pytest.raises(Outage):
        # Nothing is granted by counters that are known to be wrong.
        await market.buy(qty=5)
    await market.node.sweeper.sweep()
    assert (await market.buy(qty=5)).state == "reserved"
    assert await market.off() == []


async def test_the_book_lets_nobody_take_away_what_only_the_gate_has(market: Market) -> None:
    await market.give_gate_units(10)

    with pytest.raises(Conflict):
        await market.node.stock.adjust(seller(), "mug-blue", add=-6, set_to=None, key="key-0001")

    assert await market.units() == (15, 0, 0)


async def test_a_hold_that_somebody_ended_before_the_claim_ends_the_checkout(
    market: Market,
) -> None:
    other = await market.start_node()

    async def take_it_away() -> None:
        due = await other.parts.holds.due(market.clock.now_ms() + 999_999, 10)
        for shop, checkout in due:
            await other.parts.holds.settle(checkout, shop, "forgotten")
        await other.parts.holds.hold(
            "co_thief", SHOP, [FIVE], fingerprint="f", deadline_ms=market.clock.now_ms()
        )

    book = InterruptedBook(market.book, "enter", take_it_away)
    market.node = await market.start_node(book=book)

    checkout = await market.buy(qty=5)

    assert checkout.state == "cancelled"
    await other.parts.holds.settle("co_thief", SHOP, "forgotten")
    assert await market.units() == (5, 0, 0)
    assert await market.off() == []


async def test_what_is_sold_without_its_hold_has_the_gate_filled_anew(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    checkout = await market.buy(qty=2)
    # As a sweeper does that takes the hold for one that nobody claims.
    await market.node.parts.holds.settle(checkout.id, SHOP, "forgotten")
    assert await market.units() == (5, 0, 0)

    with caplog.at_level(logging.WARNING):
        assert (await market.pay(checkout)).state == "paid"

    assert "on sale again" in caplog.text
    with pytest.raises(Outage):
        await market.buy(key="key-0002")
    await market.node.sweeper.sweep()
    assert await market.units() == (3, 0, 2)
    assert await market.off() == []


async def test_what_somebody_gives_back_while_we_look_closes_no_gate(market: Market) -> None:
    paid = await market.pay(await market.buy())
    other = await market.buy(who="otto")
    assert await market.units() == (3, 1, 1)
    # As after a rebuild, which knows no holds of what was sold.
    await market.scripts.command("DEL", keys.hold(SHOP, paid.id))
    holds = InterruptedHolds(market.scripts, market.clock)

    async def give_back() -> None:
        await market.node.purchases.cancel(buyer("otto"), other.id)
        assert await market.units() == (4, 0, 1)

    holds.act = give_back
    row = {"checkout": paid.id, "shops": [SHOP], "target": "sold"}
    await Delivery(market.book, holds, market.node.parts.carts).settle(1, row)

    assert (await market.buy(who="anna")).state == "reserved"


class OvertakenBook(DyingBook):
    """A book that lets somebody else act between its answer and what is made of it, once."""

    def __init__(self, book: Book, after: str, act: Callable[[], Awaitable[object]]) -> None:
        super().__init__(book)
        self._at, self._act = after, act

    async def read(self, op: Callable[..., Any], *args: Any) -> Any:
        result = await super().read(op, *args)
        if op.__name__ == self._at:
            self._at = ""
            await self._act()
        return result


async def test_a_claim_so_late_that_its_units_are_sold_is_no_drift(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    other = await market.start_node()

    async def too_late() -> None:
        market.clock.advance(10_000)
        await other.sweeper.end_orphans(10_000)
        await other.purchases.buy(buyer("otto"), "mug-blue", 5, "key-0001", "demo")

    await market.replace_node(book=InterruptedBook(market.book, "enter", too_late))

    with pytest.raises(SoldOut):
        await market.buy(qty=2)

    assert "drift" not in caplog.text
    assert await market.units() == (0, 5, 0)
    assert await market.off() == []


async def test_an_orphan_that_its_buyer_takes_over_keeps_its_units(market: Market) -> None:
    dying = await market.start_node(book=DyingBook(market.book, before="enter"))
    with pytest.raises(Killed):
        await dying.purchases.buy(buyer(), "mug-blue", 2, "key-0001", "demo")
    assert await market.units() == (3, 2, 0)
    market.clock.advance(10_000)

    async def press_again() -> None:
        await market.buy(qty=2, key="key-0001")

    book = OvertakenBook(market.book, "by_id", press_again)
    sweeping = await market.start_node(book=book)
    await sweeping.sweeper.end_orphans(10_000)

    assert await market.units() == (3, 2, 0)
    assert await market.off() == []


async def test_an_orphan_that_was_taken_over_before_we_looked_is_none(market: Market) -> None:
    dying = await market.start_node(book=DyingBook(market.book, before="enter"))
    with pytest.raises(Killed):
        await dying.purchases.buy(buyer(), "mug-blue", 2, "key-0001", "demo")
    market.clock.advance(10_000)
    claiming = asyncio.Event()
    swept = asyncio.Event()

    async def wait() -> None:
        claiming.set()
        await swept.wait()

    # It holds again what was listed as an orphan's, and has not claimed it yet.
    slow = await market.start_node(book=InterruptedBook(market.book, "enter", wait))

    class Listing(InterruptedHolds):
        async def deadline(self, checkout: str, shop: str) -> int | None:
            self.pressing = asyncio.create_task(
                slow.purchases.buy(buyer(), "mug-blue", 2, "key-0001", "demo")
            )
            await claiming.wait()
            return await super().deadline(checkout, shop)

    holds = Listing(market.scripts, market.clock)
    sweeping = await market.start_node(holds=holds)
    await sweeping.sweeper.end_orphans(10_000)
    assert await market.units() == (3, 2, 0)
    swept.set()

    assert (await holds.pressing).state == "reserved"
    assert await market.units() == (3, 2, 0)
    assert await market.off() == []


async def test_a_lost_hold_that_can_be_held_again_is(market: Market) -> None:
    other = await market.start_node()

    async def take_it_away() -> None:
        ((shop, checkout),) = await other.parts.holds.due(market.clock.now_ms() + 999_999, 10)
        await other.parts.holds.settle(checkout, shop, "forgotten")

    book = InterruptedBook(market.book, "enter", take_it_away)
    market.node = await market.start_node(book=book)

    checkout = await market.buy()

    assert checkout.state == "reserved"
    assert await market.off() == []


async def test_an_answer_after_the_try_was_given_up_still_pays(market: Market) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    attempt = attempts.attempt_id(checkout.id)
    await market.book.write(attempts.note_unsent, attempt, checkout.version)
    assert (await market.get(checkout)).state == "reserved"

    await market.press(checkout, 0)

    await market.becomes(checkout, "paid")
    assert await market.off() == []


async def test_what_costs_nothing_stays_cancelled_when_it_was_cancelled_while_it_is_paid(
    market: Market,
) -> None:
    await market.put("sticker", 3, price=0)
    other = await market.start_node()
    checkout = await market.buy("sticker")

    async def cancel() -> None:
        assert (await other.purchases.cancel(buyer(), checkout.id)).state == "cancelled"

    book = InterruptedBook(market.book, "record_paid", cancel)
    market.node = await market.start_node(book=book)

    answer = await market.pay(checkout)

    assert (answer.state, answer.orders) == ("cancelled", ())
    assert (await market.get(checkout)).state == "cancelled"
    assert await market.off() == []


async def test_what_was_paid_before_the_provider_could_not_be_asked_to_cancel_is_never_due(
    market: Market,
) -> None:
    checkout = await market.pay(await market.buy(), "tok_3ds")
    asked = await market.book.read(rows.by_id, checkout.id)
    assert asked is not None
    await market.press(checkout, 0)
    await market.becomes(checkout, "paid")

    await market.book.write(attempts.postpone, asked.id, asked.version, market.clock.now_ms())

    paid = await market.book.read(rows.by_id, checkout.id)
    assert paid is not None
    assert paid.next_at is None


async def test_a_change_of_what_has_changed_meanwhile_is_raced(market: Market) -> None:
    checkout = await market.buy()
    seen = await market.book.read(rows.by_id, checkout.id)
    assert seen is not None
    await market.book.write(touch_action, seen)

    with pytest.raises(Raced):
        await market.book.write(touch_action, seen)

    assert (await market.get(checkout)).version == 2


async def test_the_book_itself_refuses_another_body_under_the_same_key(market: Market) -> None:
    checkout = await market.buy()
    seen = await market.book.read(rows.by_id, checkout.id)
    assert seen is not None
    another = replace(seen, fingerprint="another")

    with pytest.raises(KeyReused):
        await market.book.write(enter, another, market.clock.now_ms())


async def test_a_key_is_free_again_when_its_hold_never_reached_the_book(market: Market) -> None:
    async def be_away() -> None:
        raise Outage

    book = InterruptedBook(market.book, "enter", be_away)
    market.node = await market.start_node(book=book)
    with pytest.raises(Outage):
        await market.buy(qty=5)

    checkout = await market.buy(qty=2)

    assert checkout.lines[0].qty == 2
    assert await market.units() == (3, 2, 0)


async def test_who_waits_too_long_hears_no_error_though_the_book_is_silent(market: Market) -> None:
    class DeafBook(DyingBook):
        async def read(self, op: Callable[..., Any], *args: Any) -> Any:
            if op is rows.owned:
                raise Outage
            return await super().read(op, *args)

    terms = Terms(answer_ms=1000)
    node = await market.start_node(book=DeafBook(market.book), terms=terms)
    checkout = await market.buy()

    shown = await node.purchases.pay(buyer(), checkout.id, card("tok_slow"), HOME)

    assert shown.state == "pay_pending"
    await node.stop(0)


async def test_what_was_offered_to_the_provider_meanwhile_is_cancelled_there_first(
    market: Market,
) -> None:
    async def try_another() -> None:
        with pytest.raises(PaymentDeclined):
            await market.pay(await market.buy(key="key-0001"), "tok_declined")

    # Without turns, as when another process has taken longer than its turn.
    book = InterruptedBook(market.book, "enter", try_another)
    node = await market.start_node(book=book, scripts=None)

    checkout = await node.purchases.buy(buyer(), "mug-blue", 1, "key-0002", "demo")

    assert checkout.state == "reserved"
    other = await market.buy(key="key-0001")
    payment = await market.provider.fetch(attempts.attempt_id(other.id))
    assert (other.state, payment and payment.status) == ("cancelled", Status.CANCELED)
    assert await market.units() == (4, 1, 0)


async def test_late_money_is_refunded_when_only_the_gate_believes_in_the_stock(
    market: Market,
) -> None:
    market.node = await market.start_node(market.client(kind=ForgetfulProvider))
    checkout = await market.pay(await market.buy(qty=5), "tok_3ds")
    await market.node.purchases.cancel(buyer(), checkout.id)
    await market.buy(who="otto")
    await market.give_gate_units(1)

    await market.press(checkout, 0)
    await market.becomes(checkout, "refunded")

    assert await market.units() == (5, 1, 0)


async def test_a_gate_that_is_rebuilt_between_the_sale_and_its_settling_still_agrees(
    market: Market,
) -> None:
    market.node.outbox.handlers.pop("settle")
    await market.pay(await market.buy())
    await market.buy(key="key-0002", qty=2)
    await market.scripts.command("FLUSHALL")

    await rebuild(market.book, market.scripts, calm_s=0.0)
    await market.replace_node()

    assert await market.units() == (2, 2, 1)
    assert await market.off() == []


def touch_action(conn: Connection, seen: Record) -> Record:
    return rows.touch(conn, seen, action=None)
