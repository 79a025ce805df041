"""Lua scripts, the only way that Redis is changed by more than one command."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, ResponseError

from base.errors import Outage
from store.redis.connect import FAILURES, incarnation
from store.redis.line import Command, Reply
from store.redis.pipeline import pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.redis.connect import Client

__all__ = ["LUA", "Reply", "Scripts"]

logger = logging.getLogger(__name__)

LUA: Final = Path(__file__).parent / "lua"
IDENTITY: Final = ("run_id:", "master_replid:")


@dataclass(frozen=True, slots=True)
class _Script:
    source: str
    sha: str


class Scripts:
    """Calls ``lua/<name>.lua`` and single commands.

    Calls of one loop turn share a round trip, and each stands for itself. A call whose
    answer is lost may have happened: scripts are written to be repeated.

    Replies are those of RESP2 as they come: bytes, int, None, lists of these; HGETALL
    answers with a flat list too.

    Args:
        client: Where Redis is.
        folder: Where the ``.lua`` files are.

    """

    def __init__(self, client: Client, folder: Path = LUA) -> None:
        self._client = client
        self._pipeline = pipeline(client)
        self._scripts = {path.stem: _read(path) for path in folder.glob("*.lua")}

    async def load(self) -> None:
        """Teach Redis every script; done again by itself when Redis has forgotten them.

        Raises:
            Outage: Redis cannot be reached, or does not understand a script.

        """
        for name, script in self._scripts.items():
            try:
                await self._load(script)
            except ResponseError as error:
                logger.exception("redis refuses the script %s", name)
                raise Outage from error

    async def call(
        self, name: str, keys: Sequence[str], args: Sequence[str | int | bytes] = ()
    ) -> Reply:
        """Run ``lua/<name>.lua``.

        Raises:
            Outage: Redis cannot be reached, is full, loading or a replica, too many calls
                wait, or the script failed (logged).

        """
        script = self._scripts[name]
        command = ("EVALSHA", script.sha, len(keys), *keys, *args)
        reply = await self._pipeline.submit(command)
        if isinstance(reply, NoScriptError):
            await self.load()
            reply = await self._pipeline.submit(command)
        return _checked(reply, name)

    async def call_all(
        self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[str | int | bytes]]]
    ) -> list[Reply | Outage]:
        """Run ``lua/<name>.lua`` for each pair of keys and arguments, each for itself.

        Returns:
            The replies in order; an Outage where :meth:`call` would raise it.

        """
        sha = self._scripts[name].sha
        commands = [("EVALSHA", sha, len(keys), *keys, *args) for keys, args in calls]
        replies = await self._answered(commands)
        forgotten = [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if forgotten:
            # Each by itself, which teaches Redis the script again.
            again = (self.call(name, *calls[at]) for at in forgotten)
            repeated = await asyncio.gather(*again, return_exceptions=True)
            for at, reply in zip(forgotten, repeated, strict=True):
                replies[at] = reply
        return [_or_outage(reply, name) for reply in replies]

    async def command_all(self, commands: Sequence[Command]) -> list[Reply | Outage]:
        """Run plain commands, each for itself; as :meth:`call_all`."""
        replies = await self._answered(commands)
        return [
            _or_outage(reply, str(command[0]))
            for command, reply in zip(commands, replies, strict=True)
        ]

    async def command(self, *parts: str | int | bytes) -> Reply:
        """Run one plain command, given word by word.

        Raises:
            Outage: As for :meth:`call`.

        """
        return _checked(await self._pipeline.submit(parts), str(parts[0]))

    async def incarnation(self) -> str:
        """What changes when Redis was restarted, failed over or replaced.

        Raises:
            Outage: Redis cannot be reached.

        """
        if isinstance(self._client, RedisCluster):
            return await incarnation(self._client)
        # Not by the client's own calls: a task that is cancelled in one of them goes on.
        facts = await asyncio.gather(
            *(self.command("INFO", part) for part in ("server", "replication"))
        )
        found = [line for text in facts for line in text.decode().splitlines()]
        return ",".join(sorted(line for line in found if line.startswith(IDENTITY)))

    async def close(self) -> None:
        """Close the connections; what was not answered fails with an Outage."""
        await self._pipeline.close()

    async def _answered(self, commands: Sequence[Command]) -> list[Reply | Outage]:
        try:
            futures = self._pipeline.submit_all(commands)
        except Outage as outage:
            return [outage] * len(commands)
        # They come together: all but the first are there when the first is.
        replies: list[Reply | Outage] = []
        for future in futures:
            try:
                replies.append(await future)
            except Outage as outage:
                replies.append(outage)
        return replies

    async def _load(self, script: _Script) -> None:
        if isinstance(self._client, Redis):
            reply = await self._pipeline.submit(("SCRIPT", "LOAD", script.source))
            if isinstance(reply, ResponseError):
                raise reply
            return
        try:
            # Onto every primary of the Cluster.
            await self._client.script_load(script.source)
        except ResponseError:
            raise
        except FAILURES as error:
            raise Outage from error


def _read(path: Path) -> _Script:
    source = path.read_text()
    sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    return _Script(source, sha)


def _checked(reply: Reply, name: str) -> Reply:
    reply = _or_outage(reply, name)
    try:
        if isinstance(reply, Outage):
            raise reply
        return reply
    finally:
        # An error holds this frame.
        del reply


def _or_outage(reply: Reply, name: str) -> Reply | Outage:
    if not isinstance(reply, ResponseError):
        return reply
    logger.error("redis refuses %s: %s", name, reply)
    outage = Outage()
    outage.__cause__ = reply
    return outage
