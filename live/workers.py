"""Worker processes: started, watched, started again when they die, and stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["Workers"]

logger = logging.getLogger(__name__)

AGAIN_S: Final = 0.5
STOP_S: Final = 15.0


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
