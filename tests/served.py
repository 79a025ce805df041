"""A server of the tests: a real process on a free port, with a data folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt

ROOT: Final = Path(__file__).parent.parent
READY: Final = re.compile(rb"Yellowcart is ready on (https?)://[^:]+:(\d+)")
START_S: Final = 30.0


@dataclass
class Served:
    """``python server.py serve`` as a subprocess.

    Attributes:
        options: More of its command line.
        environ: More of its environment.
        program: What is run, by Python.

    """

    data_dir: Path
    options: tuple[str, ...] = ("--demo",)
    environ: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = ("server.py",)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/live"

    @property
    def secret(self) -> str:
        """What the server made for itself at its first start."""
        return (self.data_dir / "secret").read_text().strip()

    @property
    def variables(self) -> dict[str, str]:
        ours = {"YELLOWCART_DRAIN_SECONDS": "1"}
        clean = {name: text for name, text in os.environ.items() if "YELLOWCART" not in name}
        return {**clean, **ours, **self.environ}

    @property
    def log(self) -> str:
        path = self.data_dir.parent / f"{self.data_dir.name}.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> Served:
        """Start it, on the port that it had before; return when it is ready."""
        command = [sys.executable, *self.program, "serve", "--port", str(self.port)]
        command += ["--data-dir", str(self.data_dir), *self.options]
        log = self.data_dir.parent / f"{self.data_dir.name}.log"
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.variables,
                stdout=subprocess.PIPE,
                stderr=errors,
                # A group of its own, so that a test can kill all of it at once.
                start_new_session=True,
            )
        self._wait()
        return self

    def _wait(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            found = READY.search(line)
            if found:
                self.port = int(found[2])
                return
            if not line and self.process.poll() is not None:
                break
        raise AssertionError(f"the server did not start:\n{self.log}")

    def stop(self) -> int:
        """Stop it as an operator would; returns its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._forget()
        return code

    def kill(self) -> None:
        """Kill all its processes at once, the embedded Redis too."""
        assert self.process is not None
        for pid in [*self.children(), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        self._forget()

    def children(self) -> list[int]:
        """The processes that it has started, and theirs."""
        assert self.process is not None
        listing = subprocess.run(
            ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        parents = [tuple(map(int, line.split())) for line in listing.splitlines()]
        found = [self.process.pid]
        for parent in found:
            found += [pid for pid, ppid in parents if ppid == parent]
        return found[1:]

    def verb(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of ``server.py`` on the same data folder."""
        return subprocess.run(
            [sys.executable, "server.py", *words, "--data-dir", str(self.data_dir)],
            cwd=ROOT,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def token(self, sub: str, role: str = "viewer", ttl_s: int = 3600, **claims: str) -> str:
        """A token as the merchant's backend signs it."""
        body = {"sub": sub, "role": role, "exp": int(time.time()) + ttl_s, **claims}
        return jwt.encode(body, self.secret, algorithm="HS256")

    def http(
        self, method: str, path: str, body: object = None, *, token: str = "", key: str = ""
    ) -> tuple[int, Any]:
        """One HTTP request: its status and its JSON."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  always our own loopback address
            self.url + path, data, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def _forget(self) -> None:
        assert self.process is not None
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None


def command_of(pid: int) -> str:
    """How a process was started; nothing: it has ended."""
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
