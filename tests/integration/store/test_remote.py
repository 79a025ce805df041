from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from base.errors import Conflict, Outage
from store.sql.remote import BookServer, RemoteBook
from store.sql.rows import Connection, insert, select
from store.sql.tables import order_numbers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from store.sql.writer import SqliteBook


def note(conn: Connection, shop: str) -> str:
    conn.execute(insert(order_numbers), {"shop": shop, "last": 1})
    return shop


def shops(conn: Connection) -> list[str]:
    return list(conn.execute(select(order_numbers.c.shop).order_by("shop")).scalars())


def wait_then_note(conn: Connection, shop: str) -> str:
    gate.wait(5)
    return note(conn, shop)


def raise_what_cannot_travel(_conn: Connection) -> None:
    early_gate.wait(5)
    raise Conflict(threading.Lock())  # type: ignore[arg-type]


def return_what_cannot_travel(_conn: Connection) -> object:
    early_gate.wait(5)
    return threading.Lock()


gate = threading.Event()
early_gate = threading.Event()


@pytest.fixture(autouse=True)
def closed_gate() -> None:
    gate.clear()
    early_gate.clear()


@pytest.fixture
async def server(book: SqliteBook, tmp_path: Path) -> AsyncIterator[BookServer]:
    server = BookServer(book, tmp_path / "book.sock")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def remote(
    server: BookServer, book: SqliteBook, tmp_path: Path
) -> AsyncIterator[RemoteBook]:
    remote = RemoteBook(tmp_path / "book.sock", book.path)
    yield remote
    await remote.close()


async def test_operations_of_several_processes_reach_one_book(
    remote: RemoteBook, book: SqliteBook, tmp_path: Path
) -> None:
    other = RemoteBook(tmp_path / "book.sock", book.path)

    await asyncio.gather(remote.write(note, "a"), other.write(note, "b"), book.write(note, "c"))

    assert await remote.read(shops) == await other.read(shops) == ["a", "b", "c"]
    await other.close()


async def test_the_socket_is_private(server: BookServer, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "book.sock").stat().st_mode) == 0o600
    await server.stop()
    assert not (tmp_path / "book.sock").exists()


async def test_a_lost_writer_is_an_outage_and_is_found_again(
    remote: RemoteBook, server: BookServer
) -> None:
    waiting = asyncio.create_task(remote.write(wait_then_note, "unknown"))
    await asyncio.sleep(0.05)

    await server.stop()

    with pytest.raises(Outage):
        await waiting
    gate.set()
    with pytest.raises(Outage):
        await remote.write(note, "lost")
    await server.start()
    assert await remote.write(note, "then") == "then"
    # The operation that was under way may have happened: the caller was not told either way.
    assert await remote.read(shops) in (["then"], ["then", "unknown"])


async def test_without_a_writer_there_is_an_outage_at_once(
    book: SqliteBook, tmp_path: Path
) -> None:
    remote = RemoteBook(tmp_path / "nobody.sock", book.path)

    with pytest.raises(Outage):
        await remote.write(note, "a")
    assert await remote.read(shops) == []
    await remote.close()


async def test_an_operation_that_cannot_travel_is_its_callers_bug(remote: RemoteBook) -> None:
    with pytest.raises((AttributeError, TypeError)):
        await remote.write(lambda conn: note(conn, "a"))

    assert await remote.write(note, "then") == "then"


@pytest.mark.parametrize("op", [raise_what_cannot_travel, return_what_cannot_travel])
async def test_an_answer_that_cannot_travel_fails_its_caller_alone(
    remote: RemoteBook, op: Callable[[Connection], object]
) -> None:
    bad = asyncio.ensure_future(remote.write(op))
    await asyncio.sleep(0.05)
    neighbour = asyncio.ensure_future(remote.write(wait_then_note, "neighbour"))
    await asyncio.sleep(0.05)

    early_gate.set()
    with pytest.raises((Outage, TypeError)):
        await bad
    gate.set()

    assert await neighbour == "neighbour"


async def test_an_answer_that_is_late_is_an_outage(
    remote: RemoteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sql.remote.WRITE_S", 0.05)

    with pytest.raises(Outage):
        await remote.write(wait_then_note, "late")

    gate.set()
    monkeypatch.undo()
    assert await remote.write(note, "then") == "then"


async def test_a_caller_that_leaves_disturbs_nobody(remote: RemoteBook) -> None:
    gone = asyncio.create_task(remote.write(wait_then_note, "gone"))
    await asyncio.sleep(0.05)
    gone.cancel()
    gate.set()

    assert await remote.write(note, "stays") == "stays"
    assert await remote.read(shops) == ["gone", "stays"]


async def test_a_killed_process_leaves_the_book_to_the_others(
    remote: RemoteBook, book: SqliteBook, tmp_path: Path
) -> None:
    """It dies in the middle of a frame."""
    code = (
        "import socket, sys, os; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        "s.send(bytes([0, 0, 9, 9, 1])); print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "book.sock")]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()

    process.kill()
    await process.wait()

    assert await remote.write(note, "then") == "then"
    assert await book.read(shops) == ["then"]
