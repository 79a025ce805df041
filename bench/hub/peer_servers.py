"""The peers: other servers that tell the same event to as many viewers."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench.hub.build import PEERS, go_program, node_modules, peer_python, version
from bench.hub.servers import Process

__all__ = ["PEERS_BY_NAME", "PUBLISHERS", "Nats", "Nchan"]

SOCKET_IO: Final[dict[str, str | int]] = {
    "path": "/socket.io/?EIO=4&transport=websocket",
    "hello": "40",
    "replies": 2,
}
"""Its own handshake: an open packet, then the namespace."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
    return port


def python_peer(script: str, size: int) -> Process:
    """A server in Python, in an environment of peers."""
    python = peer_python()
    peer = Process(script, [python, PEERS / f"{script}.py", str(size)])
    told = "import importlib.metadata as m; print(m.version('{}'))"
    peer.version = version([python, "-c", told.format(script.partition("_")[0])])
    return peer


def node_peer(script: str, size: int, **crowd: str | int) -> Process:
    """A server in JavaScript; ``crowd``: how its viewers join."""
    folder = node_modules()
    peer = Process(script, ["node", folder / f"{script}.js", str(size)], cwd=folder)
    package = "ws" if script == "ws_loop" else "socket.io"
    described = folder / "node_modules" / package / "package.json"
    peer.version = json.loads(described.read_text())["version"]
    hello = crowd.pop("hello", None)
    if hello is not None:
        (folder / f"{script}.hello").write_text(str(hello))
        crowd["hello"] = str(folder / f"{script}.hello")
    peer.crowd |= crowd
    return peer


class Nats(Process):
    """nats-server's WebSocket, told through its own protocol."""

    def __init__(self, size: int) -> None:
        program = go_program("nats-server", "github.com/nats-io/nats-server/v2@v2.15.2")
        tcp, web = free_port(), free_port()
        place = Path(tempfile.mkdtemp(prefix="yc-nats-"))
        conf = (PEERS / "nats.conf").read_text()
        conf = conf.replace("NATS_PORT", str(tcp)).replace("WEBSOCKET_PORT", str(web))
        (place / "nats.conf").write_text(conf)
        super().__init__("nats-server", [program, "-c", place / "nats.conf"], port=web)
        self.version = version([program, "--version"])
        greeting = b'CONNECT {"verbose":false}\r\n'
        (place / "hello").write_bytes(greeting + b"SUB show 1\r\nPING\r\n")
        self.crowd = {"path": "/", "hello": place / "hello", "binary": 1, "replies": 2}
        self._wire = socket.create_connection(("127.0.0.1", tcp), 10)
        self._wire.sendall(greeting)
        self._event = b"x" * size

    def tell(self) -> None:
        """Publish."""
        self.publish(self._event)

    def publish(self, event: bytes) -> None:
        """Send an event to everybody."""
        self._wire.sendall(b"PUB show %d\r\n%b\r\n" % (len(event), event))


class Nchan(Process):
    """nginx with its module Nchan."""

    def __init__(self, size: int) -> None:
        program, module = shutil.which("nginx"), Path("/usr/lib/nginx/modules")
        if program is None or not (module / "ngx_nchan_module.so").exists():
            raise RuntimeError("not installed: apt install libnginx-mod-nchan")
        place, port = Path(tempfile.mkdtemp(prefix="yc-nchan-")), free_port()
        modules = f"load_module {module}/ngx_nchan_module.so;"
        conf = (PEERS / "nchan.conf").read_text().replace("MODULES", modules)
        conf = conf.replace("PLACE", str(place)).replace("WEBSOCKET_PORT", str(port))
        (place / "nginx.conf").write_text(conf)
        super().__init__("nchan", [program, "-c", place / "nginx.conf"], port=port)
        self.version = version([program, "-v"])
        self.crowd = {"path": "/sub"}
        self._event = b"x" * size
        self._wire = HTTPConnection("127.0.0.1", port, timeout=20)

    @property
    def pid(self) -> int:
        """Of its worker."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text().split()[0])

    def tell(self) -> None:
        """Publish."""
        self.publish(self._event)

    def publish(self, event: bytes) -> None:
        """Send an event to everybody."""
        self._wire.request("POST", "/pub", event)
        self._wire.getresponse().read()


PEERS_BY_NAME: Final[dict[str, Callable[[int], Process]]] = {
    "websockets.broadcast": lambda size: python_peer("websockets_broadcast", size),
    "aiohttp": lambda size: python_peer("aiohttp_loop", size),
    "picows": lambda size: python_peer("picows_loop", size),
    "node ws": lambda size: node_peer("ws_loop", size),
    "Socket.IO": lambda size: node_peer("socketio_loop", size, **SOCKET_IO),
    "nats-server": Nats,
    "nginx Nchan": Nchan,
}

PUBLISHERS: Final[dict[str, Callable[[int], Nats | Nchan]]] = {
    "nats-server": Nats,
    "nginx Nchan": Nchan,
}
"""Peers that take any event from outside, one after the other."""
