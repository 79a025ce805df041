"""The machine's own Chromium: where it is, how it is started, how it is slowed down.

``python -m tests.end_to_end.browser.chromium`` prints its path, or ends with exit code 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Final

from playwright.async_api import Browser, Page, Playwright, ViewportSize

__all__ = [
    "BAD",
    "DESKTOP",
    "FAIR",
    "GOOD",
    "LANDSCAPE",
    "LAPTOP",
    "PHONE",
    "SMALL_PHONE",
    "TABLET",
    "Network",
    "find",
    "launch",
    "slow_down",
]

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
SMALL_PHONE: Final[ViewportSize] = {"width": 320, "height": 568}
LANDSCAPE: Final[ViewportSize] = {"width": 844, "height": 390}
TABLET: Final[ViewportSize] = {"width": 768, "height": 1024}
LAPTOP: Final[ViewportSize] = {"width": 1024, "height": 768}
DESKTOP: Final[ViewportSize] = {"width": 1440, "height": 900}

NAMES: Final = (
    # Chromium without a window's furniture, where a distribution has it: a third of the work.
    "chromium-headless-shell",
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
"""Where a distribution puts it; the environment's ``CHROMIUM`` comes before all."""

ARGUMENTS: Final = (
    # What people have: sound only after they touched the page, silent video at once.
    "--autoplay-policy=document-user-activation-required",
    # Without a graphics card Chromium plays one in software, at twice the cost of drawing plainly.
    "--disable-gpu",
    # Timers of a page that is behind another run as ever: a test looks at both.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


@dataclass(frozen=True, slots=True)
class Network:
    """A line to the server, as DevTools throttles it."""

    latency_ms: int
    kbit_per_s: int


GOOD: Final = Network(60, 9_000)
FAIR: Final = Network(150, 1_600)
BAD: Final = Network(400, 400)


@cache
def find() -> str | None:
    """The first Chromium or Chrome that runs and is no snap, which could not see our files."""
    given = os.environ.get("CHROMIUM")
    for name in (given,) if given else NAMES:
        program = shutil.which(name)
        if program and _is_whole(program):
            return program
    return None


def _is_whole(program: str) -> bool:
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and "Chrom" in said.stdout and "snap" not in said.stdout


async def launch(playwright: Playwright) -> Browser:
    """Start it without a window.

    Its own sandbox wants what a container or root has not; it shows our own pages only.
    """
    return await playwright.chromium.launch(
        executable_path=find(), args=ARGUMENTS, chromium_sandbox=False
    )


async def slow_down(page: Page, cpu: float = 1, network: Network | None = None) -> None:
    """Give a page a slower machine (``cpu`` times) and a slower line."""
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
    if network is not None:
        bytes_per_s = network.kbit_per_s * 1000 / 8
        conditions = {"offline": False, "latency": network.latency_ms}
        speeds = {"downloadThroughput": bytes_per_s, "uploadThroughput": bytes_per_s}
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", {**conditions, **speeds})


if __name__ == "__main__":
    sys.exit(0 if (found := find()) and sys.stdout.write(f"{found}\n") else 1)
