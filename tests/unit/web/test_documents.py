"""``/openapi.json``, ``/asyncapi.json``: whole, portable, and of what the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from base.errors import STATUS
from live.close_codes import FINAL, REASONS
from live.commands import BY_OP
from live.events import BY_NAME, FEED_EVENTS
from web.asyncapi import ANSWERS, asyncapi
from web.openapi import openapi
from web.routes import ROUTES

OPENAPI: Final = openapi(ROUTES, "1.2.3")
ASYNCAPI: Final = asyncapi("1.2.3")
BOTH: Final = pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["openapi", "asyncapi"])


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


@BOTH
def test_every_reference_leads_to_something(document: dict[str, Any]) -> None:
    references = [item["$ref"] for item in walk(document) if isinstance(item.get("$ref"), str)]

    assert references
    for reference in references:
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


@BOTH
def test_patterns_mean_the_same_in_every_language(document: dict[str, Any]) -> None:
    patterns = [item["pattern"] for item in walk(document) if isinstance(item.get("pattern"), str)]

    assert patterns
    for pattern in patterns:
        assert pattern.endswith("$")
        assert "\\Z" not in pattern
        re.compile(pattern)


def test_openapi_has_each_route_with_its_answers() -> None:
    for route in ROUTES:
        operation = OPENAPI["paths"][route.path][route.method.lower()]
        statuses = {str(STATUS[code]) for code in route.codes}
        good = {"101", "200", "201"} & set(operation["responses"])
        assert set(operation["responses"]) == statuses | good
        assert good
        named = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path"]
        assert named == route.path_ids


def test_operation_ids_are_unique() -> None:
    ids = [item["operationId"] for item in walk(OPENAPI) if "operationId" in item]

    assert len(ids) == len(set(ids)) == len(ROUTES)


def test_a30_openapi_knows_money_and_quantities_as_bounded_integers() -> None:
    schemas = OPENAPI["components"]["schemas"]

    assert schemas["NewLine"]["properties"]["qty"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 999,
    }
    assert schemas["NewLine"]["additionalProperties"] is False
    assert "compare_at" not in schemas["Sku"]["required"]


def test_asyncapi_has_each_command_with_its_reply_and_each_event() -> None:
    messages = {message["name"] for message in ASYNCAPI["components"]["messages"].values()}

    assert messages == {*BY_OP, *(f"{op}.reply" for op in BY_OP), "error", *BY_NAME}
    assert set(ANSWERS) == set(BY_OP)
    assert len(ASYNCAPI["operations"]) == len(BY_OP) + 1


def test_asyncapi_asks_for_seq_in_feed_events_only() -> None:
    for name, kind in BY_NAME.items():
        message = ASYNCAPI["components"]["messages"][name.replace(".", "_")]
        _, required = message["payload"]["allOf"]
        assert ("seq" in required["required"]) is (kind in FEED_EVENTS)


def test_asyncapi_lists_every_close_code() -> None:
    closes = ASYNCAPI["x-close-codes"]

    assert set(closes) == {str(int(code)) for code in REASONS}
    assert {code for code, told in closes.items() if not told["retry"]} == {
        str(int(code)) for code in FINAL
    }
