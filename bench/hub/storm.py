"""Chat storms: what a second of real senders costs the hub, and what comes of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bench.hub.crowd import Crowd, Heard, cpu_s
from bench.hub.servers import Hub
from bench.pages.crowd import chatting

__all__ = ["DRAIN_S", "PIN_EVERY_S", "WARM_UP_S", "Storm", "missing", "storm"]

WARM_UP_S = 3.0
PIN_EVERY_S = 2.0
DRAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Storm:
    """What was measured.

    Attributes:
        viewers, per_second, seconds: How many should hear how much for how long.
        sent: Messages a second that were sent, pins among them.
        events: Deliveries within that time.
        heard: What the viewers heard, also a while later.
        lost: Deliveries that were owed and had not come then.
        cpu: Of one core, the hub's process.
        redis_cpu: Of one core, its Redis.

    """

    viewers: int
    per_second: int
    seconds: float
    sent: float
    events: int
    heard: Heard
    lost: int
    cpu: float
    redis_cpu: float

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.events / self.seconds

    def __str__(self) -> str:
        """What the storm did."""
        heard = self.heard
        return (
            f"{self.sent:,.1f} of {self.per_second} messages/s for {self.seconds:.0f} s to "
            f"{self.viewers:,} viewers: {self.rate:,.0f} deliveries/s\n"
            f"  lost {self.lost}, doubled {heard.doubles}; latency p50 {heard.p50_ms} ms, "
            f"p99 {heard.p99_ms} ms; pin p99 {heard.pin_p99_ms} ms\n"
            f"  of one core: the hub {self.cpu:.0%}, its Redis {self.redis_cpu:.0%}"
        )


def storm(viewers: int, per_second: int, seconds: float) -> Storm:
    """Let a crowd chat, and pin something now and then."""
    hub = Hub()
    try:
        with Crowd(hub.port, viewers, **hub.crowd) as crowd:
            return asyncio.run(_storm(hub, crowd, viewers, per_second, seconds))
    finally:
        hub.stop()


async def _storm(hub: Hub, crowd: Crowd, viewers: int, per_second: int, seconds: float) -> Storm:
    [redis] = hub.children("redis-server")
    pins = 0
    async with chatting(hub.served, per_second) as written:
        await asyncio.sleep(WARM_UP_S)
        warm, earlier = crowd.begin(), written.count
        before, at = (cpu_s(hub.pid), cpu_s(redis)), time.monotonic()
        until = at + seconds
        while time.monotonic() < until:
            await asyncio.sleep(PIN_EVERY_S)
            await asyncio.to_thread(hub.tell)
            pins += 1
        after, took = (cpu_s(hub.pid), cpu_s(redis)), time.monotonic() - at
        within, sent = crowd.wait(0, 0), written.count - earlier + pins
    await asyncio.sleep(DRAIN_S)
    heard = crowd.wait(0, 0)
    return Storm(
        viewers=viewers,
        per_second=per_second,
        seconds=took,
        sent=sent / took,
        events=within.events,
        heard=heard,
        lost=missing(viewers * (written.count + pins), warm, heard),
        cpu=(after[0] - before[0]) / took,
        redis_cpu=(after[1] - before[1]) / took,
    )


def missing(owed: int, *heard: Heard) -> int:
    """How many of the deliveries that were owed had not come, whatever came twice."""
    return max(owed - sum(one.numbered - one.doubles for one in heard), 0)
