"""What is done with a paid order, as operations of every kind of book."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from base.errors import Conflict, Forbidden, KeyReused, NotFound
from cart.cart import Line
from checkout import attempts, cancels, paid, refunds, shipments
from checkout.cancels import CancelWish
from checkout.excerpt import read_excerpt
from checkout.opened import enter
from checkout.order_ledger import entries_of
from checkout.order_rows import OrderRecord, find
from checkout.order_state import OrderState
from checkout.order_terms import OrderTerms
from checkout.record import Record
from checkout.refund import RefundWish
from checkout.shipments import ShipmentWish
from checkout.state import State
from checkout.tally import count_orders, count_restocked
from checkout.trial_balance import count_ledger
from store.sql.rows import Connection, insert, select
from store.sql.tables import products, restocks, skus, stock
from tests.integration.checkout.after import some
from tests.integration.checkout.market import HOME, buyer
from tests.selling import SHOP, seller

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from store.sql.book import Book

NOW = 1_790_000_000_000
TERMS = OrderTerms(platform_fee_bps=250, asks_shop=True)
PRICE = 1999


def stock_up(conn: Connection) -> None:
    """Five blue mugs."""
    product = {"id": "mug", "shop": SHOP, "title": "Mug", "description": "", "images": []}
    conn.execute(insert(products), {**product, "version": 1, "created_at": NOW})
    sku = {"id": "mug-blue", "product": "mug", "shop": SHOP, "position": 0, "title": "Blue"}
    conn.execute(insert(skus), {**sku, "price": PRICE, "currency": "USD", "pv": 1})
    conn.execute(insert(stock), {"sku": "mug-blue", "shop": SHOP, "total": 5, "claimed": 0})


def claimed(conn: Connection) -> int:
    return int(conn.execute(select(stock.c.claimed)).scalar_one())


def undone(conn: Connection) -> int:
    return len(conn.execute(select(restocks).where(restocks.c.done_at.is_(None))).all())


async def bought(book: Book, qty: int = 3) -> OrderRecord:
    """A paid order of mugs."""
    await book.write(stock_up)
    line = Line(
        sku="mug-blue",
        product="mug",
        shop=SHOP,
        title="Mug",
        unit_price=PRICE,
        qty=qty,
        line_total=qty * PRICE,
    )
    draft = Record(
        id="co_1",
        version=1,
        viewer="vera",
        viewer_name="Vera",
        fingerprint="f",
        whole_cart=False,
        show=None,
        state=State.RESERVED,
        currency="USD",
        lines=(line,),
        subtotal=qty * PRICE,
        shipping=0,
        discount=0,
        tax=0,
        total=qty * PRICE,
        pay_by=NOW + 1,
        hold_until=NOW + 2,
        created_at=NOW,
    )
    await book.write(enter, draft, NOW)
    await book.write(attempts.begin, "co_1", "vera", HOME, "sandbox", NOW)
    sold = await book.write(paid.record_paid, attempts.attempt_id("co_1"), TERMS, NOW)
    (order,) = sold.orders
    return await look(book, order.id)


async def look(book: Book, order: str) -> OrderRecord:
    record = await book.read(find, order)
    assert record is not None
    return record


async def outcome(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except Exception as error:  # noqa: BLE001 - it is what the test looks at
        return error


async def sound(book: Book) -> None:
    """Orders, claims and ledger are as they should be."""
    excerpt = await book.read(read_excerpt)
    for count in (count_orders, count_restocked):
        wanted, found = count(excerpt)
        assert wanted == found
    trial = count_ledger(excerpt)
    assert trial.wanted == trial.said
    assert trial.wanted_sums == trial.said_sums


async def test_at_once_no_more_is_reserved_than_was_paid(book: Book) -> None:
    order = await bought(book, 1)
    wishes = [RefundWish(key=f"refund-{number:02d}", amount=300) for number in range(20)]

    made = await asyncio.gather(
        *(
            outcome(book.write(refunds.begin, seller(), order.id, wish, TERMS, NOW))
            for wish in wishes
        )
    )

    assert sum(isinstance(one, Conflict) for one in made) == 14
    assert (await look(book, order.id)).reserved == 1800


async def test_one_key_at_once_is_one_refund(book: Book) -> None:
    order = await bought(book, 1)
    wish = RefundWish(key="refund-1", amount=300)

    made = await asyncio.gather(
        *(book.write(refunds.begin, seller(), order.id, wish, TERMS, NOW) for _ in range(10))
    )

    assert len({one.refund.id for one in made}) == 1
    assert (await look(book, order.id)).reserved == 300
    other = RefundWish(key="refund-1", amount=301)
    assert isinstance(
        await outcome(book.write(refunds.begin, seller(), order.id, other, TERMS, NOW)), KeyReused
    )


async def test_a_refund_is_booked_once_by_many(book: Book) -> None:
    order = await bought(book)
    wish = RefundWish(key="refund-1", lines=some(mug_blue=2), restock=True)
    made = await book.write(refunds.begin, seller(), order.id, wish, TERMS, NOW)

    after = await asyncio.gather(
        *(book.write(refunds.note_succeeded, made.refund.id, NOW + 1) for _ in range(10))
    )

    assert sum(record is not None for _, record in after) == 1
    assert (await look(book, order.id)).order.refunded_total == 2 * PRICE
    assert (await book.read(claimed), await book.read(undone)) == (1, 1)
    await sound(book)


async def test_a_refund_that_succeeded_does_not_fail_afterwards(book: Book) -> None:
    order = await bought(book)
    made = await book.write(
        refunds.begin, seller(), order.id, RefundWish(key="refund-1"), TERMS, NOW
    )
    await book.write(refunds.note_succeeded, made.refund.id, NOW)

    assert (await book.write(refunds.note_failed, made.refund.id)).refund.state == "succeeded"
    assert (await look(book, order.id)).left == 0
    await sound(book)


async def test_pending_refunds_are_found_when_they_are_due(book: Book) -> None:
    order = await bought(book)
    wish = RefundWish(key="refund-1")
    made = await book.write(refunds.begin, seller(), order.id, wish, TERMS, NOW)

    assert await book.read(refunds.due, NOW + refunds.ASK_AGAIN_MS - 1, 10) == []
    assert await book.read(refunds.due, NOW + refunds.ASK_AGAIN_MS, 10) == [made]
    assert await book.read(refunds.pending, "", 10) == [made]
    assert await book.read(refunds.pending, made.refund.id, 10) == []


async def test_of_cancels_and_shipments_at_once_each_unit_goes_one_way(book: Book) -> None:
    order = await bought(book)
    sends = [ShipmentWish(lines=some(mug_blue=1), fresh=f"parcel-{number}") for number in range(5)]
    drops = [CancelWish(lines=some(mug_blue=qty)) for qty in (1, 2)]

    await asyncio.gather(
        *(outcome(book.write(shipments.ship, seller(), order.id, w, TERMS, NOW)) for w in sends),
        *(outcome(book.write(cancels.cancel, seller(), order.id, w, TERMS, NOW)) for w in drops),
    )

    after = await look(book, order.id)
    (line,) = after.lines
    assert line.shipped + line.cancelled <= 3
    assert line.cancelled == line.restocked == line.refunded
    assert await book.read(claimed) == 3 - line.restocked
    assert after.reserved == line.refunded * PRICE
    await sound(book)


async def test_asking_granting_and_time(book: Book) -> None:
    order = await bought(book)
    changed, refund = await book.write(
        cancels.cancel, buyer(), order.id, CancelWish(reason="No."), TERMS, NOW
    )
    due = NOW + TERMS.cancel_answer_ms
    assert (changed.changed, refund, changed.record.next_at) == (True, None, due)
    assert await book.read(shipments.due, due, 10) == [order.id]
    assert (await book.write(cancels.cancel_due, order.id, due - 1))[0].changed is False

    changed, refund = await book.write(cancels.cancel_due, order.id, due)

    assert refund is not None
    assert (changed.record.state, refund.refund.amount) == (OrderState.CANCELLED, 3 * PRICE)
    await book.write(refunds.note_succeeded, refund.refund.id, due)
    assert await book.read(claimed) == 0
    await sound(book)


async def test_the_hold_ends_and_the_delivered_is_completed_once(book: Book) -> None:
    order = await bought(book)
    wish = ShipmentWish(status=OrderState.DELIVERED, fresh="parcel-1")
    sent = await book.write(shipments.ship, seller(), order.id, wish, TERMS, NOW)
    due = NOW + TERMS.complete_ms
    assert sent.record.next_at == due

    assert (await book.write(shipments.advance, order.id, due - 1)).changed is False
    assert (await book.write(shipments.advance, order.id, due)).record.state == "completed"
    assert (await book.write(shipments.advance, order.id, due)).changed is False
    assert await book.read(shipments.due, due, 10) == []


async def test_everybody_sees_and_does_what_is_theirs(book: Book) -> None:
    order = await bought(book)
    wish = RefundWish(key="refund-1")

    for actor, kind in ((buyer(), Forbidden), (buyer("otto"), NotFound), (seller("b"), NotFound)):
        asked = book.write(refunds.begin, actor, order.id, wish, TERMS, NOW)
        assert isinstance(await outcome(asked), kind)
    assert len(await book.read(entries_of, seller(), order.id)) == 3
    assert len(await book.read(entries_of, buyer(), order.id)) == 1
