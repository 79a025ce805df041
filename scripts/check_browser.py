"""Checks what browsers load, with TypeScript's compiler: ``make check`` runs it.

The SDK's types must compile, strictly, with an example of their use. Our modules are plain
JavaScript and state no types, so of those only mistakes in any language count: a name or module
that is not there, something imported that is not exported.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
NODE: Final = ROOT / ".venv" / "bin" / "node"
COMPILER: Final = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
TYPES: Final = ["--project", "tests/types"]
MODULES: Final = [
    *("--allowJs", "--checkJs", "--noEmit", "--strict", "false", "--types", ""),
    *("--target", "ES2022", "--module", "ES2022", "--moduleResolution", "bundler"),
    *("--lib", "ES2022,DOM,DOM.Iterable"),
]
MISTAKE: Final = re.compile(
    r"error TS(?:"
    r"1\d{3}|"  # not JavaScript
    r"2304|2552|18004|"  # no such name
    r"2305|2307(?!.*'[./]*/vendor/)|2613|2614|2724|2792|"  # no such module or export
    r"2339: .* type 'typeof import\(.*|"  # nor that, asked for by `words.THAT`
    r"2300|2393|2448|2451|2588"  # said twice or too early; a constant changed
    r")\b"
)


def complaints(options: list[str]) -> list[str]:
    """What the compiler says, a line each."""
    done = subprocess.run(  # noqa: S603  our own programs
        [NODE, COMPILER, "--pretty", "false", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).splitlines()


def main() -> int:
    """Print what is wrong; the exit code."""
    if not COMPILER.exists():
        sys.stdout.write("check: no TypeScript in web/node_modules, browser files unchecked\n")
        return 1 if os.environ.get("CI") else 0
    modules = [str(path) for path in sorted((ROOT / "web" / "browser").rglob("*.js"))]
    found = [line for line in complaints([*MODULES, *modules]) if MISTAKE.search(line)]
    found = complaints(TYPES) + found
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
