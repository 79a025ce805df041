"""What a run needs from the machine: a redis-server a worker, and a migrated book."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from store.sql.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def redis_servers(count: int) -> Iterator[list[str]]:
    """The sockets of that many servers; they go when the block ends."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise SystemExit("The simulation needs redis-server or valkey-server.")
    with tempfile.TemporaryDirectory(prefix="yc-sim-") as folder:
        running = []
        try:
            sockets = []
            for number in range(count):
                sockets.append(f"{folder}/{number}.sock")
                command = [program, "--port", "0", "--unixsocket", sockets[-1], "--save", ""]
                command += ["--appendonly", "no", "--dir", folder, "--logfile", f"{folder}/log"]
                running.append(subprocess.Popen(command))
            for path in sockets:
                _wait_for(path)
            yield sockets
        finally:
            for process in running:
                process.kill()
                process.wait()


@contextmanager
def migrated_book() -> Iterator[Path]:
    """An empty, migrated SQLite file."""
    with tempfile.TemporaryDirectory(prefix="yc-sim-") as folder:
        path = Path(folder) / "book.db"
        migrate(f"sqlite:///{path}")
        yield path


def _wait_for(path: str) -> None:
    for _ in range(1000):
        if Path(path).exists():
            return
        time.sleep(0.005)
    raise TimeoutError("redis-server does not start")
