"""Unusual handshakes: websockets' ``ServerProtocol`` reads them and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from websockets.exceptions import NegotiationError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from base.errors import Forbidden, Invalid, YellowcartError
from live import handshake

__all__ = ["answered"]


def answered(head: bytes, allows: Callable[[str, str], bool]) -> tuple[ServerProtocol, str]:
    """Read a request to its end; the answer waits to be sent.

    Args:
        head: The request, with the empty line that ends it.
        allows: Whether a page of an origin may speak to a host.

    Returns:
        The library's handshake, open or refused, and who the request was forwarded for.

    """
    library = ServerProtocol(select_subprotocol=_select)
    library.receive_data(head)
    request = next((e for e in library.events_received() if isinstance(e, Request)), None)
    if request is None:
        return library, ""
    library.send_response(_response(library, request, allows))
    return library, ",".join(request.headers.get_all("X-Forwarded-For"))


def _response(
    library: ServerProtocol, request: Request, allows: Callable[[str, str], bool]
) -> Response:
    origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
    if len(hosts) > 1:
        return _refusal(library, Invalid(handshake.NO_HANDSHAKE))
    host = hosts[0] if hosts else ""
    if not all(allows(origin, host) for origin in origins):
        return _refusal(library, Forbidden(handshake.FOREIGN_ORIGIN))
    response = library.accept(request)
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        return response
    return _refusal(library, Invalid(handshake.NO_HANDSHAKE))


def _refusal(library: ServerProtocol, error: YellowcartError) -> Response:
    response = library.reject(*handshake.refused(error))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/problem+json"
    return response


def _select(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    name = handshake.chosen(offered)
    if offered and name is None:
        raise NegotiationError("offer yellowcart.v1.json or yellowcart.v1.msgpack")
    return None if name is None else Subprotocol(name)
