"""The crowd of ``crowd.c``: one process that holds all viewers of a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.hub.build import compiled

__all__ = [
    "CROWDS_CORE",
    "SERVERS_CORE",
    "Crowd",
    "Heard",
    "cpu_s",
    "kept_to",
    "memory",
    "on_core",
]

SERVERS_CORE: Final = 0
CROWDS_CORE: Final = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What all viewers together have heard since ``begin``.

    Attributes:
        joined: How many listen.
        frames, bytes, events: Deliveries; several events may come in a frame.
        numbered: Of the events, those with a number: what is owed to everybody.
        gaps, doubles: Numbers that a viewer has missed, or heard again.
        closed: Connections that have ended.
        took_ns: From the first delivery to the last.
        p50_ms, p99_ms, latest_ms: From an event's own time to its delivery.
        pin_p99_ms: The same, of pins alone.
        returned: Viewers who came back, since they came first.
        recovered, snapshots: Joins that went on from where they were, and that began anew.

    """

    joined: int
    frames: int
    bytes: int
    events: int
    numbered: int
    gaps: int
    doubles: int
    closed: int
    took_ns: int
    p50_ms: int
    p99_ms: int
    latest_ms: int
    pin_p99_ms: int
    returned: int
    recovered: int
    snapshots: int


class Crowd:
    """Viewers of a server on a port of this machine; joined when made.

    Args:
        port: Of the server.
        count: How many viewers.
        options: More for ``crowd.c``, which describes them.

    Attributes:
        joining_s: How long it took until all had joined.

    """

    def __init__(self, port: int, count: int, **options: str | int | Path) -> None:
        words = {"port": port, "count": count, **options}
        self._process = subprocess.Popen(
            on_core(CROWDS_CORE, [compiled("crowd"), *(f"{k}={v}" for k, v in words.items())]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.joining_s = float(self._answer()["seconds"])

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def begin(self) -> Heard:
        """Forget what was heard so far; what that was."""
        return Heard(**self._ask("begin"))

    def wait(self, frames: int, seconds: float) -> Heard:
        """What was heard until so many frames came, or until the time is over."""
        return Heard(**self._ask(f"wait {frames} {seconds * 1000:.0f}"))

    def drop(self, count: int, seconds: float) -> None:
        """Let so many hang up at once and come back spread over a while."""
        self._ask(f"drop {count} {seconds * 1000:.0f}")

    def stall(self, count: int) -> None:
        """Let so many stop reading."""
        self._ask(f"stall {count}")

    def close(self) -> None:
        """Hang up."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Hang up at the end."""
        self.close()

    def _ask(self, line: str) -> dict[str, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the crowd has ended with {self._process.wait(10)}")
        answer: dict[str, int] = json.loads(line)
        return answer


def on_core(core: int, command: list[str | Path]) -> list[str | Path]:
    """A command that stays on one core, where the system knows how."""
    if shutil.which("taskset") is None:
        return command
    return ["taskset", "-c", str(core), *command]


def kept_to(core: int, pid: int) -> None:
    """Keep a running process, and all its threads, to one core, where the system knows how."""
    if shutil.which("taskset") is not None:
        subprocess.run(["taskset", "-acp", str(core), str(pid)], capture_output=True, check=False)


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Bytes that a process has in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
