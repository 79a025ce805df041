"""A process of our own, kept running for as long as we run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

__all__ = ["Child"]

logger = logging.getLogger(__name__)

ROOT: Final = Path(__file__).parent.parent

AGAIN_S: Final = 0.2
"""Before one that died is started again."""

LATEST_S: Final = 5.0
"""The same for one that does not stay."""

STAYED_S: Final = 2.0
"""Who has run for so long has started well."""


class Child:
    """A program of this installation, started again when it dies.

    It has a pipe to us as its standard input, for lines of text; when that ends, we have
    stopped or died, and it has to end.

    Args:
        name: What it is, for the log.
        command: What follows ``python``.
        environ: What it is told besides our own environment: never on its command line, which
            all users of the machine see.
        stop_s: How long it may take to end.

    """

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], *, stop_s: float
    ) -> None:
        self._name = name
        self._command = [sys.executable, *command]
        self._environ = {**os.environ, **environ}
        self._stop_s = stop_s
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def __aenter__(self) -> Self:
        """Start it; it needs a moment until it can be spoken to."""
        process = await self._started()
        self._keeping = asyncio.create_task(self._keep(process), name=self._name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it, in order if it can."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.say_farewell()
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(self._stop_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def tell(self, line: str) -> None:
        """Give it a line of its input; one that has just died is not told."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(line.encode() + b"\n")

    def make_ready(self) -> None:
        """Do what has to be done before each start."""

    def welcome(self) -> None:
        """Tell one that has just started what it has to know."""

    def say_farewell(self) -> None:
        """Tell it that it is to end, if the end of its input does not say enough."""

    async def _started(self) -> asyncio.subprocess.Process:
        self.make_ready()
        process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environ, cwd=ROOT, stdin=asyncio.subprocess.PIPE
        )
        self._process = process
        self.welcome()
        return process

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        loop, pause = asyncio.get_running_loop(), AGAIN_S
        began = loop.time()
        while True:
            code = await process.wait()
            logger.error("%s ended with %d: starting it again", self._name, code)
            pause = AGAIN_S if loop.time() - began > STAYED_S else min(2 * pause, LATEST_S)
            await asyncio.sleep(pause)
            began = loop.time()
            try:
                process = await self._started()
            except OSError as error:
                # Out of memory or files: it has no process to wait for, and is tried again.
                logger.error("%s cannot be started: %s", self._name, error)  # noqa: TRY400
