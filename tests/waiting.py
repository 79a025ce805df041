"""Waiting for something to become true, never without end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    """Look again and again; a TimeoutError when it does not come true in time."""

    async def look() -> bool:
        return is_so()

    await until_told(look, within_s)


async def until_told(is_so: Callable[[], Awaitable[bool]], within_s: float = 20.0) -> None:
    """As :func:`until`, for what must be asked."""
    async with asyncio.timeout(within_s):
        while not await is_so():  # noqa: ASYNC110 - what is waited for happens elsewhere
            await asyncio.sleep(0.002)
