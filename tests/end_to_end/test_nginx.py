"""Behind a real nginx that keeps its connections to us and reuses them, for upgrades too."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

import pytest
from aiohttp import ClientSession, UnixConnector
from websockets.asyncio.client import ClientConnection, unix_connect

from tests.served import Served

pytestmark = [pytest.mark.nginx, pytest.mark.redis]

NGINX: Final = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

CONFIG: Final = Template("""
daemon off;
worker_processes 1;
pid $folder/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  map $$http_upgrade $$connection_upgrade { default upgrade; "" ""; }
  upstream yellowcart { server 127.0.0.1:$port; keepalive 8; }
  server {
    listen unix:$folder/http.sock;
    location / {
      proxy_pass http://yellowcart;
      proxy_http_version 1.1;
      proxy_set_header Host $$host;
      proxy_set_header Upgrade $$http_upgrade;
      proxy_set_header Connection $$connection_upgrade;
      proxy_set_header X-Forwarded-For 203.0.113.9;
    }
  }
}
""")


@pytest.fixture
def proxy(server: Served) -> Iterator[Path]:
    """The socket of an nginx in front of the server."""
    if NGINX is None:
        pytest.skip("needs nginx")
    with tempfile.TemporaryDirectory(prefix="yc-nginx-") as name:
        folder = Path(name)
        # As root its worker is somebody else, who must reach the folder.
        folder.chmod(0o711)
        config = folder / "nginx.conf"
        config.write_text(CONFIG.substitute(folder=folder, port=server.port))
        log = folder / "error.log"
        command = [NGINX, "-p", name, "-c", str(config), "-e", str(log)]
        with subprocess.Popen(command) as process:
            try:
                wait_for(folder / "http.sock", process, log)
                yield folder / "http.sock"
            finally:
                process.terminate()


def wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise AssertionError(f"nginx did not start: {log.read_text()}")


async def healthy(proxy: Path, times: int) -> None:
    """Ask over HTTP, so that nginx has a connection to us to reuse."""
    async with ClientSession(connector=UnixConnector(str(proxy))) as session:
        for _ in range(times):
            async with session.get("http://shop.example/healthz") as answer:
                assert answer.status == 200


async def reply(socket: ClientConnection, ident: int, told: list[Any]) -> Any:
    """The reply to a command; what else came is put aside."""
    while True:
        message = json.loads(await socket.recv())
        for one in message if isinstance(message, list) else [message]:
            if one.get("re") == ident:
                return one["ok"]
            told.append(one)


async def command(socket: ClientConnection, ident: int, op: str, **fields: Any) -> Any:
    await socket.send(json.dumps({"id": ident, "op": op, **fields}))
    return await reply(socket, ident, [])


async def test_a_socket_on_a_reused_upstream_connection_joins_and_pings(
    server: Served, proxy: Path
) -> None:
    uri = "ws://shop.example/live"
    for number in range(3):
        await healthy(proxy, 5)
        async with unix_connect(str(proxy), uri=uri) as socket:
            joined = await command(socket, 1, "join", show="demo")
            pong = await command(socket, 2, "ping")
            # HTTP goes on beside the open socket.
            await healthy(proxy, 2)
            shop = await command(socket, 3, "cart.get")

        assert joined["show"]["id"] == "demo", number
        assert pong["at"] > 0
        assert shop["cart"]["lines"] == []

    assert 'route="/live",status="101"' in metrics(server), "no upgrade came on a used connection"


async def test_what_comes_through_the_proxy_is_not_local(server: Served, proxy: Path) -> None:
    assert "yellowcart_build_info" in metrics(server)
    async with (
        ClientSession(connector=UnixConnector(str(proxy))) as session,
        session.get("http://shop.example/metrics") as answer,
    ):
        assert answer.status == 401


def metrics(server: Served) -> str:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:  # noqa: S310 - ours
        return str(answer.read().decode())
