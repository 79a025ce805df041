"""Whole servers, as a user starts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.redis_server import REDIS
from tests.served import Served


class Serve(Protocol):
    """Starts a server; it is stopped when the test ends."""

    def __call__(self, *options: str, **environ: str) -> Served: ...


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers, each with a data folder of its own."""
    if REDIS is None:
        pytest.skip("needs redis-server or valkey-server")
    started: list[Served] = []

    def start(*options: str, **environ: str) -> Served:
        folder = tmp_path / f"data{len(started)}"
        variables = {f"YELLOWCART_{name.upper()}": text for name, text in environ.items()}
        served = Served(folder, options or ("--demo",), variables)
        started.append(served)
        return served.start()

    yield start
    for served in started:
        if served.process is not None:
            served.stop()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with the demo show for all tests that only come and go as other people."""
    if REDIS is None:
        pytest.skip("needs redis-server or valkey-server")
    served = Served(tmp_path_factory.mktemp("shared") / "data").start()
    yield served
    served.stop()


@pytest.fixture
def server(serve: Callable[..., Served]) -> Served:
    """A server with the demo show."""
    return serve()
