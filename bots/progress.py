"""A line on standard error that tells how far the run is."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Progress"]

TERMINAL_EVERY_S: Final = 1.0
LOG_EVERY_S: Final = 5.0
"""In a log each line stays, so there are fewer."""


class Progress:
    """Says one line again and again, until the block ends.

    Args:
        describe: Gives the line's text.

    """

    def __init__(self, describe: Callable[[], str]) -> None:
        self._describe = describe
        self._is_terminal = sys.stderr.isatty()
        self._begun = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._repeat())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(TERMINAL_EVERY_S if self._is_terminal else LOG_EVERY_S)
            line = f"{time.monotonic() - self._begun:4.0f} s  {self._describe()}"
            sys.stderr.write(f"\r{line}\x1b[K" if self._is_terminal else f"{line}\n")
            sys.stderr.flush()
