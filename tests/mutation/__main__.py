"""``make mutants``: take each guard away and see who notices.

Each is removed from a copy of the tree that is thrown away. Then every test that belongs to it
must fail, among them those of the stories that name it (``Kills:``); first of all they must pass
in the copy as it is. The simulation is asked about the guards that it is known to see by itself,
and about any that no test misses; ``SIMULATED`` is how many it must see. A guard that nobody
misses, a test that does not miss its guard, a guard that the simulation should see and does not,
or one whose text has changed: each is a failure.

A whole run takes some twenty minutes on two cores with nothing else to do, and needs PostgreSQL,
for a test that is skipped misses nothing. ``--all`` asks the simulation about every guard, to see
which to mark; that is up to five minutes for each that it does not see.
``--only "five tries"`` tries those with that in their names.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.mutation.guards import GUARDS, SIMULATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.mutation.guard import Guard

ROOT: Final = Path(__file__).parents[2]
LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "data", "__pycache__", ".*_cache", ".hypothesis", "bench"
)
FIRST_SEED: Final = 0


class Unfit(Exception):
    """A guard of the list is not in the code as it stands there, or nothing runs without it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened without a guard.

    Attributes:
        seen: What the simulation saw; None if that was nothing, or it was not asked.
        blind: Tests of the guard that passed all the same.

    """

    guard: Guard
    seen: str | None
    blind: tuple[str, ...]

    @property
    def is_missed_by_tests(self) -> bool:
        """Whether one of its tests has failed."""
        return len(self.blind) < len(self.guard.tests)

    def __str__(self) -> str:
        missed = [_name(test) for test in self.guard.tests if test not in self.blind]
        seen = [] if self.seen is None else [f"simulation, {self.seen}"]
        return "; ".join([*seen, *missed]) or "NOBODY"


def main() -> int:
    options = _options()
    guards = [guard for guard in GUARDS if options.only.lower() in guard.name.lower()]
    if not guards:
        print(f"there is no guard {options.only!r}")
        return 2
    for guard in guards:
        if (reason := guard.unfit(ROOT)) is not None:
            raise Unfit(reason)
    with tempfile.TemporaryDirectory(prefix="yc-mutants-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        if _fail(copy, sorted({test for guard in guards for test in guard.tests})):
            raise Unfit("a test fails while every guard is in its place")
        outcomes = [_try(guard, copy, options) for guard in guards]
    return _report(outcomes, is_whole=options.only == "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--only", default="", help="guards whose name has this in it")
    parser.add_argument("--all", action="store_true", help="ask the simulation about each")
    parser.add_argument("--seeds", type=int, default=2_000, help="for the simulation, each")
    parser.add_argument("--seconds", type=float, default=300, help="for the simulation, each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _try(guard: Guard, copy: Path, options: argparse.Namespace) -> Outcome:
    """Take the guard away, and put it back."""
    path, begun = copy / guard.file, time.monotonic()
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(guard.text, guard.without), encoding="utf-8")
    try:
        blind = tuple(test for test in guard.tests if not _fail(copy, [test]))
        is_asked = guard.is_simulated or options.all or len(blind) == len(guard.tests)
        outcome = Outcome(guard, _simulated(copy, options) if is_asked else None, blind)
    finally:
        path.write_text(before, encoding="utf-8")
    print(f"{guard.name:55} {outcome}  ({time.monotonic() - begun:.0f} s)", flush=True)
    return outcome


def _report(outcomes: Sequence[Outcome], *, is_whole: bool) -> int:
    tested = sum(1 for outcome in outcomes if outcome.is_missed_by_tests)
    seen = {outcome.guard.name for outcome in outcomes if outcome.seen is not None}
    marked = {outcome.guard.name for outcome in outcomes if outcome.guard.is_simulated}
    print(f"\n{len(outcomes)} guards: tests miss {tested}, the simulation {len(seen)} by itself")
    blind = [f"{o.guard.name}: {_name(test)}" for o in outcomes for test in o.blind]
    unmissed = [o.guard.name for o in outcomes if o.seen is None and not o.is_missed_by_tests]
    _list("nobody misses", unmissed)
    _list("should miss its guard", blind)
    _list("marked, but the simulation saw nothing", sorted(marked - seen))
    _list("not marked, but the simulation saw it", sorted(seen - marked))
    few = is_whole and len(seen) < SIMULATED
    if few:
        print(f"the simulation should see {SIMULATED} at least")
    return 1 if blind or unmissed or few or marked - seen else 0


def _list(title: str, names: Iterable[str]) -> None:
    for name in names:
        print(f"{title}: {name}")


def _simulated(copy: Path, options: argparse.Namespace) -> str | None:
    """What the simulation sees, and after how many seeds."""
    command = ["tests.simulation", "--seeds", options.seeds, "--first", FIRST_SEED]
    command += ["--failures", 1, "--jobs", options.jobs, "--seconds", options.seconds]
    code, said = _run(copy, command)
    if code == 0:
        return None
    broke = re.search(r"^seed \d+ broke:\n  (.{0,90})", said, re.MULTILINE)
    after = re.search(r"^(\d+) seeds in", said, re.MULTILINE)
    if broke is None or after is None:
        raise Unfit(f"the simulation does not run:\n{said[-2000:]}")
    return f"{after[1]} seeds: {broke[1]}"


def _fail(copy: Path, tests: Sequence[str]) -> bool:
    """Whether one of the tests fails; none is no failure."""
    if not tests:
        return False
    code, said = _run(copy, ["pytest", "-q", "-x", "-n", "0", *tests])
    if code == 0:
        return False
    # An error is no failure: what a test needs was not there, and it has looked at nothing.
    if not re.search(r"^FAILED \S+::", said, re.MULTILINE):
        raise Unfit(f"the tests do not run:\n{said[-2000:]}")
    return True


def _run(copy: Path, module: list[str]) -> tuple[int, str]:
    # No bytecode: two changes within a second could share a stale file.
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *map(str, module)]
    done = subprocess.run(
        command, cwd=copy, env=env, check=False, capture_output=True, text=True, timeout=1800
    )
    return done.returncode, done.stdout + done.stderr


def _name(test: str) -> str:
    return test.rpartition("::")[2]


if __name__ == "__main__":
    sys.exit(main())
