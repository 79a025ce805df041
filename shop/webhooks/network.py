"""Which addresses events may be sent to: a shop names any host, and must not reach inside.

A name is looked up when something is sent, and each address is judged on the very socket that
is about to connect to it: what was looked up cannot be exchanged in between.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["PRIVATE", "Resolver", "guarded_socket", "is_public"]

PRIVATE: Final = "the address is not public"

NAT64: Final = IPv6Network("64:ff9b::/96")
"""Addresses that end in one of IPv4, which a gateway connects to (RFC 6052)."""

UNICAST: Final = IPv6Network("2000::/3")
"""All that is given out on the internet (IANA). Beyond it are translators that lead inside,
as 64:ff9b:1::/48 (RFC 8215), and networks of a site, as fec0::/10 (RFC 3879): both are global
to ``ipaddress``."""


def is_public(text: str) -> bool:
    """Whether an address is on the public internet: not this machine, not a network behind it."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is None and address not in UNICAST:
            return False
        address = inner or address
    return address.is_global and not address.is_multicast


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that was looked up.

    Args:
        info: As of ``getaddrinfo``.

    Raises:
        PermissionError: The address is not public.

    """
    family, kind, proto, _, address = info
    if not is_public(str(address[0])):
        raise PermissionError(errno.EACCES, PRIVATE)
    return socket.socket(family, kind, proto)


class Resolver(AbstractResolver):
    """Looks names up in threads of its own: a name server that hangs keeps nobody else waiting.

    Args:
        most: Names looked up side by side.

    """

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host.

        Raises:
            OSError: It has none.

        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Let the threads go, when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The address of IPv4 that one of IPv6 stands for."""
    if address in NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
