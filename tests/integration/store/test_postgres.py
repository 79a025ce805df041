from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from base.errors import Outage
from store.sql import postgres
from store.sql.migrate import migrate
from store.sql.postgres import PostgresBook
from store.sql.rows import Connection, insert, insert_or_ignore, select, update
from store.sql.tables import order_numbers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.postgres


@pytest.fixture
async def book(postgres_url: str) -> AsyncIterator[PostgresBook]:
    await asyncio.to_thread(migrate, postgres_url)
    book = PostgresBook(postgres_url)
    yield book
    await book.close()


def note(conn: Connection, shop: str) -> str:
    conn.execute(insert(order_numbers), {"shop": shop, "last": 1})
    return shop


def shops(conn: Connection) -> list[str]:
    return list(conn.execute(select(order_numbers.c.shop).order_by("shop")).scalars())


def next_number(conn: Connection, shop: str) -> int:
    """Read, then write: two that meet would both read the same."""
    last = conn.execute(select(order_numbers.c.last)).scalar_one_or_none()
    if last is None:
        insert_or_ignore(conn, order_numbers, shop=shop, last=1)
        return 1
    conn.execute(update(order_numbers).values(last=last + 1))
    return int(last) + 1


def add_both(conn: Connection, first: str, second: str) -> None:
    """Two of these in opposite order wait for each other."""
    for shop in (first, second):
        conn.execute(
            update(order_numbers)
            .where(order_numbers.c.shop == shop)
            .values(last=order_numbers.c.last + 1)
        )


def end_other_connections(conn: Connection) -> None:
    conn.exec_driver_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )


def write_while_reading(conn: Connection) -> None:
    note(conn, "a")


async def test_operations_that_meet_are_repeated_until_each_had_its_turn(
    book: PostgresBook,
) -> None:
    numbers = await asyncio.gather(*(book.write(next_number, "mugs") for _ in range(40)))

    assert sorted(numbers) == list(range(1, 41))


async def test_t24_operations_that_lock_each_other_out_are_repeated(book: PostgresBook) -> None:
    """Reservations deadlocked under load, and nobody tried again (WooCommerce 25708).

    Guard: store/sql/postgres.py, ``AGAIN``.
    Kills: "postgres: a deadlock is tried again".
    """
    for shop in ("a", "b"):
        await book.write(note, shop)

    outcomes = await asyncio.gather(
        *(book.write(add_both, "a", "b") for _ in range(8)),
        *(book.write(add_both, "b", "a") for _ in range(8)),
        return_exceptions=True,
    )

    assert [one for one in outcomes if isinstance(one, Exception)] == []


async def test_giving_up_after_so_many_repeats_is_an_outage(
    book: PostgresBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "TRIES", 1)
    await book.write(next_number, "mugs")

    outcomes = await asyncio.gather(
        *(book.write(next_number, "mugs") for _ in range(40)), return_exceptions=True
    )

    assert any(isinstance(one, Outage) for one in outcomes)
    told = [one for one in outcomes if isinstance(one, int)]
    assert sorted(told) == list(range(2, 2 + len(told)))


async def test_a_lost_connection_is_an_outage_and_is_made_anew(book: PostgresBook) -> None:
    await asyncio.gather(*(book.write(note, f"before-{n}") for n in range(5)))
    await book.write(end_other_connections)

    outcomes = await asyncio.gather(
        *(book.write(note, f"during-{n}") for n in range(5)), return_exceptions=True
    )

    assert all(isinstance(one, (str, Outage)) for one in outcomes)
    assert await book.write(note, "then") == "then"
    told = [one for one in outcomes if isinstance(one, str)]
    assert {*told, "then"} <= set(await book.read(shops))


async def test_a_database_that_is_away_is_an_outage(tmp_path: Path) -> None:
    book = PostgresBook(f"postgresql://postgres@/shop?host={tmp_path}")

    with pytest.raises(Outage):
        await book.write(note, "a")
    await book.close()


async def test_a_reader_cannot_write(book: PostgresBook) -> None:
    with pytest.raises(Outage):
        await book.read(write_while_reading)

    assert await book.read(shops) == []


async def test_too_many_waiting_operations_are_refused(
    book: PostgresBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "WAITING", 3)

    outcomes = await asyncio.gather(
        *(book.write(note, f"shop-{n}") for n in range(5)), return_exceptions=True
    )

    assert [type(one) for one in outcomes] == [str, str, str, Outage, Outage]
