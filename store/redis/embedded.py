"""A Redis of our own in the data folder, for an installation without one."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import signal
from typing import TYPE_CHECKING, Final

from base.errors import Outage
from store.folder import short_socket
from store.redis import orphan
from store.redis.connect import UnfitRedisError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EmbeddedRedis"]

logger = logging.getLogger(__name__)

PROGRAMS: Final = ("redis-server", "valkey-server")

OPTIONS: Final = {
    "port": "0",
    "unixsocket": "redis.sock",
    "unixsocketperm": "700",
    "daemonize": "no",
    "pidfile": "redis.pid",
    "logfile": "redis.log",
    "dir": ".",
    "save": "",
    "appendonly": "yes",
    # What was acknowledged survives `kill -9` and a power cut.
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
}

POLL_S: Final = 0.005
LOADING_S: Final = 300.0
"""For reading the data at start: a gigabyte takes some ten seconds."""

STOP_S: Final = 10.0
BACKOFF_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class EmbeddedRedis:
    """Runs redis-server or valkey-server on a private unix socket, and again if it dies.

    Whoever starts it owns the data folder (:meth:`store.folder.DataFolder.acquire`).

    Args:
        data_dir: The data folder; Redis lives in ``redis/`` inside it.

    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.absolute() / "redis"
        self._socket = short_socket(self._folder / "redis.sock")
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address for :func:`store.redis.connect.connect`."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The server's process while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the server; return when it answers with all its data.

        Raises:
            UnfitRedisError: There is no such program; the message says what to install.
            Outage: It ends at once or does not come up; the log says why.

        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._spawn()
        self._watcher = asyncio.create_task(self._watch(), name="embedded-redis")

    async def stop(self) -> None:
        """Stop the server; its data is on disk."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        await self._end()

    async def _watch(self) -> None:
        failures = 0
        while True:
            if self._process is not None:
                code = await self._process.wait()
                self._process = None
                logger.error("the embedded redis died with %d: starting it again", code)
            try:
                await self._spawn()
                failures = 0
            except (Outage, UnfitRedisError, OSError) as error:
                logger.warning("the embedded redis does not start: %s", error)
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1

    async def _spawn(self) -> None:
        program = _program()
        lock = await self._free_folder()
        try:
            self._process = await asyncio.create_subprocess_exec(
                program,
                *(word for name, value in OPTIONS.items() for word in (f"--{name}", value)),
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                # Redis holds the lock for as long as it lives, also when we are gone.
                pass_fds=(lock,),
                # Ctrl-C in a terminal is for us: Redis ends after the last purchase.
                start_new_session=True,
            )
        finally:
            os.close(lock)
        try:
            await self._ready(self._process)
        except BaseException:
            await self._end()
            raise

    async def _free_folder(self) -> int:
        """The folder's Redis lock, after a server that outlived its owner has ended."""
        lock = os.open(self._folder / "redis.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _try_lock(lock):
                await self._end_orphan(lock)
            self._socket.unlink(missing_ok=True)
        except BaseException:
            os.close(lock)
            raise
        return lock

    async def _end_orphan(self, lock: int) -> None:
        logger.warning("a redis of a dead server still runs: stopping it")
        if await orphan.ask_to_end(self._socket) and await _wait_for_lock(lock):
            return
        orphan.kill(self._folder, self._socket)
        if await _wait_for_lock(lock):
            return
        raise Outage("Another Redis holds the data folder and cannot be stopped.")

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(LOADING_S):
            while not await _answers(self._socket):
                if process.returncode is not None:
                    raise Outage(
                        f"redis-server ended with {process.returncode}: "
                        f"see {self._folder / 'redis.log'}."
                    )
                await asyncio.sleep(POLL_S)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                process.send_signal(number)
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except ProcessLookupError:
                return
            except TimeoutError:
                logger.warning("the embedded redis does not end: killing it")
            else:
                return


def _program() -> str:
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    raise UnfitRedisError(
        "Neither redis-server nor valkey-server is installed: install one "
        "(apt install redis-server, brew install valkey) or set YELLOWCART_REDIS_URL."
    )


async def _answers(path: Path) -> bool:
    """Whether a server behind the socket has loaded its data."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    except OSError:
        return False
    finally:
        writer.close()


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _wait_for_lock(lock: int) -> bool:
    for _ in range(round(STOP_S / POLL_S)):
        if _try_lock(lock):
            return True
        await asyncio.sleep(POLL_S)
    return False
