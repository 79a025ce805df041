"""``/docs``: both documents as one page to read; nothing inline, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any, Final

from msgspec import Struct

from base.errors import STATUS
from live.close_codes import FINAL, REASONS
from live.commands import BY_OP
from live.events import BY_NAME, FEED_EVENTS
from web.asyncapi import ANSWERS
from web.route import Route
from web.schemas import Schema, of_types

__all__ = ["render"]

PAGE: Final = Template(
    (Path(__file__).parent / "static" / "docs.html").read_text(encoding="utf-8")
)


def render(routes: Sequence[Route], version: str) -> str:
    """The page."""
    kinds = [kind for route in routes for kind in (route.body, route.answer) if kind is not None]
    kinds += [*BY_OP.values(), *BY_NAME.values(), *ANSWERS.values()]
    schemas, components = of_types(kinds)
    return PAGE.substitute(
        version=escape(version),
        routes="".join(_route(route, schemas) for route in routes),
        commands="".join(_command(op, kind, schemas) for op, kind in BY_OP.items()),
        events="".join(_event(name, kind, schemas) for name, kind in BY_NAME.items()),
        errors=_rows(
            (code, f"{status} {HTTPStatus(status).phrase}") for code, status in STATUS.items()
        ),
        closes=_rows(
            (str(int(code)), reason + (": do not come back by yourself" if code in FINAL else ""))
            for code, reason in REASONS.items()
        ),
        shapes="".join(_shape(name, schema) for name, schema in components.items()),
    )


def _route(route: Route, schemas: dict[type, Schema]) -> str:
    facts = [("Who", escape(route.who.value))]
    if route.lists:
        facts.append(("Query", "<code>after</code>, <code>limit</code> (1 to 100, default 50)"))
    if route.keyed:
        facts.append(("Header", "<code>Idempotency-Key</code>"))
    if route.body is not None:
        facts.append(("Body", _type(schemas[route.body])))
    if route.answer is not None:
        facts.append(("Answer", f"{201 if route.made else 200} {_type(schemas[route.answer])}"))
    facts.append(("Errors", _codes(route.codes)))
    does = escape(route.does)
    return (
        f'<article><h3><span class="verb">{route.method}</span>'
        f" <code>{escape(route.path)}</code></h3><p>{does}</p>{_facts(facts)}</article>"
    )


def _command(op: str, kind: type[Struct], schemas: dict[type, Schema]) -> str:
    facts = [("Fields", _type(schemas[kind])), ("Ok", _type(schemas[ANSWERS[op]]))]
    return _article(op, kind, facts)


def _event(name: str, kind: type[Struct], schemas: dict[type, Schema]) -> str:
    seq = "yes, consecutive in the show" if kind in FEED_EVENTS else "no"
    return _article(name, kind, [("Fields", _type(schemas[kind])), ("Seq", seq)])


def _article(name: str, kind: type, facts: list[tuple[str, str]]) -> str:
    does = escape((kind.__doc__ or "").strip().splitlines()[0])
    return f"<article><h3><code>{escape(name)}</code></h3><p>{does}</p>{_facts(facts)}</article>"


def _shape(name: str, schema: Schema) -> str:
    required = set(schema.get("required", ()))
    rows = _rows(
        (field + ("" if field in required else "?"), _type(kind))
        for field, kind in schema.get("properties", {}).items()
    )
    if "enum" in schema:
        rows = _rows([("one of", ", ".join(escape(str(item)) for item in schema["enum"]))])
    return f'<article id="{escape(name)}"><h3>{escape(name)}</h3>{rows}</article>'


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts) + "</dl>"


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(
        f"<tr><th><code>{escape(name)}</code></th><td>{text}</td></tr>" for name, text in rows
    )
    return f"<table>{body}</table>" if body else "<p>Nothing.</p>"


def _codes(codes: Sequence[str]) -> str:
    return ", ".join(f"<code>{code}</code> {STATUS[code]}" for code in codes) or "none"


def _type(schema: Any) -> str:
    """A schema in a few words, with a link where it has a shape of its own."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    for choice in ("anyOf", "allOf"):
        if choice in schema:
            return " or ".join(_type(item) for item in schema[choice])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(item))}</code>" for item in schema["enum"])
    if schema.get("type") == "array":
        items = schema.get("items") or {}
        return f"list of {_type(items)}"
    bounds = [
        f"{words} {schema[name]}"
        for name, words in (
            ("minimum", "from"),
            ("maximum", "to"),
            ("minLength", "at least"),
            ("maxLength", "at most"),
            ("pattern", "matching"),
        )
        if name in schema
    ]
    return escape(" ".join([str(schema.get("type", "anything")), *bounds]))
