from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from base.errors import Conflict, Outage
from base.settings import Settings
from store.sql.process import BookProcess
from store.sql.remote import RemoteBook
from store.sql.rows import Connection, insert, select
from store.sql.tables import order_numbers
from store.sql.writer import reading, writing
from store.stores import Addresses, prepare, serve_book
from tests.books import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from store.sql.writer import SqliteBook


def note(conn: Connection, shop: str) -> str:
    conn.execute(insert(order_numbers), {"shop": shop, "last": 1})
    return shop


def shops(conn: Connection) -> list[str]:
    return list(conn.execute(select(order_numbers.c.shop).order_by("shop")).scalars())


def note_slowly(conn: Connection, shop: str, pause_s: float) -> str:
    noted = note(conn, shop)
    time.sleep(pause_s)
    return noted


def wait_then_note(conn: Connection, shop: str) -> str:
    gate.wait(5)
    return note(conn, shop)


def raise_what_cannot_travel(_conn: Connection) -> None:
    raise Conflict(threading.Lock())  # type: ignore[arg-type]


def return_what_cannot_travel(_conn: Connection) -> object:
    return threading.Lock()


def take_all_bytes(_conn: Connection, data: bytes) -> bytes:
    return data[::-1]


class Poison:
    """Can be packed, and not unpacked."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return int, ("poison",)


def return_poison(_conn: Connection) -> Poison:
    return Poison()


def take_poison(_conn: Connection, _: Poison) -> None:
    raise AssertionError


def writer_of(book: SqliteBook, folder: Path) -> BookProcess:
    socket = folder / "its.sock"
    return BookProcess(book=book.path, socket=socket, read_only=False, log_level="info")


gate = threading.Event()


@pytest.fixture(autouse=True)
def closed_gate() -> None:
    gate.clear()


@pytest.fixture
async def sockets(book: SqliteBook, tmp_path: Path) -> AsyncIterator[tuple[Path, Path]]:
    writer, reader = tmp_path / "writer.sock", tmp_path / "reader.sock"
    async with served(writing(book.path), writer), served(reading(book.path), reader):
        yield writer, reader


@pytest.fixture
async def remote(sockets: tuple[Path, Path]) -> AsyncIterator[RemoteBook]:
    remote = RemoteBook(*sockets)
    yield remote
    await remote.close()


@pytest.fixture
async def process(book: SqliteBook, tmp_path: Path) -> AsyncIterator[BookProcess]:
    async with writer_of(book, tmp_path) as process:
        yield process


@pytest.fixture
async def far(
    process: BookProcess, sockets: tuple[Path, Path], tmp_path: Path
) -> AsyncIterator[RemoteBook]:
    """Its writer is a process that can be killed."""
    del process
    far = RemoteBook(tmp_path / "its.sock", sockets[1])
    yield far
    await far.close()


async def test_operations_of_several_processes_reach_one_book(
    remote: RemoteBook, book: SqliteBook, sockets: tuple[Path, Path]
) -> None:
    other = RemoteBook(*sockets)

    await asyncio.gather(remote.write(note, "a"), other.write(note, "b"), book.write(note, "c"))

    assert await remote.read(shops) == await other.read(shops) == ["a", "b", "c"]
    await other.close()


async def test_the_sockets_are_private(sockets: tuple[Path, Path]) -> None:
    assert [stat.S_IMODE(socket.stat().st_mode) for socket in sockets] == [0o600, 0o600]


async def test_a_reader_writes_nothing(sockets: tuple[Path, Path]) -> None:
    turned = RemoteBook(sockets[1], sockets[1])

    with pytest.raises(Outage):
        await turned.write(note, "a")

    assert await turned.read(shops) == []
    await turned.close()


async def test_a_killed_writer_is_an_outage_and_is_started_again(
    far: RemoteBook, process: BookProcess
) -> None:
    assert await far.write(note, "first") == "first"
    waiting = asyncio.create_task(far.write(note_slowly, "unknown", 5.0))
    await asyncio.sleep(0.1)

    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(Outage):
        await waiting
    async with asyncio.timeout(10):
        while True:
            # A dying process may take a connection yet.
            with suppress(Outage):
                assert await far.write(note, "then") == "then"
                break
    assert await far.read(shops) == ["first", "then"]


async def test_a_writer_that_is_told_to_stop_carries_out_what_it_was_asked(
    far: RemoteBook, process: BookProcess, book: SqliteBook
) -> None:
    await far.write(note, "first")
    pid = process.pid
    asked = [asyncio.create_task(far.write(note_slowly, f"shop-{n}", 0.1)) for n in range(5)]
    await asyncio.sleep(0.05)

    # As a service manager does, to all processes of a service.
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    await process.__aexit__(None, None, None)

    await asyncio.gather(*asked, return_exceptions=True)
    assert len(await book.read(shops)) == 1 + len(asked)


@asynccontextmanager
async def ending_slowly(far: RemoteBook, process: BookProcess) -> AsyncIterator[None]:
    """A writer that was told to end, with two seconds of work left."""
    await far.write(note, "first")
    slow = asyncio.create_task(far.write(note_slowly, "slow", 2.0))
    await asyncio.sleep(0.1)
    ending = asyncio.create_task(process.__aexit__(None, None, None))
    await asyncio.sleep(0.1)
    yield
    await asyncio.gather(slow, ending, return_exceptions=True)


async def test_the_next_writer_listens_when_the_last_one_has_ended(
    far: RemoteBook, process: BookProcess, book: SqliteBook, tmp_path: Path
) -> None:
    async with ending_slowly(far, process), writer_of(book, tmp_path):
        # It has loaded by now. A call would prove nothing: it waits for SQLite's own lock.
        await asyncio.sleep(1.2)
        assert await book.read(shops) == ["first"]
        assert not (tmp_path / "its.sock").exists()

        after = RemoteBook(tmp_path / "its.sock", tmp_path / "nobody.sock")
        assert await after.write(shops) == ["first", "slow"]
        await after.close()


async def test_a_server_begins_when_the_writer_of_a_dead_one_has_ended(
    far: RemoteBook,
    process: BookProcess,
    book: SqliteBook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It waits for SQLite's own lock, which a dead server's writer need not have yet.
    monkeypatch.setattr("store.stores.migrate", lambda _: None)
    settings = Settings(data_dir=tmp_path)
    async with ending_slowly(far, process):
        shutil.move(tmp_path / "its.lock", tmp_path / "writer.lock")
        async with serve_book(settings):
            await prepare(Addresses.of(settings, shared=True))
            assert await book.read(shops) == ["first", "slow"]


async def test_a_writer_that_waits_for_an_earlier_one_can_be_stopped(
    process: BookProcess, far: RemoteBook, book: SqliteBook, tmp_path: Path
) -> None:
    del process
    await far.write(note, "first")
    began = time.monotonic()

    async with writer_of(book, tmp_path):
        await asyncio.sleep(1.0)

    assert time.monotonic() - began < 5.0


async def test_without_a_writer_there_is_an_outage(
    sockets: tuple[Path, Path], tmp_path: Path
) -> None:
    remote = RemoteBook(tmp_path / "nobody.sock", sockets[1], patience_s=0.1)

    with pytest.raises(Outage):
        await remote.write(note, "a")
    assert await remote.read(shops) == []
    await remote.close()


async def test_a_writer_that_is_starting_is_waited_for(book: SqliteBook, tmp_path: Path) -> None:
    remote = RemoteBook(tmp_path / "its.sock", tmp_path / "nobody.sock")
    early = asyncio.create_task(remote.write(note, "early"))
    await asyncio.sleep(0.1)

    async with served(writing(book.path), tmp_path / "its.sock"):
        assert await early == "early"
        await remote.close()


async def test_all_who_wait_for_a_writer_have_waited_enough_at_the_same_time(
    sockets: tuple[Path, Path], tmp_path: Path
) -> None:
    remote = RemoteBook(tmp_path / "nobody.sock", sockets[1], patience_s=0.3)
    began = time.monotonic()

    heard = await asyncio.gather(
        *(remote.write(note, f"shop-{n}") for n in range(20)), return_exceptions=True
    )

    assert all(isinstance(one, Outage) for one in heard)
    assert time.monotonic() - began < 20 * 0.3 / 2
    await remote.close()


async def test_more_than_can_be_waited_for_is_refused(
    remote: RemoteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sql.remote.IN_FLIGHT", 2)
    first = asyncio.create_task(remote.write(wait_then_note, "first"))
    gone = asyncio.create_task(remote.write(note, "gone"))
    await asyncio.sleep(0.05)

    # Who has gone away has left work behind.
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    with pytest.raises(Outage):
        await remote.write(note, "refused")

    gate.set()
    assert await first == "first"
    assert await remote.write(note, "then") == "then"
    assert await remote.read(shops) == ["first", "gone", "then"]


async def test_an_operation_that_cannot_travel_is_its_callers_bug(remote: RemoteBook) -> None:
    with pytest.raises((AttributeError, TypeError)):
        await remote.write(lambda conn: note(conn, "a"))

    assert await remote.write(note, "then") == "then"


@pytest.mark.parametrize("op", [raise_what_cannot_travel, return_what_cannot_travel])
async def test_an_answer_that_cannot_travel_fails_its_caller_alone(
    remote: RemoteBook, op: Callable[[Connection], object]
) -> None:
    held = asyncio.ensure_future(remote.write(wait_then_note, "first"))
    await asyncio.sleep(0.05)
    bad = asyncio.ensure_future(remote.write(op))
    neighbour = asyncio.ensure_future(remote.write(note, "neighbour"))
    await asyncio.sleep(0.05)
    gate.set()

    with pytest.raises((Outage, TypeError)):
        await bad

    assert [await held, await neighbour] == ["first", "neighbour"]


async def test_what_cannot_be_read_fails_its_caller_alone(remote: RemoteBook) -> None:
    held = asyncio.ensure_future(remote.write(wait_then_note, "first"))
    await asyncio.sleep(0.05)
    answer = asyncio.ensure_future(remote.write(return_poison))
    asked = asyncio.ensure_future(remote.write(take_poison, Poison()))
    neighbour = asyncio.ensure_future(remote.write(note, "neighbour"))
    await asyncio.sleep(0.05)
    gate.set()

    for poisoned in (answer, asked):
        with pytest.raises(Outage):
            await poisoned

    assert [await held, await neighbour] == ["first", "neighbour"]


async def test_what_is_larger_than_a_socket_takes_at_once_travels(remote: RemoteBook) -> None:
    data = os.urandom(2_000_000)

    assert await remote.read(take_all_bytes, data) == data[::-1]


async def test_an_answer_that_is_late_is_an_outage(
    sockets: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sql.remote.WRITE_S", 0.3)
    monkeypatch.setattr("store.sql.remote.LOOK_S", 0.02)
    remote = RemoteBook(*sockets)

    with pytest.raises(Outage):
        await remote.write(wait_then_note, "late")

    gate.set()
    assert await remote.write(note, "then") == "then"
    await remote.close()


async def test_a_caller_that_leaves_disturbs_nobody(remote: RemoteBook) -> None:
    gone = asyncio.create_task(remote.write(wait_then_note, "gone"))
    await asyncio.sleep(0.05)
    gone.cancel()
    gate.set()

    assert await remote.write(note, "stays") == "stays"
    assert await remote.read(shops) == ["gone", "stays"]


@pytest.mark.parametrize("sent", [bytes([0, 0, 9, 9, 1]), bytes([0, 0, 0, 2]) + b"no"])
async def test_a_process_that_dies_or_talks_nonsense_leaves_the_book_to_the_others(
    remote: RemoteBook, book: SqliteBook, sockets: tuple[Path, Path], sent: bytes
) -> None:
    code = (
        "import socket, sys, os; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        "s.send(bytes.fromhex(sys.argv[2])); print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(sockets[0]), sent.hex()]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()

    process.kill()
    await process.wait()

    assert await remote.write(note, "then") == "then"
    assert await book.read(shops) == ["then"]
