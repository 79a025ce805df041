"""The examples of README, run as a reader runs them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.end_to_end.conftest import Serve
from tests.served import ROOT, Served
from tests.viewer import viewer

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
        assert "'ev': 'pinned'" in done.stdout
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
    assert "pinned" in done.stdout


@pytest.fixture
def nginx(serve: Serve, tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A server behind nginx as the docs configure it, but for TLS."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("needs nginx")
    served = serve("--demo", trusted_proxies="127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = (
        (EXAMPLES / "nginx.conf").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{served.port}")
    )
    site = re.sub(r" +ssl_certificate.*\n", "", site)
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in places)
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{site}}}\n"
    )
    with subprocess.Popen([program, "-c", str(whole), "-e", str(tmp_path / "errors")]) as process:
        try:
            wait_for(port)
            yield served, f"127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Until somebody listens on a port of this machine."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not start")


@pytest.mark.nginx
async def test_behind_nginx_as_configured_in_the_docs_everything_works(
    nginx: tuple[Served, str], tmp_path: Path
) -> None:
    served, there = nginx
    url = f"ws://{there}/live"
    command = [sys.executable, str(EXAMPLES / "first_sale.py"), url, host_token(served)]

    for _ in range(3):
        # So that nginx has a connection to the server that spoke HTTP, and upgrades that one.
        assert b"demo" in await asyncio.to_thread(fetch, f"http://{there}/v1/shows")
        done = await asyncio.to_thread(run, command, tmp_path)
        assert done.returncode == 0, done.stderr

    own_page, foreign_page = f"http://{there}", "http://elsewhere.example"
    async with viewer(url, origin=own_page) as ada:
        assert (await ada.join())["show"]["id"] == "demo"
    with pytest.raises(InvalidStatus):
        async with viewer(url, origin=foreign_page):
            pass
    with pytest.raises(urllib.error.HTTPError, match="401"):
        # What somebody elsewhere asks through the proxy does not come from this machine.
        await asyncio.to_thread(fetch, f"http://{there}/metrics", "203.0.113.9")


def fetch(url: str, forwarded: str = "") -> bytes:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  always loopback
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        body: bytes = answer.read()
        return body
