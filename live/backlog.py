"""How much a transport may hold back for a slow viewer, and how none of it outlives the end.

A crowd is told on the sockets themselves, past their transports: a ``send`` costs the kernel less
than a transport's ``write``. That keeps the order of bytes as long as nothing waits in the
transport, so a plain transport calls whoever has anything waiting in it paused.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Final

__all__ = [
    "BUFFER_MOST",
    "BUFFER_OWN",
    "SLOWEST_S",
    "SLOW_AFTER_S",
    "cut",
    "keep_short",
    "pass_on",
    "socket_beside",
]

TLS_HIGH: Final = 4 * 1024
TLS_LOW: Final = 1024
"""Encrypted, which only the transport can do. At 0 it would be paused for good."""

BUFFER_OWN: Final = 64 * 1024
"""What waits for one viewer alone, replies and private events: beyond it nothing more is read
of what they ask for, and private events are dropped.
"""

BUFFER_MOST: Final = 2 * 1024 * 1024
"""Replies beyond this close the connection: one snapshot and a batch fit."""

SLOW_AFTER_S: Final = 7.0
"""A socket that takes nothing for so long is closed with 4408, and ended 3 s later."""

SLOWEST_S: Final = 60.0
"""So is one that has a backlog for so long, though it takes a little."""

NOTSENT_LOWAT: Final = 16 * 1024
"""Keeps a stalled viewer's backlog out of the kernel: 4.2 MB by default, measured."""

NO_LINGER: Final = struct.pack("ii", 1, 0)


def keep_short(transport: asyncio.Transport) -> None:
    """Bound what waits in the transport and, where the system can, in the kernel.

    The kernel keeps some 60 KB for a viewer who stops reading: nothing more is wanted.
    """
    if transport.get_extra_info("sslcontext") is None:
        transport.set_write_buffer_limits(high=0, low=0)
    else:
        transport.set_write_buffer_limits(TLS_HIGH, TLS_LOW)
    raw = transport.get_extra_info("socket")
    if raw is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT)


def socket_beside(transport: asyncio.Transport) -> socket.socket | None:
    """A transport's own socket, to send on while the transport holds nothing back.

    It does not own what it is on: detach it before the transport is closed, or the next
    connection that the kernel gives the same number to would be told what is not for it.

    Returns:
        None where bytes must go through the transport, for it encrypts them.

    """
    raw = transport.get_extra_info("socket")
    if raw is None or transport.get_extra_info("sslcontext") is not None:
        return None
    return socket.socket(raw.family, raw.type, raw.proto, fileno=raw.fileno())


def pass_on(transport: asyncio.Transport, data: bytes) -> int:
    """Give bytes to a transport, as a socket's ``send`` would take them: all of them."""
    transport.write(data)
    return len(data)


def cut(transport: asyncio.Transport) -> None:
    """End a connection here and now: what is unsent would stay with the kernel for minutes."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):  # It may be closed already.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()
