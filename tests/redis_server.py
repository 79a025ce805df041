"""Redis servers of the tests' own: real processes on sockets that nobody else can have taken."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import redis as sync_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["REDIS", "RedisServer", "serving_redis", "wait_for_redis"]

REDIS: Final = shutil.which("redis-server") or shutil.which("valkey-server")
START_S: Final = 20.0


@dataclass(frozen=True)
class RedisServer:
    """One that runs, and a client of it."""

    process: subprocess.Popen[bytes]
    socket: Path
    client: sync_redis.Redis

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"


@contextmanager
def serving_redis(*options: str) -> Iterator[RedisServer]:
    """An empty Redis that keeps nothing, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="yc-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        command = [str(REDIS), "--port", "0", "--unixsocket", str(socket), "--save", ""]
        command += ["--appendonly", "no", "--dir", folder, "--logfile", "log"]
        # A replica is sent its copy at once, not after five seconds.
        command += ["--repl-diskless-sync-delay", "0", *options]
        with (
            subprocess.Popen(command) as process,
            sync_redis.Redis(unix_socket_path=str(socket)) as client,
        ):
            try:
                wait_for_redis(client)
                yield RedisServer(process, socket, client)
            finally:
                process.kill()


def wait_for_redis(client: sync_redis.Redis) -> None:
    """Until it answers; the event loop may stand still so long, for nothing else has begun."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            client.ping()
        except sync_redis.ConnectionError:
            time.sleep(0.005)
        else:
            return
    raise TimeoutError("redis-server does not answer")
