"""Somebody on a socket: sends commands, keeps the events that come between."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

__all__ = ["ADDRESS", "Refusal", "Viewer", "card", "viewer"]

WAIT_S: Final = 15.0
ADDRESS: Final = {
    "name": "Ada L.", "line1": "1 Mill Road", "city": "Leeds", "country": "GB"
}  # fmt: skip


def card(token: str) -> dict[str, str]:
    """A way to pay."""
    return {"type": "card", "token": token}


class Refusal(Exception):
    """The error of a reply."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: str = error["code"]
        self.data: dict[str, Any] = error.get("data", {})


class Viewer:
    """A connection, in JSON or MessagePack."""

    def __init__(self, socket: ClientConnection, *, binary: bool = False) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self.joined: dict[str, Any] = {}
        self._binary = binary
        self._ids = itertools.count(1)
        self.replies: dict[int, dict[str, Any]] = {}

    async def send(self, op: str, **fields: object) -> int:
        """Send a command; returns its id."""
        ident = next(self._ids)
        await self.raw({"id": ident, "op": op, **fields})
        return ident

    async def raw(self, message: object) -> None:
        data = msgpack.packb(message) if self._binary else json.dumps(message)
        await self.socket.send(data)

    async def reply(self, ident: int) -> dict[str, Any]:
        """The reply to a command, whole."""
        async with asyncio.timeout(WAIT_S):
            while ident not in self.replies:
                await self._receive()
        return self.replies.pop(ident)

    async def do(self, op: str, **fields: object) -> dict[str, Any]:
        """Have a command done: its ``ok``, or a :class:`Refusal`."""
        answer = await self.reply(await self.send(op, **fields))
        if "error" in answer:
            raise Refusal(answer["error"])
        ok: dict[str, Any] = answer["ok"]
        return ok

    async def refused(self, op: str, **fields: object) -> str:
        """The code by which a command is refused."""
        try:
            await self.do(op, **fields)
        except Refusal as refusal:
            return refusal.code
        raise AssertionError(f"{op} was not refused")

    async def join(self, show: str = "demo", **fields: object) -> dict[str, Any]:
        self.joined = await self.do("join", show=show, **fields)
        return self.joined

    async def event(self, name: str, **facts: object) -> dict[str, Any]:
        """The first event of a name and with such facts, waiting for it; it is used up."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.events:
                    if event["ev"] == name and facts.items() <= event.items():
                        self.events.remove(event)
                        return event
                await self._receive()

    async def quiet(self, seconds: float = 0.3) -> list[dict[str, Any]]:
        """Everything that comes within a time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self._receive()
        except TimeoutError:
            return self.events

    async def closed(self) -> int:
        """The code with which the server closes."""
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    await self._receive()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006

    async def _receive(self) -> None:
        data = await self.socket.recv()
        message = json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)
        for part in message if isinstance(message, list) else [message]:
            self.take(part)

    def take(self, part: dict[str, Any]) -> None:
        """Keep one reply or event."""
        if "re" in part:
            self.replies[part["re"]] = part
        else:
            self.events.append(part)


@asynccontextmanager
async def viewer(url: str, *, binary: bool = False, **options: Any) -> AsyncIterator[Viewer]:
    """Connect; the caller joins."""
    name = "yellowcart.v1.msgpack" if binary else "yellowcart.v1.json"
    options.setdefault("subprotocols", [Subprotocol(name)])
    # A full queue would stop reading, and with it the closing handshake.
    options.setdefault("max_queue", None)
    async with connect(url, proxy=None, max_size=2**20, **options) as socket:
        yield Viewer(socket, binary=binary)
