"""Worker processes: started, watched, started again when they die, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from base.errors import Outage

__all__ = ["Workers", "answering", "reserved"]

logger = logging.getLogger(__name__)

AGAIN_S: Final = 0.5
STOP_S: Final = 15.0
START_S: Final = 20.0
STEP_S: Final = 0.01


class Workers:
    """Runs ``count`` processes of one command.

    Each has a pipe to us as its standard input: when we die, however suddenly, it reads the
    end of the pipe and stops.

    Args:
        command: What to run.
        environ: Its environment.
        stop_s: How long a worker may take to stop.

    """

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        stop_s: float = STOP_S,
    ) -> None:
        self._count = count
        self._command = command
        self._environ = dict(environ)
        self._stop_s = stop_s
        self._running: dict[int, asyncio.subprocess.Process] = {}

    async def run(self) -> None:
        """Keep all running until cancelled, then stop them."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._count):
                    group.create_task(self._keep(number), name=f"worker {number}")
        finally:
            await self._stop()

    async def _keep(self, number: int) -> None:
        while True:
            process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environ, stdin=asyncio.subprocess.PIPE
            )
            self._running[number] = process
            code = await process.wait()
            self._running.pop(number, None)
            logger.error("worker %d died with %d: starting it again", number, code)
            await asyncio.sleep(AGAIN_S)

    async def _stop(self) -> None:
        left = list(self._running.values())
        for process in left:
            if process.returncode is None:
                process.terminate()
        waits = [asyncio.create_task(process.wait()) for process in left]
        if waits:
            await asyncio.wait(waits, timeout=self._stop_s)
        for process in left:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*waits)


@contextlib.contextmanager
def reserved(host: str, port: int) -> Iterator[int]:
    """Keep a port for other processes of this user to listen on; 0 lets the kernel choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        place.bind((host, port))
        yield int(place.getsockname()[1])


async def answering(host: str, port: int, stop: asyncio.Event) -> None:
    """Wait until a worker answers, or we are told to stop.

    Raises:
        Outage: None does.

    """
    for _ in range(int(START_S / STEP_S)):
        if stop.is_set():
            return
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        await asyncio.sleep(STEP_S)
    raise Outage("No worker starts. The lines above say why.")
