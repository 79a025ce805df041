"""A short ``make faults``: four kills, and that a loss would be noticed."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.faults.books import Books
from tests.faults.storm import Storm, Victim
from tests.redis_server import REDIS
from tests.served import Served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(REDIS is None, reason="needs redis-server or valkey-server"),
]


TWICE = """INSERT INTO refunds SELECT payment, 'twice', amount FROM refunds
  WHERE key NOT LIKE 'late-%' LIMIT 1"""
"""Money that was given back goes back again, under another key."""


@pytest.mark.timeout(300)
async def test_six_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    # This seed kills each once.
    storm = Storm(Served(tmp_path / "data", options=()), 39, said.append)

    street = await storm.blow(6, time.monotonic() + 240)

    assert list(storm.kills.values()) == [1] * len(Victim)
    assert len(said) == len(Victim)
    told = street.told
    assert told.paid
    assert told.returned
    assert Books.read(tmp_path / "data").wrong(told) == []
    paid = next(iter(told.paid))
    damage(tmp_path / "data" / "book.db", "DELETE FROM orders WHERE checkout = ?", paid)
    bank = tmp_path / "data" / "sandbox.db"
    damage(bank, TWICE)
    doubled = [line for line in Books.read(tmp_path / "data").wrong(told) if "twice" in line]
    assert len(doubled) == 1
    damage(bank, "DELETE FROM refunds")
    found = Books.read(tmp_path / "data").wrong(told)
    assert f"{paid} is paid and has 0 orders of 1 shops" in found
    assert len([line for line in found if "the provider has None" in line]) >= len(told.returned)


def damage(path: Path, statement: str, *about: str) -> None:
    """Lose what was acknowledged."""
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute(statement, about)
