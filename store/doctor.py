"""Looks an installation over: what is unsafe or missing, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from base.errors import Outage
from base.settings import LEAST_SECRET, PREFIX, Settings
from store.redis.connect import UnfitRedisError, check, close, connect
from store.redis.embedded import PROGRAMS
from store.sql.rows import Connection, literal, select
from store.stores import Addresses, open_book

__all__ = ["Finding", "examine"]

LEAST_DISK: Final = 512 * 1024 * 1024
LEAST_FILES: Final = 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``text`` says what to do when it is not ``ok``."""

    name: str
    ok: bool
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at the settings, the machine and the stores."""
    return [
        _folder(settings.data_dir),
        _disk(settings.data_dir),
        _files(),
        _secret(settings),
        _exposure(settings),
        await _redis(settings),
        await _database(settings),
    ]


def _folder(path: Path) -> Finding:
    if not path.exists():
        return Finding("data folder", ok=True, text=f"{path} is made at the first start")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding("data folder", ok=False, text=f"others can read {path}: chmod 700 it")
    if not os.access(path, os.W_OK):
        return Finding("data folder", ok=False, text=f"{path} cannot be written: chown it")
    return Finding("data folder", ok=True, text=f"{path} is private")


def _disk(path: Path) -> Finding:
    place = next(place for place in (path, *path.absolute().parents) if place.exists())
    free = shutil.disk_usage(place).free
    text = f"{free // 2**20} MiB free"
    if free < LEAST_DISK:
        text += f": make at least {LEAST_DISK // 2**20} MiB free, or no order can be written"
    return Finding("disk", ok=free >= LEAST_DISK, text=text)


def _files() -> Finding:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    ok = most >= LEAST_FILES
    text = f"{most} open files, one for each viewer"
    return Finding("open files", ok, text if ok else f"{text}: raise it with ulimit -n 65536")


def _secret(settings: Settings) -> Finding:
    if settings.secret:
        ok = len(settings.secret) >= LEAST_SECRET
        text = "set" if ok else f"too short: set {PREFIX}SECRET to 32 random characters or more"
        return Finding("secret", ok, text)
    path = settings.data_dir / "secret"
    if not path.exists():
        return Finding("secret", ok=True, text="is made at the first start")
    ok = not stat.S_IMODE(path.stat().st_mode) & 0o077
    return Finding("secret", ok, "private" if ok else f"others can read {path}: chmod 600 it")


def _exposure(settings: Settings) -> Finding:
    if settings.is_loopback:
        return Finding("exposure", ok=True, text=f"only this machine reaches {settings.host}")
    if not settings.secret:
        text = f"{settings.host} is reachable by others: set {PREFIX}SECRET"
        return Finding("exposure", ok=False, text=text)
    if not (settings.certfile or settings.proxies):
        text = f"no TLS: set {PREFIX}CERTFILE, or {PREFIX}TRUSTED_PROXIES to the proxy that has it"
        return Finding("exposure", ok=False, text=text)
    return Finding("exposure", ok=True, text="encrypted")


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url and not _has_socket(settings.data_dir):
        found = next(filter(None, map(shutil.which, PROGRAMS)), None)
        text = found or "install redis-server or valkey-server, version 7 or newer"
        return Finding("redis", found is not None, text)
    try:
        async with _client(Addresses.of(settings).redis):
            return Finding("redis", ok=True, text="answers, and keeps what it is given")
    except UnfitRedisError as error:
        return Finding("redis", ok=False, text=str(error))
    except Outage:
        if settings.redis_url:
            return Finding("redis", ok=False, text=f"does not answer: check {PREFIX}REDIS_URL")
        return Finding("redis", ok=True, text="embedded; the server is not running")


def _has_socket(data_dir: Path) -> bool:
    return (data_dir / "redis" / "redis.sock").exists()


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[None]:
    client = connect(url)
    try:
        await check(client)
        yield
    finally:
        await close(client)


async def _database(settings: Settings) -> Finding:
    at = Addresses.of(settings)
    if _is_new(at):
        return Finding("database", ok=True, text="SQLite, made at the first start")
    try:
        book = open_book(at)
        async with asyncio.timeout(5):
            await book.read(_ask)
        await book.close()
    except (Outage, OSError) as error:
        text = f"does not answer ({error}): check {PREFIX}DATABASE_URL or the disk"
        return Finding("database", ok=False, text=text)
    return Finding("database", ok=True, text="answers")


def _is_new(at: Addresses) -> bool:
    path = Path(at.database.removeprefix("sqlite:///"))
    return at.database.startswith("sqlite") and not path.exists()


def _ask(conn: Connection) -> None:
    conn.execute(select(literal(1)))
