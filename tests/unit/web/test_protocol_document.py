"""docs/protocol.md against the code: every command, event, error and close code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec
import pytest

from base.errors import STATUS
from live.close_codes import FINAL, REASONS, CloseCode
from live.commands import BY_OP
from live.events import BY_NAME, FEED_EVENTS
from live.wire import Format
from web.asyncapi import ANSWERS

TEXT: Final = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading: its cells, by the name in the first one."""
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row for row in cells}


def fields(kind: type[msgspec.Struct]) -> dict[str, bool]:
    """Each field's name on the wire, and whether it may be absent."""
    return {
        field.encode_name: not field.required
        for field in msgspec.structs.fields(kind)
        if field.encode_name not in {"id", "at", "seq"}
    }


def named(cell: str) -> dict[str, bool]:
    return {name: bool(mark) for name, mark in re.findall(r"`(\w+)`(\?)?", cell)}


def test_the_document_has_exactly_the_commands_there_are() -> None:
    assert set(rows("Commands")) == set(BY_OP)


@pytest.mark.parametrize("op", BY_OP)
def test_a_command_is_documented_with_its_fields_and_its_answer(op: str) -> None:
    _, given, answer, _ = rows("Commands")[op]

    assert named(given) == fields(BY_OP[op])
    assert set(named(answer)) == set(fields(ANSWERS[op])) | set(named(answer)) & {"at"}


def test_the_document_has_exactly_the_events_there_are() -> None:
    assert set(rows("Events")) == set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_an_event_is_documented_with_its_fields_and_its_kind(name: str) -> None:
    _, kind, given, _ = rows("Events")[name]

    assert set(named(given)) == set(fields(BY_NAME[name])) | set(named(given)) & {"seq"}
    assert (kind == "feed") is (BY_NAME[name] in FEED_EVENTS)
    assert kind in {"feed", "gauge", "private", "snapshot"}


def test_the_document_has_every_error_with_its_status() -> None:
    assert {code: int(row[1]) for code, row in rows("Errors").items()} == STATUS


def test_the_document_has_every_close_code_and_which_are_final() -> None:
    closes = rows("Close codes")

    assert {int(code) for code in closes} == {int(code) for code in REASONS}
    assert {int(code) for code, row in closes.items() if row[2] == "no"} == {
        int(code) for code in FINAL
    }
    assert len(CloseCode) == len(REASONS)


@pytest.mark.parametrize("fmt", Format)
def test_the_document_names_every_subprotocol(fmt: Format) -> None:
    assert f"`{fmt.subprotocol}`" in TEXT
