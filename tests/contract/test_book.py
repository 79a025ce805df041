"""One suite for every book."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from base.errors import Outage, SoldOut
from store.sql.rows import (
    Connection,
    IntegrityError,
    func,
    insert,
    insert_or_ignore,
    select,
    update,
)
from store.sql.tables import order_numbers, shows

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from store.sql.book import Book


class Show(msgspec.Struct):
    id: str
    title: str


def announce(conn: Connection, show: Show) -> Show:
    values = {"host_id": "alice", "host_name": "Alice", "created_at": 1}
    conn.execute(insert(shows), {"id": show.id, "title": show.title, **values})
    return show


def titles(conn: Connection) -> list[str]:
    return [row.title for row in conn.execute(select(shows).order_by(shows.c.id))]


def announce_then_sell_out(conn: Connection) -> None:
    announce(conn, Show("friday", "Mugs"))
    raise SoldOut("mug-blue")


def number(conn: Connection, shop: str) -> bool:
    return insert_or_ignore(conn, order_numbers, shop=shop, last=1)


def take(conn: Connection, shop: str) -> int:
    """Read, decide, write: nobody may come in between."""
    last: int = conn.execute(select(order_numbers.c.last)).scalar_one()
    if last >= 5:
        raise SoldOut("mug-blue")
    where = order_numbers.c.shop == shop
    conn.execute(update(order_numbers).where(where).values(last=last + 1))
    return last


def count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(shows)).scalar_one()


def open_start(conn: Connection) -> list[str]:
    return list(conn.execute(select(shows.c.id).where(shows.c.starts_at.is_(None))).scalars())


async def outcome(answer: Awaitable[object]) -> object:
    try:
        return await answer
    except Exception as error:  # noqa: BLE001 - it is what the test looks at
        return error


async def test_what_was_written_can_be_read_at_once(book: Book) -> None:
    assert await book.write(announce, Show("friday", "Mugs")) == Show("friday", "Mugs")

    assert await book.read(titles) == ["Mugs"]
    assert await book.read(open_start) == ["friday"]


async def test_an_error_undoes_its_operation_alone_and_reaches_the_caller(book: Book) -> None:
    first, second, third = await asyncio.gather(
        book.write(announce, Show("monday", "Bowls")),
        outcome(book.write(announce_then_sell_out)),
        book.write(announce, Show("sunday", "Plates")),
    )

    assert isinstance(second, SoldOut)
    assert second.data == {"sku": "mug-blue"}
    assert await book.read(titles) == ["Bowls", "Plates"] == [first.title, third.title]


async def test_a_repeated_insert_is_told_from_the_first(book: Book) -> None:
    assert await book.write(number, "mugs-ltd") is True
    assert await book.write(number, "mugs-ltd") is False
    assert await book.write(number, "bowls-ltd") is True


async def test_a_row_that_breaks_a_rule_reaches_the_caller_and_harms_nobody(book: Book) -> None:
    await book.write(announce, Show("friday", "Mugs"))

    twice = await outcome(book.write(announce, Show("friday", "Mugs")))

    assert isinstance(twice, IntegrityError)
    assert await book.read(count) == 1
    await book.write(announce, Show("sunday", "Plates"))


async def test_who_reads_decides_and_writes_is_alone_with_the_rows(book: Book) -> None:
    await book.write(number, "mugs-ltd")

    taken = await asyncio.gather(*(outcome(book.write(take, "mugs-ltd")) for _ in range(30)))

    assert sorted(one for one in taken if isinstance(one, int)) == [1, 2, 3, 4]
    assert sum(isinstance(one, SoldOut) for one in taken) == 26


async def test_each_of_many_gets_its_own_answer(book: Book) -> None:
    many = [Show(f"show-{n}", f"Show {n}") for n in range(300)]

    assert await asyncio.gather(*(book.write(announce, show) for show in many)) == many
    assert await book.read(count) == 300


async def test_a_closed_book_is_an_outage(book: Book) -> None:
    await book.close()

    assert isinstance(await outcome(book.write(announce, Show("friday", "Mugs"))), Outage)
    assert isinstance(await outcome(book.read(titles)), Outage)
