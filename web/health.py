"""Routes of health: whether the server runs, whether it can sell, and what it measures."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from web.board import Board

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["BOARD", "alive", "measure", "ready"]

BOARD: Final = web.AppKey("board", Board)
CHECK_WITHIN_S: Final = 3.0
"""A balancer asks every few seconds; what does not answer by then cannot sell."""


async def alive(asked: Asked) -> object:
    """The loop runs, or nobody would answer."""
    return {"ok": True, "version": asked.services.version}


async def ready(asked: Asked) -> object:
    """Whether Redis, SQL and the feed are there: 200, or 503."""
    parts = dict.fromkeys(("redis", "sql", "feed"), False)
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            parts |= await asked.services.health.check()
    except TimeoutError:
        parts["ok"] = False
    found = {"ok": all(parts.values()), **{name: parts[name] for name in parts if name != "ok"}}
    return web.Response(
        status=200 if found["ok"] else 503,
        body=msgspec.json.encode(found),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def measure(asked: Asked) -> object:
    """All workers' measurements; from elsewhere only with an admin's token."""
    if not asked.caller.is_local:
        asked.caller.require_admin()
    text = await asked.request.app[BOARD].text()
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})
