"""Recovery: a crowd that loses its connections while events flow, and what it misses."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.hub.crowd import Crowd, Heard
from bench.hub.servers import Hub
from bench.pages.crowd import chatting

__all__ = ["Recovery", "recovery"]

WARM_UP_S: Final = 3.0
BACK_WITHIN_S: Final = 5.0
ALL_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.1
AFTER_S: Final = 5.0
RETURNS_MS: Final = 500
HISTORY: Final = 5000
"""Events that a viewer can come back to: 25 s of 200 a second. The server's own 1,000 are 5 s."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was measured.

    Attributes:
        scene: What happened.
        viewers, per_second: How many, and how many messages flowed meanwhile.
        seconds: Until all were back.
        heard: What they have heard, over the whole of it.

    """

    scene: str
    viewers: int
    per_second: int
    seconds: float
    heard: Heard

    @property
    def anew(self) -> int:
        """Viewers who came back to a snapshot, not to what they had missed."""
        return self.heard.snapshots - self.viewers

    @property
    def missing(self) -> int:
        """Viewers who did not come back."""
        return self.viewers - self.heard.joined


@dataclass(frozen=True, slots=True)
class Recovery:
    """All scenes."""

    scenes: list[Scene]

    def __str__(self) -> str:
        """A row for each scene."""
        rows = [
            f"{one.scene:20}{one.heard.returned:>7,}{one.seconds:>10.1f}{one.heard.recovered:>11,}"
            f"{one.anew:>7,}{one.missing:>6}{one.heard.gaps:>8}{one.heard.doubles:>9}"
            for one in self.scenes
        ]
        first = self.scenes[0]
        return "\n".join(
            [
                f"{first.viewers:,} viewers on two workers, {first.per_second} messages a second",
                f"{'':20}{'back':>7}{'within s':>10}{'recovered':>11}{'anew':>7}"
                f"{'gone':>6}{'missed':>8}{'doubled':>9}",
                *rows,
            ]
        )


def drop(_: Hub, crowd: Crowd, viewers: int) -> None:
    """All lose their connections at once, and come back spread over 5 s."""
    crowd.drop(viewers, BACK_WITHIN_S)


def kill_worker(hub: Hub, _: Crowd, __: int) -> None:
    """One of two workers is killed."""
    os.kill(hub.children("server.py")[0], signal.SIGKILL)


def kill_redis(hub: Hub, _: Crowd, __: int) -> None:
    """Redis is killed, and started again by the server."""
    os.kill(hub.children("redis-server")[0], signal.SIGKILL)


SCENES: Final[dict[str, Callable[[Hub, Crowd, int], None]]] = {
    "all drop": drop,
    "a worker is killed": kill_worker,
    "Redis is killed": kill_redis,
}


def recovery(viewers: int, per_second: int) -> Recovery:
    """Two workers, a crowd, messages; then something happens, and all come back."""
    return Recovery([_play(scene, viewers, per_second) for scene in SCENES])


def _play(scene: str, viewers: int, per_second: int) -> Scene:
    hub = Hub(options=("--workers", "2", "--history", str(HISTORY)))
    try:
        with Crowd(hub.port, viewers, returns=RETURNS_MS, **hub.crowd) as crowd:
            return asyncio.run(_recovery(hub, crowd, scene, viewers, per_second))
    finally:
        hub.stop()


async def _recovery(hub: Hub, crowd: Crowd, scene: str, viewers: int, per_second: int) -> Scene:
    async with chatting(hub.served, per_second, returning=True):
        await asyncio.sleep(WARM_UP_S)
        crowd.begin()
        SCENES[scene](hub, crowd, viewers)
        at = time.monotonic()
        await asyncio.sleep(1)
        for _ in range(int(ALL_WITHIN_S / LOOK_EVERY_S)):
            if crowd.wait(0, 0).joined == viewers:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        seconds = time.monotonic() - at
        await asyncio.sleep(AFTER_S)
    await asyncio.sleep(1)
    return Scene(scene, viewers, per_second, seconds, crowd.wait(0, 0))
