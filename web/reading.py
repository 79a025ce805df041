"""Bodies, read with a bound in bytes and in time, and taken for what the route declares."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from base import strict_json
from base.errors import Invalid, TooLarge
from base.forms import wrong_form

if TYPE_CHECKING:
    from msgspec import Struct

__all__ = ["MOST_BODY", "MOST_WEBHOOK", "parsed", "read_bytes"]

MOST_BODY: Final = 64 * 1024
MOST_WEBHOOK: Final = 256 * 1024
"""Bytes of a body that are read."""

BODY_WITHIN_S: Final = 15.0
"""A slow phone sends 64 KiB in that; who sends a byte a second does not hold a task."""


async def read_bytes(request: web.Request, most: int) -> bytes:
    """The body as it came.

    Raises:
        TooLarge: It has more than ``most`` bytes.
        Invalid: It is encoded, broken off, or takes too long.

    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A small body could be made huge, and a signature is on the bytes as they came.
        raise Invalid("Send the body as it is, without a Content-Encoding.")
    refusal = TooLarge(f"The body is larger than {most // 1024} KiB. Send less.")
    if (request.content_length or 0) > most:
        raise refusal
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > most:
                    raise refusal
                chunks.append(chunk)
    except TimeoutError as error:
        raise Invalid("The body did not come in time. Send it again.") from error
    except web.RequestPayloadError as error:
        raise Invalid("The body broke off. Send it again.") from error
    return b"".join(chunks)


def parsed(request: web.Request, raw: bytes, kind: type[Struct]) -> Struct:
    """The body as the route's struct; an empty one is an object without fields.

    Raises:
        Invalid: Not JSON, not of that form, or with a field that is not known.

    """
    if raw and request.content_type != "application/json":
        raise Invalid("Send the body as JSON, with Content-Type: application/json.")
    try:
        return msgspec.convert(strict_json.loads(raw or b"{}"), kind)
    except msgspec.ValidationError as error:
        raise wrong_form(error) from error
    except ValueError as error:
        raise Invalid("The body is not JSON. Send one object, each key once.") from error
