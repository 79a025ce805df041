"""Many viewers on one machine, over several workers: whether all come, stay, and hear a pin."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from bench.hub.crowd import Crowd
from bench.hub.servers import Hub

__all__ = ["Many", "many"]

WORKERS: Final = 3
"""A process may open 20,000 sockets on many machines: so many on either side."""

PINS: Final = 10
EVERY_S: Final = 3.0
SETTLE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Many:
    """What was measured.

    Attributes:
        viewers, workers: How many, over how many processes.
        joining_s: Until all had joined.
        joined: How many were there at the end.
        pins: How many pins were told.
        missed, doubled: Events that somebody has not heard, or twice.
        p50_ms, p99_ms: From a pin to its hearing, the slowest crowd's.

    """

    viewers: int
    workers: int
    joining_s: float
    joined: int
    pins: int
    missed: int
    doubled: int
    p50_ms: int
    p99_ms: int

    def __str__(self) -> str:
        """Who came and who heard."""
        return (
            f"{self.viewers:,} viewers over {self.workers} workers joined within "
            f"{self.joining_s:.0f} s; {self.joined:,} of them there after {self.pins} pins\n"
            f"  pin p50 {self.p50_ms} ms, p99 {self.p99_ms} ms; missed {self.missed}, "
            f"doubled {self.doubled}"
        )


def many(viewers: int) -> Many:
    """Fill the machine, and pin."""
    hub = Hub(options=("--workers", str(WORKERS)))
    try:
        with ExitStack() as stack:
            begin = time.monotonic()
            crowds = [
                stack.enter_context(
                    Crowd(hub.port, viewers // WORKERS, first=number + 1, **hub.crowd)
                )
                for number in range(WORKERS)
            ]
            joining_s = time.monotonic() - begin
            time.sleep(SETTLE_S)
            for crowd in crowds:
                crowd.begin()
            for _ in range(PINS):
                hub.tell()
                time.sleep(EVERY_S)
            heard = [crowd.wait(0, 0) for crowd in crowds]
    finally:
        hub.stop()
    return Many(
        viewers=viewers // WORKERS * WORKERS,
        workers=WORKERS,
        joining_s=joining_s,
        joined=sum(one.joined for one in heard),
        pins=PINS,
        missed=sum(one.gaps for one in heard),
        doubled=sum(one.doubles for one in heard),
        p50_ms=max(one.p50_ms for one in heard),
        p99_ms=max(one.pin_p99_ms for one in heard),
    )
