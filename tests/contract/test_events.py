"""The log of events, on every book: in order, whole, once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Forbidden, Invalid
from shop.events import KEPT_MS, Events, last_position
from shop.happened import Event, Kind, event_id, note
from store.sql.postgres import PostgresBook
from store.sql.rows import Connection
from tests.selling import ADMIN, VIEWER, seller

if TYPE_CHECKING:
    from store.sql.book import Book
    from tests.clock import StoppedClock


@pytest.fixture
def events(book: Book, clock: StoppedClock) -> Events:
    return Events(book, clock)


def happen(conn: Connection, about: str, shop: str, at: int) -> bool:
    data: dict[str, Any] = {"order": {"id": about}}
    return note(conn, Kind.ORDER_PAID, about, shop=shop, at=at, data=data)


def fail_after(conn: Connection, about: str) -> None:
    happen(conn, about, "ada", 1)
    raise Invalid("Nothing of this happens.")


async def follow(events: Events, after: str | None, limit: int = 7) -> list[Event]:
    """Everything after a cursor, as a poller reads it."""
    found: list[Event] = []
    while True:
        page, more = await events.list(ADMIN, after, limit)
        found += page
        if more is None:
            return found
        assert more == page[-1].id
        after = more


async def test_what_happened_is_told_in_order_and_once(book: Book, events: Events) -> None:
    assert await book.write(happen, "or_1", "ada", 5)
    assert await book.write(happen, "or_2", "ada", 4)
    assert not await book.write(happen, "or_1", "ada", 6)

    page, more = await events.list(seller(), None, 10)

    assert more is None
    assert [(event.id, event.at) for event in page] == [
        (event_id(Kind.ORDER_PAID, "or_1"), 5),
        (event_id(Kind.ORDER_PAID, "or_2"), 4),
    ]
    assert page[0].data == {"order": {"id": "or_1"}}


async def test_what_did_not_happen_is_not_told(book: Book, events: Events) -> None:
    with pytest.raises(Invalid):
        await book.write(fail_after, "or_1")

    assert await events.list(ADMIN, None, 10) == ([], None)


async def test_a_seller_sees_the_shop_s_own_an_admin_all_a_buyer_nothing(
    book: Book, events: Events
) -> None:
    await book.write(happen, "or_1", "ada", 1)
    await book.write(happen, "or_2", "bob", 1)
    ada, bob = event_id(Kind.ORDER_PAID, "or_1"), event_id(Kind.ORDER_PAID, "or_2")

    assert [event.id for event in (await events.list(seller("ada"), None, 10))[0]] == [ada]
    assert [event.id for event in (await events.list(ADMIN, None, 10))[0]] == [ada, bob]
    with pytest.raises(Forbidden):
        await events.list(VIEWER, None, 10)
    with pytest.raises(Invalid, match="Leave it out"):
        await events.list(seller("ada"), bob, 10)


async def test_a_poller_goes_on_from_the_last_event_it_knows(book: Book, events: Events) -> None:
    await book.write(happen, "or_1", "ada", 1)
    page, more = await events.list(seller(), None, 10)
    assert more is None
    assert await events.list(seller(), page[-1].id, 10) == ([], None)

    await book.write(happen, "or_2", "ada", 1)
    page, more = await events.list(seller(), page[-1].id, 10)

    assert [event.data["order"]["id"] for event in page] == ["or_2"]


async def test_a_reader_beside_many_writers_misses_nothing(book: Book, events: Events) -> None:
    seen: list[Event] = []
    writing = asyncio.gather(
        *(book.write(happen, f"or_{number}", "ada", number) for number in range(120))
    )
    while not writing.done():
        seen += await follow(events, seen[-1].id if seen else None)
        await asyncio.sleep(0)
    seen += await follow(events, seen[-1].id if seen else None)

    assert len(seen) == 120
    assert len({event.id for event in seen}) == 120
    assert await follow(events, None) == seen


async def test_readers_at_once_give_each_event_one_place(book: Book, clock: StoppedClock) -> None:
    await asyncio.gather(*(book.write(happen, f"or_{n}", "ada", n) for n in range(50)))

    pages = await asyncio.gather(*(follow(Events(book, clock), None, limit=100) for _ in range(6)))

    assert all(page == pages[0] for page in pages)
    assert len(pages[0]) == 50


@pytest.mark.postgres
async def test_one_that_commits_late_comes_late_and_is_not_missed(
    postgres_book_url: str, clock: StoppedClock
) -> None:
    """Two transactions: the first has the lower number, and commits after the second was read."""
    from store.sql.connect import postgres_engine  # noqa: PLC0415 - asyncpg is an extra

    book, engine = PostgresBook(postgres_book_url), postgres_engine(postgres_book_url)
    events = Events(book, clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(book.close)
        stack.push_async_callback(engine.dispose)
        async with engine.connect() as slow:
            await slow.run_sync(happen, "or_slow", "ada", 1)
            await book.write(happen, "or_quick", "ada", 2)
            first, _ = await events.list(seller(), None, 10)
            await slow.commit()

        then, _ = await events.list(seller(), first[-1].id, 10)

    assert [event.data["order"]["id"] for event in first] == ["or_quick"]
    assert [event.data["order"]["id"] for event in then] == ["or_slow"]


async def test_what_is_too_old_is_dropped_and_places_are_not_given_again(
    book: Book, events: Events, clock: StoppedClock
) -> None:
    await book.write(happen, "or_1", "ada", clock.now_ms())
    (old,), _ = await events.list(ADMIN, None, 10)
    clock.advance(KEPT_MS)
    await events.prune()
    assert await events.list(ADMIN, old.id, 10) == ([], None)

    clock.advance(1)
    await events.prune()
    await book.write(happen, "or_2", "ada", clock.now_ms())

    with pytest.raises(Invalid, match="90 days"):
        await events.list(ADMIN, old.id, 10)
    (new,), _ = await events.list(ADMIN, None, 10)
    assert new.data == {"order": {"id": "or_2"}}
    assert await book.read(last_position) == 2
