"""What is shipped: the locks, the wheel, the image and the compose file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
PACKAGES = WHEEL["packages"]
ARTIFACTS = [path.removeprefix("/") for path in WHEEL["artifacts"]]
UNREACHABLE = ("connection broken by", "Read timed out", "ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT")
LOCKS = ("requirements.txt", "requirements-dev.txt")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, in order, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def copied_sources() -> list[str]:
    """What the image takes from the repository."""
    copies = [argument.split() for name, argument in instructions() if name == "COPY"]
    return [source for words in copies if "--from=" not in words[0] for source in words[:-1]]


def normalized(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def locked(lock: str) -> dict[str, str]:
    """Version by package name."""
    pins = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return {normalized(name): version for name, version in pins}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_to_download_from(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert not re.search(r"^\s*-(-index|-extra|-find|i|f)", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\w)", (ROOT / lock).read_text())[1:]

    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    wanted = PROJECT["project"]["dependencies"]
    extras = PROJECT["project"]["optional-dependencies"]

    asked = wanted + extras["postgres"] + extras["stripe"]
    server = {normalized(requirement) for requirement in asked}
    tests = {normalized(requirement) for requirement in extras["dev"]} - {"yellowcart"}

    assert server - locked("requirements.txt").keys() == set()
    assert (server | tests) - locked("requirements-dev.txt").keys() == set()


def test_tests_run_with_the_versions_that_the_server_runs_with() -> None:
    server, tests = locked("requirements.txt"), locked("requirements-dev.txt")

    assert {name: tests.get(name) for name in server} == server


def test_the_lock_for_browsers_has_a_hash_for_everything_and_no_address() -> None:
    text = (ROOT / "web" / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]

    assert "://" not in text
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


def test_the_lock_for_browsers_holds_what_is_asked_for_by_exact_version() -> None:
    asked = json.loads((ROOT / "web" / "package.json").read_text())
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]

    wanted = asked["dependencies"] | asked["devDependencies"]
    assert list(asked["dependencies"]) == ["hls.js"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_every_package_of_the_tree_is_in_the_wheel_and_in_the_image() -> None:
    tree = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "scripts"}

    assert set(PACKAGES) == tree
    assert tree - set(copied_sources()) == set()


def test_what_the_image_copies_exists_and_passes_the_dockerignore() -> None:
    sources = copied_sources()
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}

    assert "server.py" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {Path(source).parts[0] for source in sources} == allowed


def test_the_image_gets_no_packages_of_this_machine() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()

    assert "web/node_modules" in ignored[ignored.index("!web") :]


def test_the_image_runs_as_nobody_in_particular_and_can_be_stopped_and_asked() -> None:
    last = dict(instructions())

    assert last["USER"] == "yellowcart"
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert "/healthz" in last["HEALTHCHECK"]


def test_compose_wants_a_secret_and_opens_ports_on_this_machine_only() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    ports = re.findall(r'^ +- "?(\S*:\d+)"?$', compose, flags=re.MULTILINE)

    assert "${YELLOWCART_SECRET:?" in compose
    assert "${YELLOWCART_DATABASE_PASSWORD:?" in compose
    assert ports == ["${BIND:-127.0.0.1}:${PORT:-8080}:8080"]


def test_the_wheel_holds_scripts_migrations_and_pictures(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=50)
    (wheel,) = tmp_path.glob("*.whl")

    shipped = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert shipped - set(ARTIFACTS) == source_files()
    assert set(ARTIFACTS) - shipped == {name for name in ARTIFACTS if not (ROOT / name).exists()}
    for suffix in (".lua", ".svg"):
        assert any(name.endswith(suffix) for name in shipped), suffix
    assert any(name.startswith("store/sql/migrations/versions/") for name in shipped)


def source_files() -> set[str]:
    paths = [ROOT / "server.py", *(path for name in PACKAGES for path in (ROOT / name).rglob("*"))]
    files = {path.relative_to(ROOT).as_posix() for path in paths if path.is_file()}
    return {name for name in files if not {"__pycache__", "node_modules"} & set(Path(name).parts)}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_image_s_install_lines_make_an_environment_that_runs_the_server(
    tmp_path: Path,
) -> None:
    for source in copied_sources():
        copy_into(tmp_path, source)

    for line in run_lines("/opt/venv"):
        run_as_in_the_image(line, tmp_path)
    usage = run_as_in_the_image("/opt/venv/bin/python server.py --help", tmp_path)

    assert "serve" in usage


@pytest.mark.slow
def test_the_image_s_packages_for_browsers_are_one_file_and_its_license(tmp_path: Path) -> None:
    for source in copied_sources():
        if source.startswith("web/"):
            copy_into(tmp_path, source)

    (line,) = run_lines("npm")
    run_as_in_the_image(line, tmp_path)

    paths = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".json"]
    files = {f"web/{path.relative_to(tmp_path).as_posix()}" for path in paths}
    assert files == {"web/.npmrc", *ARTIFACTS}


def run_lines(word: str) -> list[str]:
    """The Dockerfile's commands in which a word occurs."""
    return [line for name, line in instructions() if name == "RUN" and word in line]


def copy_into(folder: Path, source: str) -> None:
    if (ROOT / source).is_dir():
        ignore = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / source, folder / source, ignore=ignore)
    else:
        shutil.copy(ROOT / source, folder)


def run_as_in_the_image(line: str, folder: Path) -> str:
    """Run a line of the Dockerfile with the environment inside the folder.

    Pip and npm may use their caches here, and a machine without a network skips: only a registry
    can fill a fresh environment.
    """
    line = line.replace("/opt/venv", "opt/venv").replace("--no-cache-dir ", "")
    python = str(Path(sys.executable).parent)
    env = {**os.environ, "PATH": f"{python}{os.pathsep}{os.environ['PATH']}", "PIP_RETRIES": "1"}
    env |= {"npm_config_prefer_offline": "true", "npm_config_fetch_retries": "0"}
    shell = ["sh", "-c", line]
    done = subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if any(words in done.stderr for words in UNREACHABLE):
        pytest.skip("no package registry in reach")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a37_aiohttp_has_the_mended_parser() -> None:
    """From 3.14.1 a compressed body counts against its limit (CVE-2026-54278)."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(r"^aiohttp==(\d+)\.(\d+)\.(\d+)", lock, flags=re.MULTILINE)

    assert found is not None
    assert tuple(map(int, found.groups())) >= (3, 14, 1)
