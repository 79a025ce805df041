"""A Redis that outlived the server which had started it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Final

__all__ = ["ask_to_end", "kill"]

ASK_S: Final = 2.0


async def ask_to_end(path: Path) -> bool:
    """Tell the Redis behind the socket to shut down; whether it has heard."""
    try:
        async with asyncio.timeout(ASK_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                writer.write(b"SHUTDOWN NOSAVE FORCE\r\n")
                answer = await reader.read()  # nothing, but the end of the connection
            finally:
                writer.close()
    except OSError:  # nobody listens, or it hangs: TimeoutError is an OSError
        return False
    return not answer


def kill(folder: Path, path: Path) -> None:
    """Kill the Redis of this folder by its process id, if that can be told for sure."""
    for pid in (_listener(path), _noted(folder)):
        if pid is not None and _works_in(pid, folder):
            os.kill(pid, signal.SIGKILL)
            return


def _listener(path: Path) -> int | None:
    """Who listens on the socket, by the kernel's word, also when it is stopped."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ASK_S)
        try:
            probe.connect(str(path))
        except OSError:
            return None
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def _noted(folder: Path) -> int | None:
    try:
        return int((folder / "redis.pid").read_text())
    except (OSError, ValueError):
        return None


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process is the folder's own: a stale note may name another program."""
    proc = Path(f"/proc/{pid}/cwd")
    try:
        return not Path("/proc").is_dir() or proc.samefile(folder)
    except OSError:
        return False
