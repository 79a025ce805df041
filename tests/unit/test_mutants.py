"""The list of guards that ``make mutants`` takes away is the code's and the tests' own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from tests.mutation.guards import GUARDS, SIMULATED

ROOT = Path(__file__).parents[2]


def stories() -> dict[str, list[str]]:
    """Each story's test as pytest names it, and the guards that it says it kills."""
    found = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if re.match(r"test_t\d\d_", node.name):
                said = (ast.get_docstring(node) or "").partition("Kills: ")[2]
                test = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                found[test] = re.findall(r'"([^"]+)"', said)
    return found


def test_every_guard_stands_where_the_list_says_with_its_tests() -> None:
    assert [reason for guard in GUARDS if (reason := guard.unfit(ROOT))] == []


def test_every_guard_has_a_name_of_its_own_and_somebody_who_misses_it() -> None:
    assert max(Counter(guard.name for guard in GUARDS).values()) == 1
    assert [guard.name for guard in GUARDS if not guard.tests] == []


def test_enough_guards_are_left_to_the_simulation() -> None:
    assert sum(guard.is_simulated for guard in GUARDS) >= SIMULATED


def test_every_story_names_its_guard_which_names_it_too() -> None:
    tests = {guard.name: guard.tests for guard in GUARDS}

    assert {number for test in stories() for number in re.findall("test_t(..)_", test)} == {
        # T33 is about coupons, which there are none of.
        f"{number:02}"
        for number in range(1, 36)
        if number != 33
    }
    for test, killed in stories().items():
        assert killed, test
        assert [name for name in killed if test not in tests.get(name, ())] == [], test
