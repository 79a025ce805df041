"""picows: a loop of ``send`` over its transports."""

from __future__ import annotations

import uvloop
from lines import TEXT, obey
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

viewers: set[WSTransport] = set()
TOLD = TEXT.encode()


class Viewer(WSListener):
    """One viewer."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Come."""
        viewers.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Go."""
        viewers.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Say nothing."""


def tell() -> None:
    """Send to all."""
    for viewer in viewers:
        viewer.send(WSMsgType.TEXT, TOLD)


async def main() -> None:
    """Serve."""

    def listener(_: WSUpgradeRequest) -> Viewer:
        return Viewer()

    server = await ws_create_server(listener, "127.0.0.1", 0, backlog=4096)
    await obey(server.sockets[0].getsockname()[1], tell)


uvloop.run(main())
