"""A real Redis behind :class:`Scripts`, asked over one blocking connection."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, cast

import hiredis

from store.redis import keys
from store.redis.scripts import LUA, Scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.wire import Wire

Word = str | int | bytes


class Redis:
    """One connection; every script is known to it."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = hiredis.Reader()
        self.shas = {
            file.stem: self.ask("SCRIPT", "LOAD", file.read_text()) for file in LUA.glob("*.lua")
        }

    def ask(self, *words: Word) -> Any:
        (reply,) = self.ask_all([words])
        if isinstance(reply, hiredis.HiredisError):
            raise reply
        return reply

    def ask_all(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Replies in order; errors among them are not raised."""
        self._socket.sendall(
            b"".join(hiredis.pack_command(cast("Any", tuple(some))) for some in commands)
        )
        replies: list[Any] = []
        while len(replies) < len(commands):
            reply = self._reader.gets()
            if reply is False:
                self._reader.feed(self._socket.recv(65536))
            else:
                replies.append(reply)
        return replies

    def close(self) -> None:
        self._socket.close()


class Gate(Scripts):
    """Scripts on that Redis, whose lives of keys follow the virtual time.

    Args:
        redis: The real one.
        wire: Every call of a node goes by it.
        now_s: Virtual time; Redis itself does not know it, so leases are ended here.
        after: Called after each script, to look whether all is well.

    """

    def __init__(
        self, redis: Redis, wire: Wire, now_s: Callable[[], float], after: Callable[[str], None]
    ) -> None:
        self._redis = redis
        self._wire = wire
        self._now_s = now_s
        self._after = after
        self._lives: dict[str, float] = {}
        self._kept: list[tuple[bytes, bytes]] = []
        self._kept_lives: dict[str, float] = {}

    async def load(self) -> None:
        """All are known."""

    async def close(self) -> None:
        """It belongs to the run."""

    async def call(
        self, name: str, keys: Sequence[str], args: Sequence[str | int | bytes] = ()
    ) -> Any:
        def act() -> Any:
            self._expire()
            reply = self._redis.ask("EVALSHA", self._redis.shas[name], len(keys), *keys, *args)
            self._after(name)
            return reply

        return await self._wire.carry("gate", name, act)

    async def call_all(
        self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[str | int | bytes]]]
    ) -> list[Any]:
        asking = (self.call(name, names, args) for names, args in calls)
        return await asyncio.gather(*asking, return_exceptions=True)

    async def command_all(self, commands: Sequence[Sequence[str | int | bytes]]) -> list[Any]:
        asking = (self.command(*parts) for parts in commands)
        return await asyncio.gather(*asking, return_exceptions=True)

    async def command(self, *parts: str | int | bytes) -> Any:
        return await self._wire.carry("gate", _name(parts), lambda: self._command(parts))

    def keep(self) -> None:
        """Remember everything, as a replica does that then falls behind."""
        names = self._redis.ask("KEYS", "*")
        dumps = self._redis.ask_all([("DUMP", name) for name in names])
        self._kept = list(zip(names, dumps, strict=True))
        self._kept_lives = dict(self._lives)

    def lose(self, *, everything: bool) -> None:
        """Lose all, or what came after :meth:`keep`; either way the gate is closed."""
        restored = [] if everything else self._kept
        self._lives = {} if everything else self._kept_lives
        ready = {keys.shop_ready(number).encode() for number in range(keys.SHARDS)}
        commands: list[tuple[Word, ...]] = [("FLUSHDB",)]
        commands += [("RESTORE", key, 0, dump) for key, dump in restored if key not in ready]
        for reply in self._redis.ask_all(commands):
            if isinstance(reply, hiredis.HiredisError):
                raise reply

    def _command(self, parts: Sequence[str | int | bytes]) -> Any:
        self._expire()
        if parts[0] == "SET" and "PX" in parts:
            at = parts.index("PX")
            reply = self._redis.ask(*parts[:at], *parts[at + 2 :])
            if reply is not None:
                self._lives[str(parts[1])] = self._now_s() + int(parts[at + 1]) / 1000
            return reply
        if parts[0] == "PEXPIRE":
            self._lives[str(parts[1])] = self._now_s() + int(parts[2]) / 1000
            return 1
        return self._redis.ask(*parts)

    def _expire(self) -> None:
        now = self._now_s()
        for key in [key for key, until in self._lives.items() if until <= now]:
            del self._lives[key]
            self._redis.ask("DEL", key)


def _name(parts: Sequence[str | int | bytes]) -> str:
    """A command with the kind of its key, as ``SET opening``."""
    command, words = str(parts[0]), str(parts[1]).split(":")
    kind = "lease" if words[0] == "lease" else words[2] if len(words) > 2 else words[-1]
    return f"{command} {kind}"
