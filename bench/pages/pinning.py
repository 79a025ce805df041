"""A host who pins one product after another."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import Any, Final

from tests.served import Served

__all__ = ["PRODUCTS", "command", "pin", "pin_in_turn"]

PRODUCTS: Final = ("mug-sunrise", "candle-amber", "tote-lemon", "notebook-daybreak")


async def command(served: Served, method: str, path: str, body: object = None) -> Any:
    """One act of an admin over HTTP."""
    token = served.token("bench-admin", "admin")
    status, answer = await asyncio.to_thread(served.http, method, path, body, token=token)
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status} {answer}")
    return answer


async def pin(served: Served, product: str) -> None:
    """Pin it."""
    await command(served, "POST", "/v1/shows/demo/pin", {"product": product})


async def pin_in_turn(served: Served, times: int, every_s: float) -> None:
    """Pin so many times, beginning with another than the first."""
    turn = cycle([*PRODUCTS[1:], PRODUCTS[0]])
    for _ in range(times):
        await pin(served, next(turn))
        await asyncio.sleep(every_s)
