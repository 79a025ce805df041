"""The hub, as it runs: on uvloop, on real stores and real sockets."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest
import uvloop

from base.settings import Settings
from tests.integration.live.house import SECRET, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def empty_house(
    redis_url: str, tmp_path: Path, migrated_sqlite: Path
) -> AsyncIterator[House]:
    """Stores without a node; a test says how its nodes are set."""
    shutil.copy(migrated_sqlite, tmp_path / "book.db")
    # With a Redis of its own a node would think itself alone.
    settings = Settings(secret=SECRET, data_dir=tmp_path, host="127.0.0.1", redis_url=redis_url)
    house = House(redis_url, tmp_path, settings)
    async with house.stack:
        yield house


@pytest.fixture
async def house(empty_house: House) -> House:
    """One node, and the show on air."""
    await empty_house.start_node()
    await empty_house.furnish()
    return empty_house


@pytest.fixture
async def two_nodes(house: House) -> House:
    """Two nodes on the same stores."""
    await house.start_node()
    return house


@pytest.fixture
async def paying_house(house: House) -> House:
    """With the practice provider."""
    await house.start_sandbox()
    return house
