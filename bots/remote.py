"""Viewers in a process of their own: asked over its standard input, heard on its output.

One JSON array a line: ``["come"]``, ``["settle", {…}]`` and so on are answered by
``["done", …]``; ``["status", {…}]`` comes by itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from bots.options import CannotStart
from bots.tally import Tally

if TYPE_CHECKING:
    from bots.options import Options

__all__ = ["Remote"]

MOST_LINE: Final = 2**26
"""Of one answer, in bytes: a tally has every pin's sightings."""

END_WITHIN_S: Final = 10.0


class Remote:
    """The viewers of another process, as :class:`bots.company.Crowd` says.

    Args:
        options: What was asked for.
        mine: Which of all the viewers.

    Attributes:
        status: As it told last.

    """

    def __init__(self, options: Options, mine: range) -> None:
        self._options = options
        self._mine = mine
        self.status: Counter[str] = Counter()
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, secret: str, run: str, number: int) -> None:
        """Begin the process; ``number`` counts from 1."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bots.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MOST_LINE,
        )
        options = {**asdict(self._options), "data_dir": "", "secret": ""}
        # Not on the command line, where everybody could read it.
        await self._ask("begin", options, secret, run, number, self._mine.start, self._mine.stop)

    async def come(self) -> None:
        """See :class:`bots.company.Crowd`."""
        await self._ask("come")

    async def stay(self) -> None:
        """See :class:`bots.company.Crowd`."""
        await self._ask("stay")

    async def latest(self) -> dict[str, int]:
        """See :class:`bots.company.Crowd`."""
        found: dict[str, int] = await self._ask("latest")
        return found

    async def said(self) -> int:
        """See :class:`bots.company.Crowd`."""
        found: int = await self._ask("said")
        return found

    async def settle(self, latest: dict[str, int], said: int) -> Tally:
        """See :class:`bots.company.Crowd`."""
        return Tally.of_map(await self._ask("settle", latest, said))

    async def leave(self) -> None:
        """See :class:`bots.company.Crowd`; its process ends."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _ask(self, *words: object) -> Any:
        """One answer.

        Raises:
            CannotStart: It said why it cannot go on, or it has ended.

        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise CannotStart("a process of viewers was not begun")
        process.stdin.write(json.dumps(words).encode() + b"\n")
        while line := await process.stdout.readline():
            name, *answer = json.loads(line)
            if name == "status":
                self.status = Counter(answer[0])
            elif name == "done":
                return answer[0]
            else:
                raise CannotStart(str(answer[0]))
        raise CannotStart(f"a process of viewers ended with {await process.wait()}")
