from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.clock import StoppedClock
from web.board import Board
from web.metrics import Metrics


class Worker:
    """A worker's numbers, and its board under a process id of its own."""

    def __init__(self, folder: Path | None, clock: StoppedClock, pid: int, viewers: int) -> None:
        self.viewers = viewers
        self.sockets = viewers + 1
        self.rooms = self.tasks = self.payments_waiting = 1
        self.feed_silent_s = float(pid)
        self.closes: Mapping[int, int] = {1001: pid}
        self.metrics = Metrics("1.2.3")
        self.metrics.watch(self)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "getpid", lambda: pid)
            self.board = Board(self.metrics, folder, clock)


def value(text: bytes, name: str) -> float:
    (line,) = [line for line in text.decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.rsplit(" ", 1)[1])


def written(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_asked_worker_adds_the_others_to_its_own(
    tmp_path: Path, clock: StoppedClock
) -> None:
    one, two = (Worker(tmp_path, clock, pid, viewers=10 * pid) for pid in (1, 2))
    one.metrics.command("buy", "ok")
    two.metrics.command("buy", "ok")
    two.metrics.command("buy", "sold_out")
    await one.board.pin()
    await two.board.pin()

    for worker in (one, two):
        text = await worker.board.text()
        assert value(text, "yellowcart_viewers") == 30
        assert value(text, "yellowcart_sockets") == 32
        assert value(text, 'yellowcart_commands_total{op="buy",outcome="ok"}') == 2
        assert value(text, 'yellowcart_commands_total{op="buy",outcome="sold_out"}') == 1
        assert value(text, 'yellowcart_closes_total{code="1001"}') == 3


async def test_of_delays_the_worst_workers_counts(tmp_path: Path, clock: StoppedClock) -> None:
    one, two = (Worker(tmp_path, clock, pid, viewers=0) for pid in (1, 2))
    two.metrics.lagged(0.5)
    await two.board.pin()

    text = await one.board.text()

    assert value(text, "yellowcart_feed_silent_seconds") == 2
    assert value(text, "yellowcart_loop_lag_seconds") == 0.5
    assert value(text, 'yellowcart_build_info{version="1.2.3"}') == 1


async def test_a_worker_that_has_gone_or_is_silent_counts_no_more(
    tmp_path: Path, clock: StoppedClock
) -> None:
    one, two, three = (Worker(tmp_path, clock, pid, viewers=1) for pid in (1, 2, 3))
    await two.board.pin()
    await three.board.pin()
    two.board.leave()
    assert value(await one.board.text(), "yellowcart_viewers") == 2

    clock.advance(11_000)
    assert value(await one.board.text(), "yellowcart_viewers") == 1
    clock.advance(60_000)
    await one.board.text()
    assert not written(tmp_path)


async def test_a_broken_sheet_is_passed_over(tmp_path: Path, clock: StoppedClock) -> None:
    one = Worker(tmp_path, clock, 1, viewers=1)
    (tmp_path / "2.json").write_bytes(b'{"at": ')

    assert value(await one.board.text(), "yellowcart_viewers") == 1


async def test_a_single_worker_writes_nothing(tmp_path: Path, clock: StoppedClock) -> None:
    one = Worker(None, clock, 1, viewers=1)

    await one.board.pin()
    one.board.leave()

    assert value(await one.board.text(), "yellowcart_viewers") == 1
    assert not written(tmp_path)


async def test_the_folder_is_for_the_owner_only(tmp_path: Path, clock: StoppedClock) -> None:
    one = Worker(tmp_path / "metrics", clock, 1, viewers=1)

    await one.board.pin()

    assert (tmp_path / "metrics").stat().st_mode & 0o777 == 0o700
