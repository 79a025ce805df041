from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from base.errors import Conflict, Outage
from store.sql import connect, lane
from store.sql.rows import Connection, insert, insert_or_ignore, select
from store.sql.tables import claims, order_numbers
from store.sql.writer import SqliteBook


def note(conn: Connection, shop: str) -> str:
    conn.execute(insert(order_numbers), {"shop": shop, "last": 1})
    return shop


def note_then_refuse(conn: Connection, shop: str) -> None:
    note(conn, shop)
    raise Conflict("no")


def shops(conn: Connection) -> list[str]:
    return list(conn.execute(select(order_numbers.c.shop).order_by("shop")).scalars())


def write_much(conn: Connection) -> None:
    conn.exec_driver_sql("PRAGMA max_page_count = 1")
    for n in range(100):
        note(conn, f"{n:03d}" + "x" * 10_000)


def make_room(conn: Connection) -> None:
    conn.exec_driver_sql("PRAGMA max_page_count = 1073741823")


def write_a_promise_that_breaks_at_commit(conn: Connection) -> None:
    conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    row = {"checkout": "nowhere", "sku": "mug", "shop": "s", "qty": 1, "state": "open"}
    conn.execute(insert(claims), row)


def settings(conn: Connection) -> list[object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    return [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]


def delete_everything(conn: Connection) -> None:
    conn.execute(order_numbers.delete())


class Gate:
    """Holds the writer until it is opened, so that a group gathers behind it."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def wait(self, _conn: Connection) -> None:
        self._open.wait(5)

    def open(self) -> None:
        self._open.set()


async def test_every_commit_is_on_disk_before_it_is_told(book: SqliteBook) -> None:
    assert await book.write(settings) == ["wal", 2, 1, 5000]


async def test_a_failing_operation_is_undone_within_its_group(book: SqliteBook) -> None:
    gate = Gate()
    waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(book.write(gate.wait))]
    for shop in ("a", "b", "c"):
        waiting.append(asyncio.ensure_future(book.write(note, shop)))
        waiting.append(asyncio.ensure_future(book.write(note_then_refuse, shop + "-refused")))
    await asyncio.sleep(0.01)
    gate.open()

    outcomes: list[object] = list(await asyncio.gather(*waiting, return_exceptions=True))

    assert [type(one) for one in outcomes[2::2]] == [Conflict] * 3
    assert outcomes[1::2] == ["a", "b", "c"]
    assert await book.read(shops) == ["a", "b", "c"]


async def test_a_full_disk_is_an_outage_and_passes(book: SqliteBook) -> None:
    await book.write(note, "before")

    with pytest.raises(Outage):
        await book.write(write_much)

    assert await book.read(shops) == ["before"]
    await book.write(make_room)
    await book.write(note, "then")
    assert await book.read(shops) == ["before", "then"]


async def test_a_commit_that_fails_is_an_outage_for_its_whole_group(book: SqliteBook) -> None:
    gate = Gate()
    waiting: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(book.write(gate.wait)),
        asyncio.ensure_future(book.write(note, "neighbour")),
        asyncio.ensure_future(book.write(write_a_promise_that_breaks_at_commit)),
    ]
    await asyncio.sleep(0.01)
    gate.open()

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    # The gate may have been a group of its own.
    assert [type(one) for one in outcomes[1:]] == [Outage, Outage]
    assert await book.read(shops) == []
    assert await book.write(note, "then") == "then"


async def test_a_file_that_another_program_locks_is_an_outage_and_passes(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "BUSY_TIMEOUT_MS", 50)
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "book.db"))
    book = SqliteBook(path)
    await book.write(note, "before")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Outage):
        await book.write(note, "during")
    assert await book.read(shops) == ["before"]
    other.execute("ROLLBACK")
    other.close()

    await book.write(note, "then")
    assert await book.read(shops) == ["before", "then"]
    await book.close()


async def test_a_file_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    book = SqliteBook(tmp_path / "nowhere" / "book.db")

    for _ in range(2):
        with pytest.raises(Outage):
            await book.write(note, "mugs")
        with pytest.raises(Outage):
            await book.read(shops)
    await book.close()


async def test_a_reader_does_not_wait_for_the_writer(book: SqliteBook) -> None:
    gate = Gate()
    writing = asyncio.ensure_future(book.write(gate.wait))
    await asyncio.sleep(0.01)

    assert await book.read(shops) == []

    assert not writing.done()
    gate.open()
    await writing


async def test_a_reader_cannot_write(book: SqliteBook) -> None:
    await book.write(note, "mugs")

    with pytest.raises(Outage):
        await book.read(delete_everything)

    assert await book.read(shops) == ["mugs"]


async def test_too_many_waiting_operations_are_refused(
    book: SqliteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "WAITING", 3)
    gate = Gate()
    writing = asyncio.ensure_future(book.write(gate.wait))
    await asyncio.sleep(0.05)
    waiting = [asyncio.ensure_future(book.write(note, f"shop-{n}")) for n in range(5)]
    await asyncio.sleep(0.01)
    gate.open()

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(one) for one in outcomes] == [str, str, str, Outage, Outage]
    await writing


async def test_what_was_asked_before_closing_is_committed(book: SqliteBook) -> None:
    waiting = asyncio.gather(*(book.write(note, f"shop-{n}") for n in range(50)))
    await asyncio.sleep(0)

    await book.close()

    assert len(await waiting) == 50
    with sqlite3.connect(book.path) as reader:
        assert reader.execute("SELECT count(*) FROM order_numbers").fetchone() == (50,)
    reader.close()


async def test_a_caller_that_leaves_disturbs_nobody(book: SqliteBook) -> None:
    gate = Gate()
    writing = asyncio.ensure_future(book.write(gate.wait))
    gone = asyncio.ensure_future(book.write(note, "gone"))
    stays = asyncio.ensure_future(book.write(note, "stays"))
    await asyncio.sleep(0.01)
    gone.cancel()
    gate.open()

    assert await stays == "stays"
    await writing
    assert await book.read(shops) == ["gone", "stays"], "its operation stands"


WRITE = """
import asyncio, sys
from pathlib import Path
from typing import Any
from store.sql.rows import insert_or_ignore
from store.sql.tables import order_numbers
from store.sql.writer import SqliteBook

def note(conn, shop):
    insert_or_ignore(conn, order_numbers, shop=shop, last=1)

async def main():
    book = SqliteBook(Path(sys.argv[1]))
    async def buyer(n):
        for i in range(100000):
            await book.write(note, f"{n}-{i}")
            print(f"{n}-{i}", flush=True)
    await asyncio.gather(*map(buyer, range(20)))

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "book.db"))
    command = [sys.executable, "-c", WRITE, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        told = [server.stdout.readline() for _ in range(500)]
        server.kill()
        told += server.stdout.readlines()

    with sqlite3.connect(path) as reader:
        kept = {shop for (shop,) in reader.execute("SELECT shop FROM order_numbers")}
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    reader.close()
    assert {line.strip() for line in told if line.endswith("\n")} <= kept


async def test_a_repeated_insert_costs_no_error(book: SqliteBook) -> None:
    def twice(conn: Connection) -> list[bool]:
        return [insert_or_ignore(conn, order_numbers, shop="mugs", last=n) for n in (1, 2)]

    assert await book.write(twice) == [True, False]
