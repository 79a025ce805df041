"""websockets' own ``broadcast``, without compression, on uvloop."""

from __future__ import annotations

import uvloop
from lines import TEXT, obey
from websockets.asyncio.server import ServerConnection, broadcast, serve

viewers: set[ServerConnection] = set()


async def view(viewer: ServerConnection) -> None:
    """Stay until the end."""
    viewers.add(viewer)
    try:
        await viewer.wait_closed()
    finally:
        viewers.discard(viewer)


async def main() -> None:
    """Serve."""
    async with serve(view, "127.0.0.1", 0, compression=None, backlog=4096) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await obey(port, lambda: broadcast(viewers, TEXT))


uvloop.run(main())
