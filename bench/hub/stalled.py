"""Viewers who stop reading: what the others notice, and what they cost while they are there."""

from __future__ import annotations

import asyncio
import re
import subprocess
from dataclasses import dataclass
from typing import Final

from bench.hub.crowd import Crowd, Heard, memory
from bench.hub.recovery import HISTORY, RETURNS_MS
from bench.hub.servers import Hub
from bench.pages.crowd import chatting

__all__ = ["Stalled", "stalled"]

WARM_UP_S: Final = 3.0
WATCH_S: Final = 30
BED: Final = 64
SLEEPERS: Final = f"127.0.0.{BED}/26"
"""Where those call from who will stop reading: what the others have not got yet for a moment
must not be counted for them."""

UNSENT: Final = re.compile(r"skmem:\(r\d+,rb\d+,t\d+,tb\d+,f\d+,w(\d+)")


@dataclass(frozen=True, slots=True)
class Stalled:
    """What was measured.

    Attributes:
        viewers, stalled: How many there are, and how many of them stop reading.
        before, beside: What the others heard while all read, and while some did not.
        memory, unsent: The most that a stalled viewer took: of the process, of its socket. What
            the process grows by anyway, as the history fills, is not theirs.
        closed: How many of the stalled were closed with 4408.
        after: What the stalled have heard when they had come back.

    """

    viewers: int
    stalled: int
    before: Heard
    beside: Heard
    memory: float
    unsent: float
    closed: int
    after: Heard

    def __str__(self) -> str:
        """What the sleepers did to the others."""
        return (
            f"{self.stalled:,} of {self.viewers:,} viewers stop reading: the others' p99 "
            f"{self.before.p99_ms} ms before, {self.beside.p99_ms} ms beside, "
            f"missed {self.beside.gaps}\n"
            f"  {self.memory / 1024:.1f} + {self.unsent / 1024:.1f} KiB each at most, "
            f"of the process and its socket; {self.closed} closed with 4408, "
            f"{self.after.recovered} came back and missed {self.after.gaps}, "
            f"doubled {self.after.doubles}"
        )


def stalled(viewers: int, count: int, per_second: int) -> Stalled:
    """Let ``count`` of the viewers stop reading while messages flow."""
    hub = Hub(options=("--history", str(HISTORY)))
    try:
        with (
            Crowd(hub.port, viewers - count, **hub.crowd) as others,
            Crowd(hub.port, count, returns=RETURNS_MS, first=BED, **hub.crowd) as sleepers,
        ):
            return asyncio.run(_stalled(hub, others, sleepers, viewers, count, per_second))
    finally:
        hub.stop()


async def _stalled(
    hub: Hub, others: Crowd, sleepers: Crowd, viewers: int, count: int, per_second: int
) -> Stalled:
    async with chatting(hub.served, per_second):
        await asyncio.sleep(WARM_UP_S)
        others.begin()
        awake = taken(hub)
        await asyncio.sleep(WATCH_S)
        grows = (taken(hub)[0] - awake[0]) / WATCH_S
        before = others.wait(0, 0)
        others.begin()
        sleepers.begin()
        empty = taken(hub)
        sleepers.stall(count)
        most = (0.0, 0.0)
        for second in range(1, WATCH_S + 1):
            await asyncio.sleep(1)
            now = await asyncio.to_thread(taken, hub)
            theirs = (now[0] - empty[0] - grows * second, float(now[1] - empty[1]))
            most = max(most, theirs, key=sum)
        beside = others.wait(0, 0)
    await asyncio.sleep(1)
    return Stalled(
        viewers=viewers,
        stalled=count,
        before=before,
        beside=beside,
        memory=most[0] / count,
        unsent=most[1] / count,
        closed=hub.measured('yellowcart_closes_total{code="4408"}'),
        after=sleepers.wait(0, 0),
    )


def taken(hub: Hub) -> tuple[int, int]:
    """Bytes of the hub's process, and of what it has not sent to those who do not read."""
    listed = subprocess.run(
        ["ss", "-tmnHa", "sport", "=", f":{hub.port}", "and", "dst", SLEEPERS],
        capture_output=True,
        text=True,
        check=True,
    )
    return memory(hub.pid), sum(map(int, UNSENT.findall(listed.stdout)))
