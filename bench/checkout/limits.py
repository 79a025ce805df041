"""What bounds a reservation: the bare script in Redis, and the bare commit of SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Final

from base.clock import SystemClock
from cart.holds import Holds, Wanted
from store.redis import keys
from store.redis.connect import connect
from store.redis.embedded import EmbeddedRedis
from store.redis.scripts import Scripts

__all__ = ["commits_a_second", "scripts_a_second"]

SHOP, SKU = "bench-shop", "bench-sku"
GROUP: Final = 64
AT_ONCE: Final = 400


def scripts_a_second(seconds: float) -> float:
    """How often ``hold.lua`` runs when nothing else is done: AOF on disk before each answer."""
    with tempfile.TemporaryDirectory(prefix="yc-limit-") as place:
        return asyncio.run(_scripts(Path(place), seconds))


def commits_a_second(seconds: float) -> float:
    """How many rows SQLite makes durable when groups of them share a commit."""
    with tempfile.TemporaryDirectory(prefix="yc-limit-") as place:
        conn = sqlite3.connect(Path(place) / "limit.db", isolation_level=None)
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("CREATE TABLE claims (id TEXT PRIMARY KEY, sku TEXT, qty INTEGER)")
        done, until = 0, time.perf_counter() + seconds
        begin = time.perf_counter()
        while time.perf_counter() < until:
            conn.execute("BEGIN IMMEDIATE")
            for _ in range(GROUP):
                done += 1
                conn.execute("INSERT INTO claims VALUES (?, ?, 1)", (f"co_{done:030d}", SKU))
            conn.execute("COMMIT")
        took = time.perf_counter() - begin
        conn.close()
        return done / took


async def _scripts(folder: Path, seconds: float) -> float:
    redis = EmbeddedRedis(folder)
    await redis.start()
    try:
        client = connect(redis.url)
        scripts = Scripts(client)
        await scripts.load()
        await scripts.command("SET", keys.shop_ready(int(keys.shard(SHOP))), "1")
        stock = ("total", 10**9, "avail", 10**9, "held", 0, "sold", 0, "pv", 1)
        await scripts.command("HSET", keys.stock(SHOP, SKU), *stock)
        try:
            return await _held(scripts, seconds)
        finally:
            await scripts.close()
            await client.aclose()
    finally:
        await redis.stop()


async def _held(scripts: Scripts, seconds: float) -> float:
    clock = SystemClock()
    holds, done = Holds(scripts, clock), 0
    begin = time.perf_counter()
    while (took := time.perf_counter() - begin) < seconds:
        deadline = clock.now_ms() + 300_000
        await asyncio.gather(
            *(
                holds.hold(
                    f"co_{done + at}",
                    SHOP,
                    [Wanted(sku=SKU, qty=1, pv=1)],
                    fingerprint="limit",
                    deadline_ms=deadline,
                )
                for at in range(AT_ONCE)
            )
        )
        done += AT_ONCE
    return done / took
