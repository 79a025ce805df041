from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from base.errors import Conflict, Outage
from store.sql import outbox as outbox_module
from store.sql.outbox import Outbox, add
from store.sql.rows import Connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from store.sql.writer import SqliteBook
    from tests.clock import StoppedClock
from tests.integration.store.outbox_rows import (
    Payload,
    Recorder,
    counts,
    is_empty,
    note,
    note_then_refuse,
    noted,
)
from tests.waiting import until, until_told


@pytest.fixture
def outbox(book: SqliteBook, clock: StoppedClock) -> Outbox:
    return Outbox(book, clock)


@pytest.fixture
async def running(outbox: Outbox) -> AsyncIterator[Outbox]:
    task = asyncio.create_task(outbox.run())
    await asyncio.sleep(0.02)
    yield outbox
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_was_committed_is_delivered_in_order_and_once(
    running: Outbox, book: SqliteBook
) -> None:
    settle, bought = Recorder(), Recorder()
    running.handlers |= {"settle": settle, "bought": bought}
    await book.write(note, "settle", 1, 2, 3)
    await book.write(note, "bought", 4)

    await running.flush(20.0)
    await running.flush(20.0)

    assert settle.payloads == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert bought.rows == [(4, {"n": 4})]
    await noted(book, (0, 4))


async def test_who_waits_for_a_delivery_does_not_wait_until_it_is_noted(
    running: Outbox, book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = running.handlers["settle"] = Recorder()
    await book.write(note, "settle", 1)
    write, may_note = book.write, asyncio.Event()

    async def slow(*asked: Any) -> Any:
        await may_note.wait()
        return await write(*asked)

    monkeypatch.setattr(book, "write", slow)
    await running.flush(20.0)

    assert settle.payloads == [{"n": 1}]
    assert await book.read(counts) == (1, 0)
    may_note.set()
    await noted(book, (0, 1))


async def test_rows_that_take_too_long_may_unwind_as_they_like(
    running: Outbox, book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "HANDLER_S", 0.05)
    bought = Recorder()

    async def hang(_ident: int, payload: Payload) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02 * payload["n"])

    running.handlers |= {"settle": hang, "bought": bought}
    await book.write(note, "settle", 0, 1, 2)

    await running.flush(20.0)
    await book.write(note, "bought", 3)
    await running.flush(20.0)

    assert bought.payloads == [{"n": 3}]
    await noted(book, (3, 1))


async def test_a_kind_without_failures_goes_out_together(
    running: Outbox, book: SqliteBook
) -> None:
    began: list[int] = []
    may_end = asyncio.Event()

    async def waits(ident: int, _payload: Payload) -> None:
        began.append(ident)
        await may_end.wait()

    running.handlers["settle"] = Recorder()
    await book.write(note, "settle", 1)
    await running.flush(20.0)
    running.handlers["settle"] = waits
    await book.write(note, "settle", *range(30))
    flushed = asyncio.create_task(running.flush(20.0))

    await until(lambda: len(began) == 30)

    may_end.set()
    await flushed


async def test_what_was_rolled_back_is_not_delivered(running: Outbox, book: SqliteBook) -> None:
    settle = running.handlers["settle"] = Recorder()

    with pytest.raises(Conflict):
        await book.write(note_then_refuse)
    await running.flush(20.0)

    assert settle.rows == []


async def test_a_failing_row_waits_and_holds_nobody_up(running: Outbox, book: SqliteBook) -> None:
    settle, bought = Recorder(), Recorder()
    running.handlers |= {"settle": settle, "bought": bought}
    settle.error, settle.failing = Outage(), lambda payload: payload["n"] == 2
    await book.write(note, "settle", 1, 2, 3)
    await book.write(note, "bought", 4)

    await running.flush(20.0)
    assert settle.payloads == [{"n": 1}, {"n": 3}]
    assert bought.payloads == [{"n": 4}]
    settle.error = None
    await running.flush(20.0)

    assert settle.rows[-1] == (2, {"n": 2})
    await noted(book, (0, 4))


async def test_a_kind_whose_receiver_is_away_is_not_tried_for_each_row(
    running: Outbox, book: SqliteBook
) -> None:
    tried = []

    async def away(ident: int, _payload: Payload) -> None:
        tried.append(ident)
        raise Outage

    running.handlers["settle"] = away
    await book.write(note, "settle", *range(100))

    await running.flush(20.0)

    assert len(tried) == outbox_module.PATIENCE


def settle_at(conn: Connection, shops: list[str]) -> None:
    for shop in shops:
        add(conn, "settle", {"checkout": "co_1", "shops": [shop], "target": "sold"}, 1)


@pytest.mark.parametrize("rows", [5, 70])
async def test_a_shard_that_is_closed_keeps_no_other_shops_rows(
    running: Outbox, book: SqliteBook, rows: int
) -> None:
    settle = running.handlers["settle"] = Recorder()
    settle.error, settle.failing = Outage(), lambda payload: payload["shops"] == ["ada"]
    await book.write(settle_at, [*["ada"] * rows, "bob"])

    await running.flush()

    assert [payload["shops"] for payload in settle.payloads] == [["bob"]]
    settle.error = None
    await running.flush()
    await noted(book, (0, rows + 1))


async def test_while_all_are_away_a_round_has_an_end(running: Outbox, book: SqliteBook) -> None:
    tried = []

    async def away(ident: int, _payload: Payload) -> None:
        tried.append(ident)
        raise Outage

    running.handlers["settle"] = away
    await book.write(settle_at, [f"shop-{n}" for n in range(2000)])

    await running.flush(20)

    most = outbox_module.MOST_FAILURES + outbox_module.AT_ONCE
    assert 0 < len(tried) < most


async def test_rows_that_cannot_be_handled_keep_no_others(
    running: Outbox, book: SqliteBook
) -> None:
    settle = running.handlers["settle"] = Recorder()
    settle.error, settle.failing = KeyError("mug-blue"), lambda payload: payload["n"] < 10
    await book.write(note, "settle", *range(11))

    for _ in range(3):
        await running.flush()

    assert settle.payloads == [{"n": 10}]


async def test_a_handlers_bug_is_logged_once_and_the_row_is_kept(
    running: Outbox, book: SqliteBook, caplog: pytest.LogCaptureFixture
) -> None:
    settle = running.handlers["settle"] = Recorder()
    settle.error, settle.failing = KeyError("mug-blue"), lambda payload: payload["n"] == 1
    await book.write(note, "settle", 1, 2)

    await running.flush(20.0)
    await running.flush(20.0)

    assert settle.payloads == [{"n": 2}]
    await noted(book, (1, 1))
    assert caplog.text.count("cannot be handled") == 1


async def test_a_handler_that_hangs_is_given_up(
    running: Outbox, book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "HANDLER_S", 0.02)

    async def hang(_ident: int, _payload: Payload) -> None:
        await asyncio.sleep(60)

    running.handlers["settle"] = hang
    await book.write(note, "settle", 1)

    await running.flush(20.0)

    await noted(book, (1, 0))


async def test_an_unknown_kind_is_kept_and_named_once(
    running: Outbox, book: SqliteBook, caplog: pytest.LogCaptureFixture
) -> None:
    await book.write(note, "points", 1, 2)

    await running.flush(20.0)
    await running.flush(20.0)

    await noted(book, (2, 0))
    assert caplog.text.count("nobody handles the outbox's 'points'") == 1


async def test_a_row_that_another_process_left_is_found(
    running: Outbox, book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = running.handlers["settle"] = Recorder()
    monkeypatch.setattr(outbox_module, "PERIOD_S", 0.02)
    await running.flush(20.0)

    await book.write(note, "settle", 1)

    await until(lambda: bool(settle.rows))


async def test_more_rows_than_a_page_are_delivered_in_one_round(
    running: Outbox, book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "PAGE", 10)
    settle = running.handlers["settle"] = Recorder()
    await book.write(note, "settle", *range(35))

    await running.flush(20.0)

    assert settle.payloads == [{"n": n} for n in range(35)]


async def test_flush_without_a_runner_delivers_by_itself(outbox: Outbox, book: SqliteBook) -> None:
    settle = outbox.handlers["settle"] = Recorder()
    await book.write(note, "settle", 1)

    await outbox.flush(20.0)

    assert settle.payloads == [{"n": 1}]


async def test_flush_never_waits_longer_than_it_may_and_never_raises(
    running: Outbox, book: SqliteBook
) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_ident: int, _payload: Payload) -> None:
        started.set()
        await may_end.wait()

    running.handlers["settle"] = slow
    await book.write(note, "settle", 1)

    await running.flush(timeout_s=0.05)

    assert started.is_set()
    may_end.set()
    await running.flush(20.0)
    await noted(book, (0, 1))


async def test_flush_waits_for_what_was_committed_while_a_round_is_under_way(
    running: Outbox, book: SqliteBook
) -> None:
    seen: list[int] = []

    async def slow(_ident: int, payload: Payload) -> None:
        await asyncio.sleep(0.05)
        seen.append(payload["n"])

    running.handlers["settle"] = slow
    await book.write(note, "settle", 1)
    first = asyncio.create_task(running.flush(20.0))
    await asyncio.sleep(0.02)
    await book.write(note, "settle", 2)

    await running.flush(20.0)

    assert seen == [1, 2]
    await first


async def test_a_lost_book_does_not_end_the_outbox(
    running: Outbox, book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = running.handlers["settle"] = Recorder()
    await book.write(note, "settle", 1)

    async def lost(*_args: object) -> Awaitable[object]:
        raise Outage

    with monkeypatch.context() as patch:
        patch.setattr(book, "read", lost)
        await running.flush(20.0)
    assert settle.rows == []
    await running.flush(20.0)

    assert settle.payloads == [{"n": 1}]


async def test_done_rows_are_pruned_after_a_day_and_their_ids_never_used_again(
    book: SqliteBook, clock: StoppedClock
) -> None:
    for round_ in range(2):
        outbox = Outbox(book, clock)
        settle = outbox.handlers["settle"] = Recorder()
        await book.write(note, "settle", 1)
        await outbox.flush(20.0)
        assert settle.rows[0][0] == round_ + 1
        clock.advance(outbox_module.KEPT_MS + 1)
        task = asyncio.create_task(outbox.run())
        await until_told(lambda: is_empty(book))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
