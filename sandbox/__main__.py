"""The provider as a process: ``python -m sandbox STORE SOCKET``, started by the server.

Its keys come by the environment. Lines of its input tell it where webhooks go (``webhook URL``)
and to end in order (``stop``); when the input ends without that, its server is dead, and so is
it, at once: what it has promised is in its store.
"""

from __future__ import annotations

from base import quick_imports  # isort: skip - first, for it makes the others quicker
from base import undisturbed  # noqa: F401, isort: skip - second, for it may take a signal now

import asyncio
import os
import sys
from pathlib import Path

from base import logs
from base.clock import SystemClock
from sandbox.app import Sandbox
from sandbox.process import API_KEY, LOG_LEVEL, WEBHOOK_KEY

quick_imports.all_loaded()


async def main(store: Path, socket: str) -> None:
    """Serve until told to stop."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    sandbox = Sandbox(
        path=store,
        api_key=os.environ[API_KEY],
        webhook_secret=os.environ[WEBHOOK_KEY],
        webhook_url=None,
        clock=SystemClock(),
    )
    await sandbox.start(unix_path=socket)
    while (line := (await lines.readline()).decode().strip()) != "stop":
        if not line:
            os._exit(1)
        sandbox.webhook_url = line.removeprefix("webhook ")
    await sandbox.stop()


if __name__ == "__main__":
    logs.set_up(os.environ[LOG_LEVEL])
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
