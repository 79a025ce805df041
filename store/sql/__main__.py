"""A process of the book: ``python -m store.sql BOOK SOCKET [--read-only]``.

It ends when its input does, which is when its server stops or has died. Until then it holds a
lock on its socket's name, so that the next one begins when this one has carried everything out.
"""

from __future__ import annotations

from base import quick_imports  # isort: skip - first, for it makes the others quicker

from base import undisturbed  # noqa: F401, isort: skip - second, for it may take a signal now

import argparse
import asyncio
import fcntl
import os
import sys
from pathlib import Path
from typing import Final

from base import logs
from store.sql.process import LOG_LEVEL
from store.sql.serving import BookServer
from store.sql.writer import reading, writing

quick_imports.all_loaded()

AGAIN_S: Final = 0.02


async def main(book: Path, socket: Path, *, read_only: bool) -> None:
    """Serve until the input ends."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    lock = os.open(socket.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while not is_locked(lock):
        if ended.is_set():
            return
        await asyncio.sleep(AGAIN_S)
    server = BookServer(reading(book) if read_only else writing(book), socket)
    await server.start()
    await ended.wait()
    server.stop()


def is_locked(lock: int) -> bool:
    """Take the lock, unless an earlier one has it still."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("book", type=Path)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args()
    logs.set_up(os.environ[LOG_LEVEL])
    asyncio.run(main(options.book, options.socket, read_only=options.read_only))
