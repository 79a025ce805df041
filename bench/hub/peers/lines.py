"""What all servers in Python share here: a port on the way out, a line for each event in."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Callable

SIZE = int(sys.argv[1])
TEXT = "x" * SIZE

MOST = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (MOST, MOST))


async def obey(port: int, tell: Callable[[], object]) -> None:
    """Print the port, then tell once for each line, until there are no more."""
    print(port, flush=True)
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        tell()
