"""Embedded servers that do not outlive their test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from store.redis.embedded import EmbeddedRedis

NewRedis = Callable[[Path], EmbeddedRedis]


@pytest.fixture
async def new_redis() -> AsyncIterator[NewRedis]:
    """Makes an embedded Redis, not started yet, that is stopped in any case."""
    made: list[EmbeddedRedis] = []

    def make(folder: Path) -> EmbeddedRedis:
        made.append(EmbeddedRedis(folder))
        return made[-1]

    yield make
    for redis in made:
        await redis.stop()
