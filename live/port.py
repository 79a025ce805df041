"""The port: taken before anything else starts, kept for processes that share it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import socket
import ssl
from collections.abc import Iterator
from typing import Final

from base.errors import Outage
from base.settings import PREFIX, SettingsError

__all__ = ["allow_sockets", "answering", "bound", "tls"]

START_S: Final = 20.0
STEP_S: Final = 0.01

MANY_FILES: Final = 65_536
"""Where the system names no limit."""


def allow_sockets() -> None:
    """Let this process open as many as the system allows: the usual 1024 are soon taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems name a limit that they do not keep.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def bound(host: str, port: int, *, shared: bool = False) -> Iterator[socket.socket]:
    """A socket on an address; it does not listen yet.

    Args:
        host: Name or address to listen on.
        port: 0 lets the kernel choose.
        shared: Whether other processes of this user may listen there too.

    Raises:
        SettingsError: The address cannot be had; the message says what to set.

    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        place = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(f"{host} is no address of this machine: set {PREFIX}HOST.") from error
    with place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            place.bind(address)
        except OSError as error:
            raise SettingsError(_refusal(host, port, error)) from error
        yield place


async def answering(host: str, port: int, stop: asyncio.Event) -> None:
    """Wait until a worker answers, or we are told to stop.

    Raises:
        Outage: None does.

    """
    for _ in range(int(START_S / STEP_S)):
        if stop.is_set():
            return
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        await asyncio.sleep(STEP_S)
    raise Outage("No worker starts. The lines above say why.")


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken. Set another one with --port or {PREFIX}PORT."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights. Set one above 1023 with --port or {PREFIX}PORT."
    return f"{host} is no address of this machine: set {PREFIX}HOST."


def tls(certfile: str) -> ssl.SSLContext | None:
    """How to encrypt, when there is a certificate.

    Raises:
        SettingsError: The file cannot be used; the message says what to set.

    """
    if not certfile:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile)
    except OSError as error:
        raise SettingsError(
            f"{certfile} holds no certificate with its key that can be read ({error}). "
            f"Name a PEM file with both in {PREFIX}CERTFILE."
        ) from error
    return context
