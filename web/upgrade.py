"""``GET /live`` on a connection that spoke HTTP before: nginx reuses its own to us.

Fresh connections never come here: :class:`live.front.Front` sees their first bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web

from base.errors import Invalid

if TYPE_CHECKING:
    from web.asked import Asked

__all__ = ["hand_over"]


async def hand_over(asked: Asked) -> object:
    """Give the connection to the gateway, and answer nothing ourselves.

    Raises:
        Invalid: It does not ask for a WebSocket.

    """
    request = asked.request
    transport = request.transport
    upgrade = request.headers.get("Upgrade", "").lower()
    if upgrade != "websocket" or request.version != HttpVersion11 or transport is None:
        raise Invalid("This address speaks WebSocket: connect with a WebSocket client.")
    protocol = request.protocol
    # aiohttp closes the transport that it knows when it is told that the connection is lost;
    # so it must not know it any more.
    protocol.transport = None
    protocol.connection_lost(None)
    if not transport.is_reading():
        transport.resume_reading()
    _ = asked.services.gateway.adopt(transport, _head(request))
    # Written to a connection that aiohttp has lost, this goes nowhere.
    return web.Response(status=101)


def _head(request: web.Request) -> bytes:
    lines = [f"{request.method} {request.raw_path} HTTP/1.1".encode("latin-1", "replace")]
    lines += [name + b": " + value for name, value in request.raw_headers]
    return b"\r\n".join([*lines, b"", b""])
