"""From a request to its answer: its form is checked by the route's table, then it is handled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from base.errors import NotFound
from base.ids import is_id
from web.asked import Asked
from web.guard import CALLER
from web.reading import MOST_BODY, MOST_WEBHOOK, parsed, read_bytes
from web.route import Made, Route, Who

if TYPE_CHECKING:
    from web.caller import Caller
    from web.services import Services

__all__ = ["serve"]

JSON: Final = "application/json"
_encoder: Final = msgspec.json.Encoder()


async def serve(route: Route, services: Services, request: web.Request) -> web.StreamResponse:
    """Answer a request of a route.

    Raises:
        YellowcartError: It cannot be done, for the guard to tell.

    """
    caller = request[CALLER]
    _admit(route, caller)
    if not route.free and not all(map(is_id, request.match_info.values())):
        raise NotFound("There is no such thing: an id has 1 to 64 letters, digits, _ or -.")
    raw, body = b"", None
    if route.raw:
        raw = await read_bytes(request, MOST_WEBHOOK)
    elif route.body is not None:
        body = parsed(request, await read_bytes(request, MOST_BODY), route.body)
    answer = await route.handle(
        Asked(services=services, request=request, caller=caller, body=body, raw=raw)
    )
    return _response(answer)


def _admit(route: Route, caller: Caller) -> None:
    if route.who is Who.ADMIN:
        caller.require_admin()
    elif route.who not in {Who.PUBLIC, Who.PROVIDER}:
        _ = caller.known


def _response(answer: object) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    status, thing = (201, answer.thing) if isinstance(answer, Made) else (200, answer)
    return web.Response(
        status=status,
        body=_encoder.encode(thing),
        content_type=JSON,
        headers={"Cache-Control": "no-store"},
    )
