"""People who write: a steady stream of messages through sockets of their own."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.served import Served

__all__ = ["BUSY", "Written", "chatting", "line"]

BUSY: Final = {
    "YELLOWCART_CHAT_EVERY_MS": "1",
    "YELLOWCART_CHAT_BURST": "1000",
    "YELLOWCART_COMMANDS_PER_SECOND": "1000",
    "YELLOWCART_COMMANDS_BURST": "1000",
}
"""Settings under which a few bots may write like a thousand people."""

WRITERS: Final = 10
REMARKS: Final = (
    "does it shrink?",
    "love this colour, from Leeds",
    "how much is shipping to Norway?",
    "is the blue one back",
    "can you show the inside again",
    "my sister has it, great quality",
    "number seven please",
    "😍😍",
)


@dataclass(slots=True)
class Written:
    """How many messages were sent so far."""

    count: int = 0


def line(chance: random.Random) -> str:
    """Something that somebody might write."""
    return " ".join(chance.choices(REMARKS, k=chance.choice((1, 1, 1, 2, 3))))


@asynccontextmanager
async def chatting(
    served: Served, per_second: float, *, returning: bool = False
) -> AsyncIterator[Written]:
    """Let the crowd write for as long as the block takes; how much it has written.

    Args:
        served: Where.
        per_second: How many messages, all together.
        returning: Whether a writer who loses the connection comes back.

    """
    written = Written()
    every_s = WRITERS / per_second
    crowd = [
        asyncio.create_task(_write(served, number, every_s, written, returning=returning))
        for number in range(WRITERS)
    ]
    try:
        yield written
        for writer in crowd:
            if writer.done():
                writer.result()  # whoever fell silent says why
    finally:
        for writer in crowd:
            writer.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)


async def _write(
    served: Served, number: int, every_s: float, written: Written, *, returning: bool
) -> None:
    chance = random.Random(number)
    token = served.token(f"writer-{number}", name=f"Writer {number}")
    async for socket in connect(
        served.ws_url,
        subprotocols=[Subprotocol("yellowcart.v1.json")],
        compression=None,
        max_queue=None,
    ):
        try:
            await socket.send(json.dumps({"id": 1, "op": "join", "show": "demo", "token": token}))
            first_s = every_s * number / WRITERS
            await _talk(socket, chance, written, every_s=every_s, first_s=first_s)
        except ConnectionClosed:
            if not returning:
                raise


async def _talk(
    socket: ClientConnection,
    chance: random.Random,
    written: Written,
    *,
    every_s: float,
    first_s: float,
) -> None:
    reading = asyncio.create_task(_hear(socket))
    clock = asyncio.get_running_loop().time
    due = clock() + first_s
    ident = 1
    try:
        while True:
            await asyncio.sleep(max(0, due - clock()))
            due += every_s
            ident += 1
            message = {"id": ident, "op": "chat.send", "text": line(chance)}
            await socket.send(json.dumps(message))
            written.count += 1
    finally:
        reading.cancel()


async def _hear(socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
