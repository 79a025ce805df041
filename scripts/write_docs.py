"""Writes those parts of the docs that the code knows better than anybody.

``.venv/bin/python -m scripts.write_docs`` brings them up to date; a test compares them.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import server
from base.settings import PREFIX, Settings
from store.redis import keys

__all__ = [
    "COMMAND",
    "LANGUAGES",
    "ROOT",
    "Key",
    "Script",
    "proofs",
    "redis_keys",
    "scripts",
    "written",
]

ROOT: Final = Path(__file__).resolve().parent.parent
LUA: Final = ROOT / "store" / "redis" / "lua"
COMMAND: Final = ".venv/bin/python -m scripts.write_docs"

REDIS_HEAD: Final = f"""\
# Redis keys and scripts

Written by `{COMMAND}` from `store/redis/keys.py` and the headers of
`store/redis/lua/*.lua`; do not edit it here.

Every key is built in `store/redis/keys.py`, each change of more than one key is one script, and
only `store/redis` speaks to Redis. `NN` is two digits, crc32 of the shop's or viewer's id mod
{keys.SHARDS}. What stands in braces is the hash tag: keys of one tag share a slot of a Cluster.
Redis is the gate, not the book: what is lost here is rebuilt from SQL or may be missed, see
[ADR 1](adr/0001-redis-is-the-gate-sql-is-the-book.md) and
[what happens when Redis is lost](running.md#redis-lost-its-data).
"""

SECURITY: Final = ROOT / "docs" / "security.md"
PROOF: Final = re.compile(r"^(?:async )?def (test_([at]\d\d)_\w+)\(", re.MULTILINE)
PROVED: Final = re.compile(r"^(\| ([AT]\d\d) \|.*\|)([^|]*)\|$", re.MULTILINE)

CELL: Final = re.compile(r"\s+")
MARK: Final = re.compile(
    r"<!-- (?P<name>[\w./-]+): written by `[^`]+` -->\n(?P<body>.*?)<!-- end -->", re.DOTALL
)
KIND: Final = re.compile(r"(HASH|STRING|LIST|SET|ZSET|STREAM|CHANNEL)\b[:,]? ?(.*)", re.DOTALL)
LANGUAGES: Final = {".py": "python", ".mjs": "js", ".conf": "nginx"}


@dataclass(frozen=True, slots=True)
class Key:
    """A Redis key: how it is built, its type, and what it holds for how long."""

    name: str
    section: str
    pattern: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script's header: what it does, and its KEYS, ARGV, Returns and callers."""

    name: str
    purpose: str
    contract: str


def redis_keys() -> list[Key]:
    """Every key of ``store/redis/keys.py``, in its order."""
    source = inspect.getsource(keys)
    headings = [
        (number, found[1])
        for number, line in enumerate(source.splitlines(), 1)
        if (found := re.match(r"# --- (.+?) -+$", line))
    ]
    found_keys = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and (pattern := _pattern(node)):
            section = [text for line, text in headings if line < node.lineno][-1]
            kind, text = _described(node)
            found_keys.append(Key(node.name, section, pattern, kind, text))
    return found_keys


def scripts() -> list[Script]:
    """Every Lua script, by name."""
    return [_header(path) for path in sorted(LUA.glob("*.lua"))]


def written() -> dict[Path, str]:
    """Each document that is written here, or in part, as it should be."""
    documents = {ROOT / "docs" / "redis.md": _redis()}
    for name in ("README.md", "docs/running.md", "docs/webhooks.md"):
        path = ROOT / name
        documents[path] = MARK.sub(_filled, path.read_text(encoding="utf-8"))
    documents[SECURITY] = PROVED.sub(_proved, SECURITY.read_text(encoding="utf-8"))
    return documents


def proofs() -> dict[str, list[str]]:
    """The tests of each line of docs/security.md, by its number: ``test_a01_…`` is A01's."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name, number in PROOF.findall(path.read_text(encoding="utf-8")):
            found.setdefault(number.upper(), set()).add(name)
    return {number: sorted(names) for number, names in found.items()}


# Redis.


def _pattern(function: ast.FunctionDef) -> str | None:
    """What the function returns, with names in place of values; None if it is no key."""
    last = function.body[-1]
    if not isinstance(last, ast.Return):
        return None
    if isinstance(last.value, ast.Constant):
        return str(last.value.value)
    if not isinstance(last.value, ast.JoinedStr) or function.name == "shard":
        return None
    return "".join(_part(value) for value in last.value.values)


def _part(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    inner = value.value if isinstance(value, ast.FormattedValue) else value
    if isinstance(inner, ast.Name) and inner.id != "number":
        return inner.id.upper()
    return "NN"


def _described(function: ast.FunctionDef) -> tuple[str, str]:
    text = CELL.sub(" ", ast.get_docstring(function) or "")
    text = re.sub(r":func:`(\w+)`", r"`\1`", text.replace("``", "`")).rstrip(".")
    found = KIND.match(text)
    return (found[1], found[2]) if found else ("", text)


def _builders(key: Key, found: list[Key]) -> str:
    """The functions that build a key; some do it for a shard instead of a shop."""
    return ", ".join(f"`{other.name}`" for other in found if other.pattern == key.pattern)


def _header(path: Path) -> Script:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    header = []
    for line in lines:
        if not line.startswith("--"):
            break
        header.append(line.removeprefix("--").removeprefix(" "))
    split = next((at for at, line in enumerate(header) if line.startswith("KEYS")), len(header))
    return Script(path.stem, " ".join(header[:split]), "\n".join(header[split:]))


def _redis() -> str:
    parts = [REDIS_HEAD, "## Keys\n"]
    found = redis_keys()
    for section in dict.fromkeys(key.section for key in found):
        rows = [
            f"| `{key.pattern}` | {key.kind} | {key.text} | {_builders(key, found)} |"
            for key in found
            if key.section == section and key.kind
        ]
        parts.append(_table(f"### {section.capitalize()}", ("key", "type", "what", "by"), rows))
    parts.append("## Scripts\n\nA script checks everything before its first write, and a repeat ")
    parts[-1] += "changes nothing more.\n"
    parts += [
        f"### {script.name}\n\n{script.purpose}\n\n```text\n{script.contract}\n```\n"
        for script in scripts()
    ]
    return "\n".join(parts)


# Settings and examples.


def _filled(found: re.Match[str]) -> str:
    name = found["name"]
    body = _settings() if name == "settings" else _quoted(ROOT / name)
    return f"<!-- {name}: written by `{COMMAND}` -->\n{body}<!-- end -->"


def _quoted(path: Path) -> str:
    language = LANGUAGES[path.suffix]
    return f"```{language}\n{path.read_text(encoding='utf-8')}```\n"


def _proved(row: re.Match[str]) -> str:
    """A row of docs/security.md, with its tests; without any it says why in words."""
    tests = proofs().get(row[2], [])
    said = "" if row[3].strip().startswith("`") else row[3].strip()
    return f"{row[1]} {'<br>'.join(f'`{name}`' for name in tests) or said} |"


def _settings() -> str:
    options = {
        action.dest: action.option_strings[0]
        for action in _serve_options()
        if action.option_strings
    }
    meaning = _attributes(inspect.getdoc(Settings) or "")
    rows = []
    for field in dataclasses.fields(Settings):
        default = "no" if field.default is False else f"`{field.default}`".replace("``", "")
        option = f"`{options[field.name]}`" if field.name in options else ""
        variable = f"`{PREFIX}{field.name.upper()}`"
        rows.append(f"| {variable} | {option} | {default} | {meaning[field.name]} |")
    return _table("", ("variable", "option", "default", "what"), rows).lstrip()


def _serve_options() -> list[argparse.Action]:
    return server.parser()._actions  # noqa: SLF001  argparse has no public way to list them


def _attributes(docstring: str) -> dict[str, str]:
    """The meaning of each name in a docstring's ``Attributes:``."""
    block = docstring.partition("Attributes:\n")[2]
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in block.splitlines():
        found = re.match(r" {4}(\w[\w, ]*): (.*)", line)
        if found:
            names = found[1].split(", ")
            text = found[2]
        else:
            text = line.strip()
        for name in names:
            meanings[name] = f"{meanings.get(name, '')} {text}".strip().replace("``", "`")
    return meanings


def _table(title: str, heads: tuple[str, ...], rows: list[str]) -> str:
    head = f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    return "\n".join([title, "", head, *rows, ""])


def main() -> None:
    """Write every document anew."""
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
