"""A slow disk for every program that is started with it; see ``slow_disk.c``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["slow_disk", "sync_ms"]

SOURCE: Final = Path(__file__).parent / "slow_disk.c"
BUILT: Final = SOURCE.parents[2] / "build" / "bench-checkout" / "slow_disk.so"
TIMED: Final = """
import sqlite3, tempfile, time
with tempfile.TemporaryDirectory(prefix="yc-sync-") as place:
    conn = sqlite3.connect(f"{place}/some.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("CREATE TABLE rows (x)")
    taken = []
    for _ in range(101):
        began = time.perf_counter()
        conn.execute("INSERT INTO rows VALUES (1)")
        taken.append((time.perf_counter() - began) * 1000)
    print(sorted(taken)[50])
"""


def slow_disk(added_ms: float) -> dict[str, str]:
    """The environment in which each sync of a file takes so much longer.

    Raises:
        RuntimeError: There is no C compiler, or no such environment on this system.

    """
    if sys.platform != "linux":
        raise RuntimeError("A slow disk can be had on Linux only.")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise RuntimeError("There is no C compiler. Install one: apt install gcc.")
    if not BUILT.exists() or BUILT.stat().st_mtime < SOURCE.stat().st_mtime:
        BUILT.parent.mkdir(parents=True, exist_ok=True)
        flags = ["-O2", "-Wall", "-shared", "-fPIC"]
        command = [compiler, *flags, "-o", str(BUILT), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(BUILT), "SLOW_DISK_US": str(round(added_ms * 1000))}


def sync_ms(environ: dict[str, str]) -> float:
    """What a commit of one row takes in an environment: the median of a hundred."""
    command = [sys.executable, "-c", TIMED]
    told = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=True
    )
    return float(told.stdout)
