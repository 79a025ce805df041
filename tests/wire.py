"""A wire between a client and Redis that counts, delays and swallows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Wire:
    """Listens on ``path`` and passes everything on to the unix socket ``target``."""

    def __init__(self, path: Path, target: Path) -> None:
        self.sent: list[bytes] = []
        self.is_swallowing = False
        self.swallows_one = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._path = path
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"unix://{self._path}"

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_unix_server(self._join, str(self._path))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Keep Redis' answers until :meth:`release`."""
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self._target))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, back, counted=True))
                group.create_task(self._pass(there, writer, counted=False))
        finally:
            writer.close()
            back.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        while data := await source.read(1 << 20):
            if counted:
                self.sent.append(data)
            elif self.is_swallowing or self.swallows_one:
                self.swallows_one = False
                continue
            else:
                await self._flowing.wait()
            sink.write(data)
        sink.close()
