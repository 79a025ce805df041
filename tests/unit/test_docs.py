"""The docs tell the truth, as far as a program can tell."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

import server
from base.settings import PREFIX, Settings
from base.tokens import Tokens
from scripts import write_docs
from scripts.write_docs import COMMAND, LANGUAGES, ROOT
from tests.clock import StoppedClock
from web.metrics import Metrics
from web.routes import ROUTES

DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
WATCHING = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
RUNNING = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
WEBHOOKS = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
# Homes and mounts of whoever wrote it, and hosts that packages come from.
PRIVATE = re.compile(
    r"(?<![\w.])/(home|root|work|Users)/|npm[j]s|python[h]osted|pyp[i]\.", re.IGNORECASE
)


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def prose(path: Path) -> str:
    """A document without its code."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """What a link may name after ``#``, as GitHub makes it of headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


class Quiet:
    """A node without anybody."""

    viewers = sockets = rooms = tasks = payments_waiting = 0
    feed_silent_s = 0.0
    closes: ClassVar[dict[int, int]] = {}


def verbs() -> set[str]:
    (action,) = (
        action
        for action in server.parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return set(action.choices)


# What is written by the code.


@pytest.mark.parametrize("path", write_docs.written(), ids=lambda path: path.name)
def test_what_the_code_writes_is_up_to_date(path: Path) -> None:
    assert path.exists(), f"run {COMMAND}"
    assert path.read_text(encoding="utf-8") == write_docs.written()[path], f"run {COMMAND}"


def test_every_key_says_its_type_and_what_it_holds() -> None:
    keys = write_docs.redis_keys()
    typed = {key.pattern for key in keys if key.kind}

    assert len(typed) > 25
    assert [key.name for key in keys if key.pattern not in typed or not key.text] == []


@pytest.mark.parametrize("script", write_docs.scripts(), ids=lambda script: script.name)
def test_a_script_says_its_contract_and_its_caller_calls_it(script: write_docs.Script) -> None:
    contract = re.sub(r"\s+", " ", script.contract)
    caller = re.search(r"Called by ([\w/]+\.py)", contract)

    assert script.purpose.endswith(".")
    assert re.search(r"KEYS .+ ARGV .+ Returns .+ Called by", contract)
    assert caller is not None
    assert (ROOT / caller[1]).exists(), f"{caller[1]} is not there"
    assert f'"{script.name}"' in (ROOT / caller[1]).read_text(encoding="utf-8")


def test_examples_in_the_docs_are_files_that_run() -> None:
    text = README + RUNNING + WEBHOOKS
    quoted = re.findall(r"<!-- (docs/examples/[\w.]+): written", text)
    files = [path for path in (ROOT / "docs" / "examples").iterdir() if path.suffix in LANGUAGES]

    assert sorted(quoted) == sorted(names(files))
    for name in quoted:
        code = (ROOT / name).read_text(encoding="utf-8")
        assert any(code == block for _, block in FENCE.findall(text)), name


# What is written by hand.


@pytest.mark.parametrize("path", DOCS, ids=names(DOCS))
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.is_relative_to(ROOT), target
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("path", DOCS, ids=names(DOCS))
def test_docs_name_nobody_s_machine(path: Path) -> None:
    assert PRIVATE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", DOCS, ids=names(DOCS))
def test_commands_in_the_docs_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    made = set(re.findall(r"(?:`|^)make ([a-z]+)", text, flags=re.MULTILINE))
    said = set(re.findall(r"server\.py ([a-z][a-z-]+)", text))

    assert made - targets == set()
    assert said - verbs() == set()


@pytest.mark.parametrize("path", DOCS, ids=names(DOCS))
def test_settings_in_the_docs_exist(path: Path) -> None:
    known = {PREFIX + field.name.upper() for field in dataclasses.fields(Settings)}
    mentioned = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8")))

    assert mentioned - known == set()


@pytest.mark.parametrize("name", ["README.md", "docs/running.md", "docs/webhooks.md"])
def test_routes_in_the_docs_exist(name: str) -> None:
    known = {route.path for route in ROUTES}
    text = (ROOT / name).read_text(encoding="utf-8")
    mentioned = re.findall(r"`(?:GET |POST |DELETE )?(/[a-z][\w./{}-]*)`", text)
    mentioned = [path for path in mentioned if not path.startswith("/etc/")]

    assert mentioned
    assert set(mentioned) - known == set()


def test_running_names_every_verb_and_every_option() -> None:
    said = set(re.findall(r"server\.py ([a-z][a-z-]+)", RUNNING + README))
    said |= set(re.findall(r"`(import-products)`", README))

    assert verbs() - said - {"serve"} == set()
    for option in ("--host", "--port", "--workers", "--data-dir", "--demo", "--certfile"):
        assert f"[{option}" in RUNNING


def test_watching_explains_every_metric_and_no_other() -> None:
    metrics = Metrics()
    metrics.watch(Quiet())
    families = {family.name for family in metrics.families()}

    explained = re.findall(r"`(yellowcart_[a-z_]+)(?:\{[a-z,]+\})?`", WATCHING)

    assert {name.removesuffix("_total") for name in explained} == families


def test_readme_says_what_is_not_there_yet() -> None:
    missing = README.partition("## What is not there yet")[2].partition("\n## ")[0]

    for word in ("Deals", "discounts", "Payouts"):
        assert word in missing, word
    for word in ("shipping", "Tax", "Stripe", "image was never built"):
        assert word in missing, word


def test_readme_is_short_and_counts_the_demo_right() -> None:
    catalog = json.loads((ROOT / "shop" / "demo" / "catalog.json").read_text(encoding="utf-8"))

    assert len(README.splitlines()) < 200
    assert "fourteen products" in README
    assert len(catalog["products"]) == 14


def test_the_folder_tree_is_the_one_there_is() -> None:
    tree = ARCHITECTURE.partition("## Where things are")[2]
    lines = re.findall(r"^( *)([\w/]+)/ +\w", tree, flags=re.MULTILINE)
    top = {name for indent, name in lines if not indent}

    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert top == packages | {"bench", "docs", "scripts", "tests"}
    parents: list[str] = []
    for indent, name in lines:
        parents[len(indent) // 2 :] = [name]
        assert (ROOT / "/".join(parents)).is_dir(), parents


# Security.


def test_every_story_and_every_abuse_has_a_test_or_a_reason() -> None:
    rows = re.findall(r"^\| ([AT]\d\d) \|.*\| ([^|]*) \|$", SECURITY, flags=re.MULTILINE)
    wanted = [f"A{n:02}" for n in range(1, 41)] + [f"T{n:02}" for n in range(1, 36)]

    assert [number for number, _ in rows] == wanted
    for number, proof in rows:
        reason = r"(Does not apply|Not yet): \w.+\."
        tests = rf"`test_{number.lower()}_\w+`(<br>`test_{number.lower()}_\w+`)*"
        assert re.fullmatch(rf"{reason}|{tests}", proof), number


def test_security_names_files_that_there_are() -> None:
    named = re.findall(r"`([\w/]+\.(?:py|lua))`", SECURITY.partition("## What somebody")[2])

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_story_s_test_names_its_guard() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if re.match(r"test_t\d\d_", node.name):
                guard = (ast.get_docstring(node) or "").partition("Guard: ")[2]
                files = re.findall(r"[\w/]+\.(?:py|lua)", guard)
                assert files, node.name
                assert all((ROOT / file).exists() for file in files if "/" in file), node.name


# Decisions.


def test_decisions_are_numbered_without_a_hole_and_listed() -> None:
    numbers = [path.name[:4] for path in ADRS]
    listed = re.findall(r"\[(\d+\. .+)\]\(adr/(.+\.md)\)", ARCHITECTURE)

    assert numbers == [f"{number:04d}" for number in range(1, len(ADRS) + 1)]
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in ADRS]
    assert [(f"# {title}", name) for title, name in listed] == [
        (title, path.name) for title, path in zip(titles, ADRS, strict=True)
    ]


@pytest.mark.parametrize("path", ADRS, ids=names(ADRS))
def test_a_decision_is_one_page_with_its_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)

    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert headings == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60


# Signing.


@pytest.mark.parametrize(
    ("program", "file"),
    [
        (sys.executable, "sign_token.py"),
        pytest.param("node", "sign_token.mjs", marks=pytest.mark.node),
    ],
)
def test_a_token_signed_as_the_docs_say_is_taken(program: str, file: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    secret = "a secret that the shop shares with us"
    command = [program, str(ROOT / "docs" / "examples" / file)]
    environ = {**os.environ, "SECRET": secret}

    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    actor = Tokens(secret, StoppedClock()).verify(done.stdout.strip())
    assert (actor.id, actor.name, actor.role) == ("customer-4711", "Ada L.", "viewer")
