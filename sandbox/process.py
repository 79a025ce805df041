"""Keeps the provider running as a process of its own, as a real one would be."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["API_KEY", "LOG_LEVEL", "WEBHOOK_KEY", "SandboxProcess"]

logger = logging.getLogger(__name__)

API_KEY: Final = "YELLOWCART_SANDBOX_API_KEY"
WEBHOOK_KEY: Final = "YELLOWCART_SANDBOX_WEBHOOK_KEY"
LOG_LEVEL: Final = "YELLOWCART_LOG_LEVEL"
"""How the process is told; never on its command line, which all users of the machine see."""

STOP_S: Final = 3.0
AGAIN_S: Final = 0.2
"""Before one that died is started again; its store has all that it promised."""

LATEST_S: Final = 5.0
"""The same for one that does not stay."""

STAYED_S: Final = 2.0
"""Who has run for so long has started well."""


class SandboxProcess:
    """The practice provider on a unix socket, started again when it dies.

    Args:
        store: Its SQLite file.
        socket: Where it listens.
        api_key: What callers show.
        webhook_secret: Signs webhooks.
        log_level: Of its log, on our standard error.

    """

    def __init__(
        self, *, store: Path, socket: Path, api_key: str, webhook_secret: str, log_level: str
    ) -> None:
        self._socket = socket
        self._command = [sys.executable, "-m", "sandbox", str(store.absolute()), str(socket)]
        self._environ = {
            **os.environ,
            API_KEY: api_key,
            WEBHOOK_KEY: webhook_secret,
            LOG_LEVEL: log_level,
        }
        self._webhook_url: str | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    def send_webhooks_to(self, url: str) -> None:
        """Have webhooks sent there from now on, also by one that is started again."""
        self._webhook_url = url
        if self._process is not None:
            tell(self._process, f"webhook {url}")

    async def __aenter__(self) -> Self:
        """Start it; until it listens, connections to it are refused."""
        process = await self._started()
        self._keeping = asyncio.create_task(self._keep(process), name="sandbox")
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
        tell(process, "stop")
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _started(self) -> asyncio.subprocess.Process:
        self._socket.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environ,
            cwd=Path(__file__).parent.parent,
            stdin=asyncio.subprocess.PIPE,
        )
        self._process = process
        if self._webhook_url is not None:
            tell(process, f"webhook {self._webhook_url}")
        return process

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        loop, pause = asyncio.get_running_loop(), AGAIN_S
        began = loop.time()
        while True:
            code = await process.wait()
            logger.error("the practice payment provider ended with %d: starting it again", code)
            pause = AGAIN_S if loop.time() - began > STAYED_S else min(2 * pause, LATEST_S)
            await asyncio.sleep(pause)
            began = loop.time()
            try:
                process = await self._started()
            except OSError as error:
                # Out of memory or files: it has no process to wait for, and is tried again.
                logger.error("the practice payment provider cannot be started: %s", error)  # noqa: TRY400


def tell(process: asyncio.subprocess.Process, line: str) -> None:
    """Give it a line of its input."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # It has just died: the next one is told.
            process.stdin.write(line.encode() + b"\n")
