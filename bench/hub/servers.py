"""What is measured: the hub, the C loop, and whatever else runs as a process and can be told."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from bench.hub.build import compiled
from bench.hub.crowd import CROWDS_CORE, SERVERS_CORE, kept_to, on_core
from bench.pages.crowd import BUSY
from bench.pages.pinning import PRODUCTS
from tests.served import Served

__all__ = [
    "HUB",
    "LIMIT",
    "Hub",
    "Limit",
    "Process",
    "Server",
    "command_line",
    "listens",
    "measured",
]

LIMIT: Final = "C loop of send()"
HUB: Final = "yellowcart"

BROWSER: Final = (
    "Origin: {origin}\r\n"
    "User-Agent: Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Mobile Safari/537.36\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cache-Control: no-cache\r\nPragma: no-cache\r\n"
    "Cookie: _ga=GA1.1.1234567890.1760000000; session=0123456789abcdef0123456789abcdef\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
)
"""What a phone's browser sends besides."""


class Server(Protocol):
    """Something that has viewers and tells them all."""

    name: str
    port: int
    crowd: dict[str, str | int | Path]
    version: str

    @property
    def pid(self) -> int:
        """Of the process that tells."""
        ...

    def tell(self) -> None:
        """Send one event to everybody."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass
class Hub:
    """Our server: one process on one core, its Redis on the other; several where they like.

    Attributes:
        options: More of its command line.
        environ: More of its environment.

    """

    name: str = HUB
    port: int = 0
    version: str = ""
    crowd: dict[str, str | int | Path] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)
    _at: int = 0

    def __post_init__(self) -> None:
        place = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="yc-hub-")))
        environ = {**BUSY, **self.environ}
        self.served = Served(place / "data", ("--demo", *self.options), environ).start()
        self._open.callback(self.served.stop)
        self.port = self.served.port
        if "--workers" not in self.options:
            for pid in [self.pid, *self.served.children()]:
                kept_to(SERVERS_CORE if pid == self.pid else CROWDS_CORE, pid)
        hello = place / "join"
        hello.write_text('{"id":1,"op":"join","show":"demo"}')
        headers = place / "headers"
        headers.write_text(BROWSER.format(origin=self.served.url))
        self.crowd = {
            "hello": hello,
            "replies": 1,
            "protocol": "yellowcart.v1.json",
            "headers": headers,
        }
        self._host = self.served.token("demo-host", "host")

    @property
    def pid(self) -> int:
        """Of the node."""
        assert self.served.process is not None
        return self.served.process.pid

    def tell(self) -> None:
        """Pin the other product."""
        self._at += 1
        product = PRODUCTS[self._at % 2]
        pin = "/v1/shows/demo/pin"
        status, answer = self.served.http("POST", pin, {"product": product}, token=self._host)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"not pinned: {answer}")

    def measured(self, sample: str) -> int:
        """A metric of it; see :func:`measured`."""
        return measured(self.served, sample)

    def children(self, word: str) -> list[int]:
        """Processes of it whose command line has a word: ``redis-server``, ``server.py``."""
        return [pid for pid in self.served.children() if word in command_line(pid)]

    def stop(self) -> None:
        """End it and its stores."""
        self._open.close()


class Process:
    """A server of another make, in a process of its own.

    Args:
        name: Of the server.
        command: What starts it; told by a line of its input, if nothing else is said.
        port: Where it will listen; None: it prints that first.
        cwd: Where it runs.

    """

    def __init__(
        self,
        name: str,
        command: list[str | Path],
        *,
        port: int | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.version = ""
        self.crowd: dict[str, str | int | Path] = {"path": "/"}
        self._process = subprocess.Popen(
            on_core(SERVERS_CORE, command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if port is None else subprocess.DEVNULL,
            text=True,
            cwd=cwd,
        )
        assert self._process.stdout is not None
        self.port = port or int(self._process.stdout.readline() or 0)
        if not self.port:
            raise RuntimeError(f"{name} did not start")
        if port is not None:
            listens(port)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def tell(self) -> None:
        """Send one event to everybody."""
        assert self._process.stdin is not None
        self._process.stdin.write("tell\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """End it: by the end of its input, or else by a signal."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(20)


class Limit(Process):
    """The C loop."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__(LIMIT, [compiled("limit"), "0", str(count), str(size)])
        self.crowd = {"path": "-", "ahead": 1000}


def measured(served: Served, sample: str) -> int:
    """A metric, by name and labels as Prometheus reads them; 0: nothing counted yet.

    Raises:
        RuntimeError: There is no metric of that name.

    """
    with urllib.request.urlopen(f"{served.url}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    name = sample.partition("{")[0]
    if not any(line.startswith(f"# TYPE {name} ") for line in lines):
        raise RuntimeError(f"no metric is called {name}")
    found = [line.split()[-1] for line in lines if line.startswith(f"{sample} ")]
    return int(float(found[0])) if found else 0


def command_line(pid: int) -> str:
    """How a process was started; nothing: it has ended."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_text().replace("\0", " ") if path.exists() else ""


def listens(port: int) -> None:
    """Wait until somebody listens on a port.

    Raises:
        RuntimeError: Nobody does.

    """
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nobody listens on {port}")
