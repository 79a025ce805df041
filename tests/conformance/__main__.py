"""Run the testsuite against the echo, print what is not as it should be; exit 1 if anything is.

The testsuite runs on Python 2.7 or PyPy 2.7 only. Its ``wstest`` is taken from the environment's
``WSTEST`` (a whole command), from the path, or installed into the build folder; without such a
Python one line says so, and the exit code is 0.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import uvloop

from tests.conformance.echo import echoing

PLACE: Final = Path(__file__).parents[2] / "build" / "conformance"
PYTHONS: Final = ("pypy", "pypy2", "python2.7")
PIP: Final = "pip==20.3.4"
TOOLS: Final = ("setuptools==44.0.0", "wheel==0.37.1", PIP)
"""The last ones for Python 2.7."""

NEEDED: Final = ("typing", "incremental==16.10.1")
"""What its packages need to be built."""

SUITE: Final = "autobahntestsuite"
AGENT: Final = "yellowcart"
OUT_OF_SCOPE: Final = ("12.*", "13.*")
"""Compression: it is not offered, so there is nothing to test."""

WHOLE: Final = (("NON-STRICT", "OK"), "text is looked at when it is whole, not as it comes")
CUT_OFF: Final = (("FAILED", "WRONG CODE"), "leaving amid a message is an error, 1002, not echoed")
KNOWN: Final = dict.fromkeys(("6.4.1", "6.4.2", "6.4.3", "6.4.4"), WHOLE) | {"7.1.5": CUT_OFF}
"""Cases in which we differ, as documented by ``websockets``, whose parser reads our frames."""

MOST_S: Final = 1800
FINE: Final = {"OK", "INFORMATIONAL"}


def wstest() -> list[str] | None:
    """How to call the testsuite; None: this machine has no Python that runs it."""
    if given := os.environ.get("WSTEST"):
        return shlex.split(given)
    if found := shutil.which("wstest"):
        return [found]
    python = next(filter(is_python_2, filter(None, map(shutil.which, PYTHONS))), None)
    return None if python is None else installed(python)


def is_python_2(path: str) -> bool:
    """Whether it runs, and is what its name says."""
    asked = [path, "-c", "import sys; sys.exit(sys.version_info[0] != 2)"]
    return subprocess.run(asked, check=False, capture_output=True, timeout=60).returncode == 0


def installed(python: str) -> list[str]:
    """Install the testsuite for a Python 2.7, once: that takes a C compiler and its headers."""
    site, done = PLACE / "site", PLACE / "installed"
    command = ["env", "-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPATH={site}", python, "-m"]
    if not done.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        run([*fetch, "--dest", str(PLACE), PIP])
        into = ["install", "--quiet", "--no-compile", "--target", str(site)]
        run([*command[:-1], str(next(PLACE.glob("pip-*.whl")) / "pip"), *into, *TOOLS])
        for packages in (NEEDED, (SUITE,)):
            run([*command, "pip", *into, "--upgrade", "--no-build-isolation", *packages])
        # A namespace by a .pth file, which CPython reads only in a folder of its own.
        (site / "zope" / "__init__.py").touch()
        done.touch()
    return [*command, "autobahntestsuite.wstest"]


def run(command: list[str], **more: Any) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True, timeout=MOST_S, **more)


def judge(command: list[str], port: int) -> dict[str, Any]:
    """What the testsuite says of every case."""
    PLACE.mkdir(parents=True, exist_ok=True)
    reports = PLACE / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    spec = {
        "outdir": str(reports),
        "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}/live"}],
        "cases": ["*"],
        "exclude-cases": list(OUT_OF_SCOPE),
        "exclude-agent-cases": {},
    }
    paper = PLACE / "spec.json"
    paper.write_text(json.dumps(spec), encoding="utf-8")
    log = PLACE / "log"
    with log.open("w", encoding="utf-8") as out:
        whole = [*command, "--mode", "fuzzingclient", "--spec", str(paper)]
        run(whole, stdout=out, stderr=out, cwd=PLACE)
    cases: dict[str, Any] = json.loads((reports / "index.json").read_text(encoding="utf-8"))[AGENT]
    return cases


async def main() -> int:
    """Run every case."""
    try:
        command = await asyncio.to_thread(wstest)
    except subprocess.SubprocessError as error:
        print(f"The Autobahn testsuite does not install here: {error}")
        print("Name one that runs in WSTEST.")
        return 1
    if command is None:
        print("Skipped: the Autobahn testsuite needs Python 2.7 or PyPy 2.7, and neither is here.")
        return 0
    try:
        async with echoing() as port:
            cases = await asyncio.to_thread(judge, command, port)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"The Autobahn testsuite does not run here: {error}. See {PLACE / 'log'}.")
        return 1
    wrong = 0
    for case, verdict in cases.items():
        found = verdict["behavior"], verdict["behaviorClose"]
        if FINE.issuperset(found):
            continue
        expected, why = KNOWN.get(case, (None, "wrong"))
        wrong += found != expected
        print(f"{case:8} {' / '.join(found):20} {why if found == expected else 'wrong'}")
    counts = Counter(verdict["behavior"] for verdict in cases.values())
    print(f"{len(cases)} cases: " + ", ".join(f"{n} {word}" for word, n in counts.most_common()))
    print(f"Left out, for nothing is compressed: {', '.join(OUT_OF_SCOPE)}.")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
