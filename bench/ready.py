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
        assert process.stdout is not None  # noqa: S101  asked for above
        for line in process.stdout:
            if READY in line:
                break
        taken = time.perf_counter() - begin
        process.send_signal(signal.SIGTERM)
    return taken


def imports() -> dict[str, float]:
    """Seconds that the server's imports take, whole and for the largest libraries."""
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
    return {"all imports": times.get("server", 0.0), **parts}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="yc-bench-") as place:
        first = [started(Path(place) / f"first{number}") for number in range(RUNS)]
        again = [started(Path(place) / "first0") for _ in range(RUNS)]
    result = {
        "bench": "ready",
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "first start, with the demo (median s)": round(statistics.median(first), 3),
        "later starts (median s)": round(statistics.median(again), 3),
        "slowest (s)": round(max(first + again), 3),
        **{f"importing {name} (s)": round(taken, 3) for name, taken in imports().items()},
    }
    for name, value in result.items():
        print(f"{name:42} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
