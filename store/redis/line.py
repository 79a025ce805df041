"""One connection of one's own, apart from the client's pool."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from base.errors import Outage
from store.redis.connect import FAILURES, TIMEOUT_S, Client

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

__all__ = ["Command", "Line", "Reply"]

Reply = Any
"""bytes, int, None, or a list of replies; an error that Redis answered is a ResponseError."""

Command = Sequence[str | int | bytes]
"""A command's words, each for itself: ``("SCRIPT", "LOAD", source)``."""

OPEN_S: Final = TIMEOUT_S
"""For the connection with its greeting: name resolution, TLS, password."""


class Line:
    """Sends and reads when its owner says so: pipelines, blocking reads, subscriptions.

    Every failure closes it, and the next sending opens it anew.

    Args:
        client: Whose address, password and timeouts it uses.
        key: On a Cluster, it leads to the node of this key; None: to any node, which is
            enough for pub/sub.

    """

    def __init__(self, client: Client, key: str | None = None) -> None:
        self._client = client
        self._key = key
        self._connection: AbstractConnection | None = None

    @property
    def is_open(self) -> bool:
        """Whether its last use left it whole."""
        return self._connection is not None

    async def open(self) -> None:
        """Connect, if it is not connected.

        Raises:
            Outage: Redis cannot be reached.

        """
        if self._connection is not None:
            return
        connection, is_whole = None, False
        try:
            async with asyncio.timeout(OPEN_S):
                connection = await self._made()
                # Our own timeouts count: redis-py's wait_for costs a task for every sending,
                # and before Python 3.12 it may forget that it was cancelled.
                connection.socket_timeout = None
                await connection.connect()  # type: ignore[no-untyped-call]
            is_whole = self._connection is None
        except FAILURES as error:
            raise Outage from error
        finally:
            # Also when cancelled half way, or when another sending has opened it meanwhile.
            if connection is not None and not is_whole:
                await connection.disconnect(nowait=True)
        if is_whole:
            self._connection = connection

    async def send(self, commands: Sequence[Command]) -> None:
        """Write commands, opening the line first.

        Raises:
            Outage: They may or may not have arrived.

        """
        await self.open()
        connection = self._connection
        if connection is None:  # closed by its owner meanwhile
            raise Outage
        pack: Any = hiredis.pack_command  # its stub knows commands of one word only
        packed = b"".join([pack(tuple(command)) for command in commands])
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await connection.send_packed_command(packed, check_health=False)
        except FAILURES as error:
            await self.close()
            raise Outage from error

    async def read(self) -> Reply:
        """The next reply, waiting for it without end; an error reply is returned.

        Cancelling it (a timeout around it) loses nothing: the next call goes on.

        Raises:
            Outage: The line broke, or Redis is still loading its data.

        """
        connection = self._connection
        if connection is None:
            raise Outage
        try:
            return await connection.read_response(timeout=math.inf, disconnect_on_error=False)
        except ResponseError as error:
            return error
        except FAILURES as error:
            await self.close()
            raise Outage from error

    async def converse(self, commands: Sequence[Command]) -> list[Reply]:
        """Send commands at once and read all their replies.

        Raises:
            Outage: None, some or all of them may have happened.

        """
        if self._connection is not None and await self._connection.can_read():
            # The end of the line waits to be read: Redis was restarted since.
            await self.close()
        whole = False
        try:
            await self.send(commands)
            async with asyncio.timeout(TIMEOUT_S):
                replies = [await self.read() for _ in commands]
            whole = True
        except TimeoutError as error:
            raise Outage from error
        else:
            return replies
        finally:
            if not whole:  # also when cancelled: later replies would answer others
                await self.close()

    def hand_over(self, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        """Have ``protocol`` take what comes from now on; this line only closes any more."""
        connection: Any = self._connection
        if connection is None:
            raise Outage
        # The library has no word for this: it reads by coroutines alone.
        transport: asyncio.WriteTransport = connection._writer.transport  # noqa: SLF001
        transport.set_protocol(protocol)
        return transport

    async def ask(self, *command: str | int | bytes) -> Reply:
        """Send one command and read its reply.

        Raises:
            Outage: It failed, or Redis answered with an error.

        """
        (reply,) = await self.converse([command])
        if isinstance(reply, ResponseError):
            raise Outage from reply
        return reply

    async def close(self) -> None:
        """Let the connection go at once."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _made(self) -> AbstractConnection:
        if isinstance(self._client, Redis):
            pool: Any = self._client.connection_pool
            return cast("AbstractConnection", pool.make_connection())
        cluster: Any = self._client
        await cluster.initialize()
        node = cluster.get_default_node()
        if self._key is not None:
            node = cluster.get_node_from_key(self._key)
        return cast("AbstractConnection", node.connection_class(**node.connection_kwargs))
