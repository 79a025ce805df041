"""The bots against a true server, and through a proxy that lies to them."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.lying_proxy import Lie, lying

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]


class Server(Protocol):
    """What the fixture gives: a server with the demo show."""

    url: str
    ws_url: str
    data_dir: Path


async def run_bots(url: str, server: Server, *more: str) -> tuple[int, str, str]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bots", "--url", url, "--data-dir", str(server.data_dir),
        "--show", "demo", "--viewers", "12", "--buyers", "6", "--seconds", "5", *more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await program.communicate()
    assert program.returncode is not None
    return program.returncode, said.decode(), complained.decode()


async def run_through(lie: Lie, server: Server) -> tuple[int, dict[str, Any]]:
    target = urlsplit(server.url)
    async with lying((target.hostname or "", target.port or 0), lie) as proxy:
        url = f"ws://127.0.0.1:{proxy.port}/live"
        code, said, complained = await run_bots(url, server, "--json")
    assert said, complained
    assert (proxy.lies > 0) == (lie is not Lie.NONE)
    return code, json.loads(said)


def names(report: dict[str, Any]) -> set[str]:
    return {breach["name"] for breach in report["broken"]}


async def test_against_the_server_every_invariant_holds(server: Server) -> None:
    code, said, complained = await run_bots(server.ws_url, server)

    assert code == 0, said + complained
    assert said.endswith("Every invariant held.\n")


async def test_through_a_proxy_that_does_not_lie_every_invariant_holds(server: Server) -> None:
    code, report = await run_through(Lie.NONE, server)

    assert (code, report["broken"]) == (0, [])
    assert report["pins"]["delivered"] == report["pins"]["expected"] > 0
    assert report["charges"]["captured"] == report["charges"]["ordered"] > 0


async def test_a_storm_and_misbehaviour_from_two_processes_break_nothing(server: Server) -> None:
    crowd = ("--viewers", "40", "--processes", "2", "--ramp", "1", "--chat-per-second", "8")
    unruly = ("--stalled", "0.1", "--flapping", "0.1", "--flooding", "0.1")

    code, said, complained = await run_bots(server.ws_url, server, "--json", *crowd, *unruly)

    assert said, complained
    report = json.loads(said)
    assert (code, report["broken"]) == (0, [])
    assert report["viewers"]["joined"] == 40
    assert report["viewers"]["reconnects"] >= report["unruly"]["hang-ups"] > 0
    assert report["unruly"]["rate_limited"] > 0
    assert report["pins"]["delivered"] == report["pins"]["acknowledged"] * 28 > 0
    heard = report["chat"]["outcomes"]["ok"] * 28
    assert sum(report["chat"]["sight_ms"]["steps"].values()) == heard > 0


async def test_dropped_pins_are_noticed(server: Server) -> None:
    code, report = await run_through(Lie.DROP, server)

    assert code == 1
    assert {"undelivered", "events lost"} <= names(report)


async def test_doubled_frames_are_noticed(server: Server) -> None:
    code, report = await run_through(Lie.DOUBLE, server)

    assert code == 1
    assert "events doubled" in names(report)


async def test_more_sold_than_there_was_is_noticed(server: Server) -> None:
    code, report = await run_through(Lie.OVERSELL, server)

    assert code == 1
    assert {"oversold", "sold without leaving the shelf"} <= names(report)


async def test_another_secret_is_told_in_one_line(server: Server) -> None:
    wrong = "a secret that is not the server's, yet long"

    code, said, complained = await run_bots(server.ws_url, server, "--secret", wrong)

    assert (code, said) == (2, "")
    assert complained.count("\n") == 1
    assert "--data-dir" in complained


async def test_a_show_that_is_not_there_is_told_in_one_line(server: Server) -> None:
    code, said, complained = await run_bots(server.ws_url, server, "--show", "nowhere")

    assert (code, said) == (2, "")
    assert complained.count("\n") == 1
    assert "--show" in complained
