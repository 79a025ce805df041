"""An orderly end: how evenly a crowd is sent away."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import Final

from bench.hub.crowd import Crowd
from bench.hub.servers import Hub

__all__ = ["Drain", "drain"]

OVER_S: Final = 5
LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Drain:
    """What was measured.

    Attributes:
        viewers: How many were there.
        over_s: The drain time that was asked for.
        took_s: From the signal to the end of the process.
        closed: How many had been closed, by tenths of a second.
        uneven: The share of all by which that was ever off a straight line.
        exit_code: Of the server.
        log: What it said after the signal that was a warning or worse.

    """

    viewers: int
    over_s: int
    took_s: float
    closed: list[int]
    uneven: float
    exit_code: int
    log: str

    def __str__(self) -> str:
        """How even the end was."""
        return (
            f"SIGTERM with {self.viewers:,} viewers: all closed within {self.took_s:.1f} s of "
            f"{self.over_s}, never more than {self.uneven:.1%} of them off a straight line\n"
            f"  exit code {self.exit_code}; warnings: {self.log or 'none'}"
        )


def drain(viewers: int) -> Drain:
    """End a server by SIGTERM while a crowd watches."""
    hub = Hub(environ={"YELLOWCART_DRAIN_SECONDS": str(OVER_S)})
    try:
        with Crowd(hub.port, viewers, **hub.crowd) as crowd:
            said = len(hub.served.log)
            process = hub.served.process
            assert process is not None
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            closed, uneven = [0], 0.0
            while process.poll() is None and time.monotonic() - begin < 4 * OVER_S:
                time.sleep(LOOK_EVERY_S)
                due = min(1.0, (time.monotonic() - begin) / OVER_S)
                closed.append(crowd.wait(0, 0).closed)
                uneven = max(uneven, abs(closed[-1] / viewers - due))
            took_s = time.monotonic() - begin
            log = [line for line in hub.served.log[said:].splitlines() if "level=info" not in line]
            return Drain(viewers, OVER_S, took_s, closed, uneven, process.wait(20), "\n".join(log))
    finally:
        hub.stop()
