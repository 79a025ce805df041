"""Real stores for the tests: one Redis and one PostgreSQL a worker, fresh data a test."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis as sync_redis

from store.redis.connect import Client, close, connect
from store.redis.scripts import Scripts
from store.sql.migrate import migrate
from store.sql.writer import SqliteBook
from tests.clock import StoppedClock
from tests.redis_server import REDIS, serving_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a redis-server of this worker's own."""
    if REDIS is None:
        pytest.skip("needs redis-server or valkey-server")
    with serving_redis() as server:
        yield server.url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of a Redis without keys, scripts or other clients."""
    with sync_redis.Redis.from_url(redis_server) as client:
        client.flushall()
        client.script_flush()
    return redis_server


@pytest.fixture
async def redis_client(redis_url: str) -> AsyncIterator[Client]:
    client = connect(redis_url)
    yield client
    await close(client)


@pytest.fixture
async def scripts(redis_client: Client) -> AsyncIterator[Scripts]:
    scripts = Scripts(redis_client)
    await scripts.load()
    yield scripts
    await scripts.close()


@pytest.fixture(scope="session")
def migrated_sqlite() -> Iterator[Path]:
    """A migrated, empty database to copy from: copying is quicker than migrating."""
    with tempfile.TemporaryDirectory(prefix="yc-book-") as folder:
        path = Path(folder) / "book.db"
        migrate(f"sqlite:///{path}")
        yield path


@pytest.fixture
async def book(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[SqliteBook]:
    path = tmp_path / "book.db"
    shutil.copy(migrated_sqlite, path)
    book = SqliteBook(path)
    yield book
    await book.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The folder of the socket of a PostgreSQL of this worker's own."""
    programs = _postgres_programs()
    with tempfile.TemporaryDirectory(prefix="yc-pg-") as folder:
        # Neither initdb nor the server runs as root.
        owner = _server_user() if os.getuid() == 0 else None
        if owner:
            shutil.chown(folder, owner)
        data = f"{folder}/data"
        initdb = [f"{programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust"]
        initdb += ["--no-sync", "-E", "UTF8", "--locale", "C"]
        subprocess.run(initdb, check=True, user=owner, cwd=folder, stdout=subprocess.DEVNULL)
        command = [f"{programs}/postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
        command += ["-c", "fsync=off", "-c", "deadlock_timeout=50ms"]
        with (
            Path(folder, "log").open("wb") as log,
            subprocess.Popen(command, user=owner, cwd=folder, stdout=log, stderr=log) as process,
        ):
            try:
                _wait_for_postgres(programs, folder)
                yield folder
            finally:
                # At once: a test that failed may have left a connection open.
                process.send_signal(signal.SIGINT)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The address of an empty database."""
    return _new_database(postgres_server)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """A migrated, empty database to copy from: copying is quicker than migrating."""
    url = _new_database(postgres_server, name="migrated")
    migrate(url)
    return "migrated"


@pytest.fixture
def postgres_book_url(postgres_server: str, migrated_postgres: str) -> str:
    """The address of a database with our tables."""
    return _new_database(postgres_server, like=migrated_postgres)


def _new_database(folder: str, name: str = "", like: str = "template1") -> str:
    name = name or f"t{uuid.uuid4().hex}"
    command = [f"{_postgres_programs()}/createdb", "-h", folder, "-U", "postgres"]
    subprocess.run([*command, "-T", like, name], check=True, cwd=folder)
    return f"postgresql://postgres@/{name}?host={folder}"


def _postgres_programs() -> str:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or sorted(
        {str(Path(path).parent) for path in [shutil.which("initdb")] if path}
    )
    if not found:
        pytest.skip("needs PostgreSQL's server programs")
    return found[-1]


def _server_user() -> str:
    users = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


def _wait_for_postgres(programs: str, folder: str) -> None:
    command = [f"{programs}/pg_isready", "-q", "-h", folder, "-U", "postgres"]
    for _ in range(1000):
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(0.02)
    raise TimeoutError("PostgreSQL does not answer")
