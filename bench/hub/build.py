"""Makes what is measured with: two small C programs, and the peers that can be had here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["BUILT", "PEERS", "compiled", "go_program", "node_modules", "peer_python", "version"]

HERE: Final = Path(__file__).parent
PEERS: Final = HERE / "peers"
BUILT: Final = HERE.parent.parent / "build" / "bench-hub"
INSTALL_S: Final = 600
VERSION: Final = re.compile(r"\d+(\.\d+)+")


def compiled(name: str) -> Path:
    """A C program of this folder, compiled anew when a source has changed.

    Raises:
        RuntimeError: There is no C compiler.

    """
    source, program = HERE / f"{name}.c", BUILT / name
    changed = max(path.stat().st_mtime for path in HERE.glob("*.[ch]"))
    if program.exists() and program.stat().st_mtime > changed:
        return program
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise RuntimeError(
            "There is no C compiler. Install one: apt install gcc, or xcode-select."
        )
    BUILT.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-O2", "-Wall", "-o", program, source], check=True)
    return program


def peer_python() -> Path:
    """An environment of its own for servers in Python, so that ours stays as it is locked."""
    folder = BUILT / "python"
    python = folder / "bin" / "python"
    listed = PEERS / "requirements.txt"
    if not _is_fresh(folder, listed):
        _run([sys.executable, "-m", "venv", folder])
        _run([python, "-m", "pip", "install", "-q", "-r", listed])
        _note(folder)
    return python


def node_modules() -> Path:
    """A folder with the servers in JavaScript and what they need.

    Raises:
        FileNotFoundError: There is no Node.js.

    """
    folder = BUILT / "node"
    listed = PEERS / "package.json"
    if not _is_fresh(folder, listed):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(listed, folder)
        _run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder])
        _note(folder)
    for script in PEERS.glob("*.js"):
        shutil.copy(script, folder)
    return folder


def go_program(name: str, module: str) -> Path:
    """A server in Go, as its own project is installed.

    Raises:
        FileNotFoundError: There is no Go.

    """
    program = BUILT / "go" / name
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        _run(["env", f"GOBIN={program.parent}", "go", "install", module])
    return program


def version(command: list[str | Path]) -> str:
    """What a program says of its own version, the first number with points in it."""
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    found = VERSION.search(said.stdout + said.stderr)
    return found[0] if found else ""


def _run(command: list[str | Path]) -> None:
    """Run a step of an installation; what it says goes to the end of an error only.

    Raises:
        RuntimeError: It failed.

    """
    outcome = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_S, check=False
    )
    if outcome.returncode:
        raise RuntimeError((outcome.stderr or outcome.stdout).strip().splitlines()[-1][:200])


def _is_fresh(folder: Path, listed: Path) -> bool:
    done = folder / ".done"
    return done.exists() and done.stat().st_mtime > listed.stat().st_mtime


def _note(folder: Path) -> None:
    (folder / ".done").touch()
