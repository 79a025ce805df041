"""PostgreSQL: for a book that several machines share."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

from sqlalchemy.exc import DBAPIError

from base.errors import Outage
from store.sql.connect import is_outage, outage_of, postgres_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["PostgresBook"]

TRIES: Final = 40
"""Of an operation that meets others at the same row: some seconds, on a busy machine."""

WAITING: Final = 10_000
"""Operations without an answer before new ones are refused."""

FIRST_PAUSE_S: Final = 0.002
LONGEST_PAUSE_S: Final = 0.2

AGAIN: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock: nothing happened, repeat it."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class PostgresBook:
    """The book in PostgreSQL.

    Operations are serializable, as with the one writer of SQLite: an operation may read,
    decide and write, and nobody comes in between.

    Args:
        url: ``postgresql://…``; its tables exist (:func:`store.sql.migrate.migrate`).

    """

    def __init__(self, url: str) -> None:
        engine = postgres_engine(url)
        self._engine = engine
        self._writing = engine.execution_options(isolation_level="SERIALIZABLE")
        self._reading = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._waiting = 0
        self._is_closed = False

    @property
    def shares_commits(self) -> bool:
        """They do not: each has a connection of its own."""
        return False

    async def write(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` in a transaction, again when it met another one."""
        return await self._run(self._writing, op, *args)

    async def read(self, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run ``op`` on one view of what is committed."""
        return await self._run(self._reading, op, *args)

    async def close(self) -> None:
        """Close the connections, once nobody uses them any more."""
        self._is_closed = True
        await self._engine.dispose()

    async def _run(self, engine: AsyncEngine, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        if self._is_closed or self._waiting >= WAITING:
            raise Outage
        self._waiting += 1
        try:
            return await _repeated(engine, op, *args)
        except Exception as error:
            if is_outage(error):
                raise outage_of(error) from error
            raise
        finally:
            self._waiting -= 1


async def _repeated(engine: AsyncEngine, op: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
    for attempt in itertools.count(1):
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(op, *args)
        except DBAPIError as error:
            if attempt == TRIES or getattr(error.orig, "sqlstate", None) not in AGAIN:
                raise
        await _pause(attempt)
    raise AssertionError  # the loop ends in a result or in an error


async def _pause(attempt: int) -> None:
    # Chance lets one of those that met go first.
    longest = min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S)
    await asyncio.sleep(longest * random.random())  # noqa: S311 - no secret
