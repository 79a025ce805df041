"""``/openapi.json``: the routes, in OpenAPI's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from base.errors import STATUS
from web.answers import Problem
from web.problems import MEDIA
from web.route import Route, Who
from web.schemas import Schema, of_types

__all__ = ["openapi"]

ID: Final[Schema] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
AFTER: Final[Schema] = {
    "name": "after",
    "in": "query",
    "description": "Where to go on: the next of the page before.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,128}$"},
}
LIMIT: Final[Schema] = {
    "name": "limit",
    "in": "query",
    "description": "How many at most.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
}
KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same for each try of the same request.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
}


def openapi(routes: Sequence[Route], version: str) -> Schema:
    """The whole document."""
    kinds = [kind for route in routes for kind in (route.body, route.answer) if kind is not None]
    schemas, components = of_types([*kinds, Problem])
    paths: dict[str, Schema] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Yellowcart",
            "version": version or "0",
            "description": "Money is in minor units, times are Unix milliseconds. Every route"
            " may also answer 429 (rate_limited) and 503 (unavailable).",
        },
        "paths": dict(paths),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _operation(route: Route, schemas: dict[type, Schema]) -> Schema:
    operation: Schema = {
        "operationId": _name(route),
        "summary": route.does,
        "description": f"Who may ask: {route.who.value}.",
        "responses": _responses(route, schemas),
    }
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content: Schema = {"schema": schemas[route.body]}
        if route.example:
            content["example"] = dict(route.example)
        operation["requestBody"] = {
            "required": bool(route.example),
            "content": {"application/json": content},
        }
    if route.who not in {Who.PUBLIC, Who.PROVIDER}:
        operation["security"] = [{"token": []}]
    return operation


def _parameters(route: Route) -> list[Schema]:
    schema: Schema = {"type": "string"} if route.free else ID
    named: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": schema} for name in route.path_ids
    ]
    return named + [AFTER, LIMIT] * route.lists + [KEY] * route.keyed


def _responses(route: Route, schemas: dict[type, Schema]) -> Schema:
    responses: Schema = {}
    good: Schema = {"description": "Made." if route.made else "Done."}
    if route.path == "/live":
        good = {"description": "The connection speaks WebSocket from here on."}
    else:
        schema = schemas[route.answer] if route.answer is not None else {}
        good["content"] = {route.media: {"schema": schema}}
    responses["101" if route.path == "/live" else "201" if route.made else "200"] = good
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in route.codes:
        by_status[STATUS[code]].append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}.",
            "content": {MEDIA: {"schema": schemas[Problem]}},
        }
    return responses


def _name(route: Route) -> str:
    words = [word.strip("{}") for word in route.path.replace(".", "/").split("/") if word]
    return "_".join([route.method.lower(), *words])
