"""From start to ready: the whole time, and what each part takes of it.

Run it with ``make bench``; it prints a table and one line of JSON.
"""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = 7
IMPORTS = ("uvloop", "aiohttp.web", "sqlalchemy", "redis.asyncio", "msgspec", "websockets", "jwt")
READY = "Yellowcart is ready"


def started(folder: Path) -> float:
    """Seconds from the start of the process until it says that it is ready."""
    begin = time.perf_counter()
    command = [sys.executable, "server.py", "serve", "--demo", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data-dir", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "YELLOWCART_DRAIN_SECONDS": "0"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if READY in line:
                break
        taken = time.perf_counter() - begin
        process.send_signal(signal.SIGTERM)
    return taken


STEPS = """
import time; begin = last = time.perf_counter()
import asyncio, contextlib, json, sys
from dataclasses import replace
from pathlib import Path
import server
from store.folder import DataFolder
took = {}
def note(name):
    global last
    now = time.perf_counter(); took[name] = now - last; last = now
async def start():
    settings = server.Settings(data_dir=Path(sys.argv[1]), demo=True)
    settings = server.with_secret(settings, DataFolder(settings.data_dir))
    at = server.Addresses.of(settings)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(server.open_sandbox(settings)); note("sandbox")
        await stack.enter_async_context(server.open_redis(settings)); note("Redis")
        await server.prepare(at); note("tables")
        stores = await stack.enter_async_context(server.Stores.connected(at)); note("connect")
        node = server.compose(settings, stores, server.SystemClock()); note("compose")
        await server.make_ready(node); note("gate, recovery and demo")
        await node.close()
note("imports")
asyncio.run(start())
print(json.dumps(took))
"""
"""The steps of ``server.serve``, one after the other with a stop-watch, up to listening."""


def steps(folder: Path) -> dict[str, float]:
    """Seconds of each step of a start."""
    outcome = subprocess.run(
        [sys.executable, "-c", STEPS, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    taken: dict[str, float] = json.loads(outcome.stdout.splitlines()[-1])
    return taken


def shares(runs: list[dict[str, float]]) -> dict[str, str]:
    """The median of each step, and its share of all."""
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    whole = sum(medians.values())
    return {name: f"{took:.3f} s, {took / whole:.0%}" for name, took in medians.items()}


def imports() -> dict[str, float]:
    """Seconds that the server's imports take, whole and for the largest libraries.

    Timing each import makes all of them slower; their proportions are what counts.
    """
    outcome = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import server"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    times: dict[str, float] = {}
    for line in outcome.stderr.splitlines():
        found = re.match(r"import time:\s+\d+ \|\s+(\d+) \|\s+(\S+)$", line)
        if found:
            times.setdefault(found[2], int(found[1]) / 1e6)
    parts = {name: times.get(name, 0.0) for name in IMPORTS}
    return {"everything": times.get("server", 0.0), **parts}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="yc-bench-") as place:
        first = [started(Path(place) / f"first{number}") for number in range(RUNS)]
        again = [started(Path(place) / "first0") for _ in range(RUNS)]
        new = shares([steps(Path(place) / f"step{number}") for number in range(RUNS)])
        old = shares([steps(Path(place) / "step0") for _ in range(RUNS)])
    result = {
        "bench": "ready",
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "first start, with the demo (median s)": round(statistics.median(first), 3),
        "later starts (median s)": round(statistics.median(again), 3),
        "slowest (s)": round(max(first + again), 3),
        **{f"first start: {name}": share for name, share in new.items()},
        **{f"later start: {name}": share for name, share in old.items()},
        **{f"timed import of {name} (s)": round(taken, 3) for name, taken in imports().items()},
    }
    for name, value in result.items():
        print(f"{name:42} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
