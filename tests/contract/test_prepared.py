"""Prepared statements say and do the same on every book as those that are built anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pytest

from store.sql.event_tables import events
from store.sql.rows import (
    Connection,
    IntegrityError,
    Prepared,
    add,
    bindparam,
    change,
    insert_or_ignore,
    select,
)
from store.sql.tables import checkouts, order_numbers

if TYPE_CHECKING:
    from store.sql.book import Book

CHECKOUT: Final[dict[str, Any]] = {
    "id": "co_1",
    "version": 1,
    "viewer": "vera",
    "viewer_name": "Véra 🛒",
    "fingerprint": "f",
    "whole_cart": False,
    "show": None,
    "state": "reserved",
    "open": True,
    "currency": "USD",
    "lines": [{"sku": "mug", "qty": 2}],
    "subtotal": 6_000_000_010,
    "shipping": 0,
    "discount": 0,
    "tax": 0,
    "total": 6_000_000_010,
    "pay_by": 1_790_000_000_000,
    "hold_until": 1_790_000_000_000,
    "created_at": 1,
}

BY_VIEWER: Final = Prepared(select(checkouts).where(checkouts.c.viewer == bindparam("of")))


def put(conn: Connection, row: dict[str, Any]) -> None:
    add(conn, checkouts, **row)


def put_gently(conn: Connection, row: dict[str, Any]) -> bool:
    return insert_or_ignore(conn, checkouts, **row)


def found(conn: Connection, viewer: str) -> list[dict[str, Any]]:
    rows = BY_VIEWER.rows(conn, of=viewer)
    return [dict(zip(BY_VIEWER.columns, row, strict=True)) for row in rows]


def alter(conn: Connection, was: dict[str, Any], values: dict[str, Any]) -> int:
    return change(conn, checkouts, was, **values)


async def test_what_was_put_in_comes_out_with_its_kinds(book: Book) -> None:
    await book.write(put, CHECKOUT)

    (row,) = await book.read(found, "vera")

    assert {name: row[name] for name in CHECKOUT} == CHECKOUT
    assert row["open"] is True
    assert row["ship_to"] is None
    assert await book.read(found, "walt") == []


async def test_only_what_is_still_as_it_was_is_changed(book: Book) -> None:
    await book.write(put, CHECKOUT)
    was = {"id": "co_1", "version": 1}

    first = await book.write(alter, was, {"version": 2, "ship_to": {"name": "V"}, "open": False})
    second = await book.write(alter, was, {"version": 2, "ship_to": {"name": "W"}})

    assert (first, second) == (1, 0)
    (row,) = await book.read(found, "vera")
    assert (row["version"], row["ship_to"], row["open"]) == (2, {"name": "V"}, False)


async def test_a_value_may_be_taken_away_again(book: Book) -> None:
    await book.write(put, {**CHECKOUT, "action": {"type": "redirect"}})

    await book.write(alter, {"id": "co_1"}, {"action": None})

    assert (await book.read(found, "vera"))[0]["action"] is None


async def test_a_unique_key_refuses_or_ignores(book: Book) -> None:
    await book.write(put, CHECKOUT)
    other = {**CHECKOUT, "id": "co_2"}  # the viewer has an open one

    with pytest.raises(IntegrityError):
        await book.write(put, CHECKOUT)
    assert await book.write(put_gently, other) is False
    assert await book.write(put_gently, {**other, "viewer": "walt"}) is True


async def test_a_row_of_a_table_that_numbers_itself(book: Book) -> None:
    row = {"id": "evt_1", "kind": "order.paid", "shop": "mugs", "at": 1, "data": {"a": [1]}}

    assert await book.write(_note, row) is True
    assert await book.write(_note, row) is False


async def test_many_at_once_each_get_their_own_answer(book: Book) -> None:
    answers = await asyncio.gather(*(book.write(_number, f"shop-{n % 10}") for n in range(40)))

    assert sorted(answers) == [False] * 30 + [True] * 10


def _note(conn: Connection, row: dict[str, Any]) -> bool:
    return insert_or_ignore(conn, events, **row)


def _number(conn: Connection, shop: str) -> bool:
    return insert_or_ignore(conn, order_numbers, shop=shop, last=1)
