"""The examples of README, run as a reader runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.served import ROOT, Served

pytestmark = pytest.mark.redis

EXAMPLES = ROOT / "docs" / "examples"


def run(command: list[str], cwd: Path, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
    """Run without a proxy: the server is on this machine."""
    clean = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
    return subprocess.run(
        command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def host_token(server: Served) -> str:
    """The token as README makes it: the last line of the verb."""
    printed = server.verb("token", "--sub", "demo-host", "--role", "host")
    assert printed.returncode == 0, printed.stderr
    return printed.stdout.splitlines()[-1]


@pytest.fixture
def with_ws(tmp_path: Path) -> Path:
    """A folder with Node's ``ws`` installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    folder = tmp_path / "node"
    folder.mkdir()
    install = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=0", "ws"]
    try:
        done = subprocess.run(
            install, cwd=folder, capture_output=True, text=True, timeout=40, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("no package registry in reach")
    if done.returncode != 0:
        pytest.skip("no package registry in reach")
    return folder


def test_the_python_example_pins_sees_and_buys_each_time(server: Served, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "first_sale.py"), server.ws_url, host_token(server)]

    for _ in range(2):
        done = run(command, tmp_path)

        assert done.returncode == 0, done.stderr
        assert " paid " in done.stdout
    status, orders = server.http("GET", "/v1/orders", token=server.token("root", "admin"))
    assert (status, len(orders["items"])) == (200, 2)


def test_the_python_example_says_in_a_line_that_a_token_is_bad(
    server: Served, tmp_path: Path
) -> None:
    command = [sys.executable, str(EXAMPLES / "first_sale.py"), server.ws_url, "no-token"]

    done = run(command, tmp_path)

    assert done.returncode == 1
    assert done.stderr == "The token does not hold. Get a new one and come back.\n"


@pytest.mark.node
@pytest.mark.timeout(120)
def test_the_node_example_pins_sees_and_buys(server: Served, with_ws: Path) -> None:
    shutil.copy(EXAMPLES / "first_sale.mjs", with_ws)

    done = run(["node", "first_sale.mjs", server.ws_url, host_token(server)], with_ws)

    assert done.returncode == 0, done.stderr
    assert " paid " in done.stdout
