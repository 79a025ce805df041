"""Errors as HTTP tells them: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web
from msgspec import UNSET

from base.errors import STATUS, Invalid, NotFound, Outage, TooLarge, YellowcartError
from web.answers import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEDIA", "of_http", "problem"]

MEDIA: Final = "application/problem+json"


def problem(error: YellowcartError, status: int | None = None) -> web.Response:
    """The answer that tells of an error, with the status of its code or another."""
    status = STATUS[error.code] if status is None else status
    told = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=error.message,
        code=error.code,
        data=error.data or UNSET,
    )
    return web.Response(
        status=status, body=msgspec.json.encode(told), content_type=MEDIA, headers=_headers(error)
    )


def of_http(error: web.HTTPException) -> web.Response:
    """The same for what aiohttp itself refuses: unknown paths and methods."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        methods = ", ".join(sorted(error.allowed_methods))
        answer = problem(Invalid(f"This path takes {methods} only."), status=405)
        answer.headers["Allow"] = methods
        return answer
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return problem(TooLarge("The body is too large. Send less."))
    if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
        return problem(NotFound("There is nothing at this address. See /docs for what there is."))
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(Invalid("The request is not of its form. See /docs for it."))
    return problem(Outage())


def _headers(error: YellowcartError) -> Mapping[str, str]:
    headers = {"Cache-Control": "no-store"}
    if error.code == "unauthorized":
        headers["WWW-Authenticate"] = "Bearer"
    wait_ms = error.data.get("retry_after_ms")
    if isinstance(wait_ms, int):
        # Whole seconds, rounded up: coming back earlier would be refused again.
        headers["Retry-After"] = str(-(-wait_ms // 1000))
    return headers
