"""``python -m bots.worker``: holds some of the viewers for a run that another process leads."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bots.company import Company, allow_files, venue_of
from bots.loop import run
from bots.options import SPARE_FILES, CannotStart, Options

STATUS_EVERY_S: Final = 1.0
MOST_LINE: Final = 2**20


def main() -> int:
    """Do as standard input says, until it ends."""
    with suppress(KeyboardInterrupt):
        run(_serve())
    return 0


async def _serve() -> None:
    reader = asyncio.StreamReader(limit=MOST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    words = json.loads(await reader.readline())
    try:
        company = _company(*words[1:])
    except CannotStart as error:
        _say("cannot", str(error))
        return
    _say("done", None)
    try:
        async with asyncio.TaskGroup() as group:
            under_way = [group.create_task(_tell(company))]
            # Read on meanwhile: who leads may end at any time.
            while line := await reader.readline():
                name, *rest = json.loads(line)
                under_way.append(group.create_task(_do(company, name, rest)))
            for task in under_way:
                task.cancel()
    finally:
        await company.leave()


def _company(
    given: dict[str, Any], secret: str, run: str, number: int, first: int, end: int
) -> Company:
    options = Options(**{**given, "data_dir": Path()})
    allow_files(end - first + SPARE_FILES)
    return Company(options, venue_of(options, secret, run, number), range(first, end))


async def _do(company: Company, name: str, rest: list[Any]) -> None:
    if name == "come":
        await company.come()
        _say("status", company.status)
        _say("done", None)
    elif name == "stay":
        await company.stay()
        _say("done", None)
    elif name == "latest":
        _say("done", await company.latest())
    elif name == "said":
        _say("done", await company.said())
    elif name == "settle":
        _say("done", (await company.settle(*rest)).as_map())
    else:
        _say("cannot", f"{name}: no such thing to do")


async def _tell(company: Company) -> None:
    while True:
        await asyncio.sleep(STATUS_EVERY_S)
        _say("status", company.status)


def _say(*words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
