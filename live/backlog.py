"""How much a transport may hold back for a slow viewer, and how none of it outlives the end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Final

__all__ = ["BUFFER_MOST", "BUFFER_OWN", "cut", "keep_short"]

BUFFER_HIGH: Final = 4 * 1024
BUFFER_LOW: Final = 1024
"""Beside what the kernel has taken, some 60 KB: a viewer who stops reading costs nothing more.
Always set: uvloop's own low mark is 16 bytes until it is.
"""

BUFFER_OWN: Final = 64 * 1024
"""What waits for one viewer alone, replies and private events: beyond it nothing more is read
of what they ask for, and private events are dropped.
"""

BUFFER_MOST: Final = 2 * 1024 * 1024
"""Replies beyond this close the connection: one snapshot and a batch fit."""

NOTSENT_LOWAT: Final = 16 * 1024
"""Keeps a stalled viewer's backlog out of the kernel: 4.2 MB by default, measured."""

NO_LINGER: Final = struct.pack("ii", 1, 0)


def keep_short(transport: asyncio.Transport) -> None:
    """Bound what waits in the transport and, where the system can, in the kernel."""
    transport.set_write_buffer_limits(BUFFER_HIGH, BUFFER_LOW)
    raw = transport.get_extra_info("socket")
    if raw is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT)


def cut(transport: asyncio.Transport) -> None:
    """End a connection here and now: what is unsent would stay with the kernel for minutes."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):  # It may be closed already.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()
