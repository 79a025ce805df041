"""The receivers of docs/webhooks.md take what we send, and nothing else."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys

import pytest

from base.clock import SystemClock
from shop.happened import Event
from shop.webhooks.endpoint import new_secret
from shop.webhooks.sender import Sender
from tests.clock import StoppedClock
from tests.served import ROOT
from tests.waiting import until_told

EVENT = Event(id="evt_1", kind="order.paid", shop="clay", at=1, data={"order": {"id": "or_1"}})


@pytest.mark.parametrize(
    ("program", "file"),
    [
        (sys.executable, "receive_webhook.py"),
        pytest.param("node", "receive_webhook.mjs", marks=pytest.mark.node),
    ],
)
async def test_an_example_takes_an_event_once_and_no_forgery(program: str, file: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret, url = new_secret(), f"http://127.0.0.1:{port}/"
    environ = {**os.environ, "SECRET": secret, "PORT": str(port)}
    clock = SystemClock()
    sender = Sender(clock, private=True, most=1)
    earlier = Sender(StoppedClock(clock.now_ms() - 400_000), private=True, most=1)
    command = [program, str(ROOT / "docs" / "examples" / file)]
    with subprocess.Popen(  # noqa: ASYNC220 - it starts at once
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            await until_told(lambda: answers(port))
            first = await sender.send(url, secret, EVENT)
            again = await sender.send(url, secret, EVENT)
            forged = await sender.send(url, new_secret(), EVENT)
            old = await earlier.send(url, secret, EVENT)
        finally:
            process.terminate()
            await sender.close()
            await earlier.close()
        printed = process.stdout.read().splitlines() if process.stdout else []

    assert [answer.status for answer in (first, again, forged, old)] == [204, 204, 401, 401]
    assert len(printed) == 1
    assert printed[0].startswith("order.paid")


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
