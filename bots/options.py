"""What a run is asked to do, from the command line and the environment."""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from bots.noise import CHATS_PER_VIEWER_S
from bots.unruly import Habit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SPARE_FILES", "CannotStart", "Options", "parse"]

SPARE_FILES: Final = 64
"""File descriptors besides the viewers': the host, HTTP, the interpreter."""

MOST_PROCESSES: Final = 64
DAY_S: Final = 86_400

HABITS: Final = {
    Habit.STALLED: "stop reading for most of the time",
    Habit.FLAPPING: "drop their line again and again",
    Habit.FLOODING: "send more commands than allowed",
}


class CannotStart(Exception):
    """The run cannot begin; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run.

    ``buyers`` are the first of the ``viewers``; ``seconds`` excludes the ``ramp``, also seconds;
    ``shares`` of the viewers misbehave; ``chat_per_second`` is 0 for a gentle noise.
    """

    url: str
    show: str
    viewers: int
    buyers: int
    seconds: float
    json: bool
    seed: int
    processes: int = 1
    ramp: float = 0.0
    chat_per_second: float = 0.0
    shares: dict[Habit, float] = field(default_factory=dict)
    data_dir: Path
    secret: str | None

    @property
    def http_url(self) -> str:
        """The same server by HTTP, without a path."""
        parts = urlsplit(self.url)
        return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"

    def slices(self) -> list[range]:
        """Which viewers each process holds; who buys is in the first."""
        first = max(self.buyers, -(-self.viewers // self.processes))
        rest, others = self.viewers - first, self.processes - 1
        ends = [first, *(first + rest * (number + 1) // others for number in range(others))]
        return [range(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]

    def address_of(self, process: int) -> str | None:
        """What a process calls from; None: any.

        From one address to one port there are 28,000 connections at most, so on Linux, where
        all of 127.0.0.0/8 is this machine, each process has its own.
        """
        host = urlsplit(self.url).hostname or ""
        if process == 0 or sys.platform != "linux" or not host.startswith("127."):
            return None
        return f"127.1.0.{process}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say it in one line, without the usage."""
        self.exit(2, f"bots: {message}; see python -m bots --help\n")


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line.

    Raises:
        SystemExit: Wrong usage (2), or help was asked for (0).

    """
    parser = _Parser(
        prog="python -m bots",
        description="Fill a show with viewers and buyers, and check that nothing was lost.",
        epilog="Exit 0 when every invariant held, 1 when one broke, 2 when it could not start.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--url", type=_url, default="ws://127.0.0.1:8080/live", help="default: %(default)s")
    add("--show", default="demo", help="default: %(default)s")
    add("--viewers", type=_count, default=1000, help="default: %(default)s")
    add("--buyers", type=int, help="how many of the viewers buy; default: a tenth")
    add("--seconds", type=_seconds, default=20.0, help="without the ramp; default: 20")
    add("--json", action="store_true", help="report one JSON object")
    add("--seed", type=int, default=1, help="what the bots decide; default: %(default)s")
    add("--processes", type=_processes, default=1, help="that hold viewers; default: 1")
    add("--ramp", type=_ramp, default=0.0, help="seconds over which viewers come; default: 0")
    add(
        "--chat-per-second",
        type=_rate,
        default=0.0,
        help="a storm of chat by all viewers; default: a gentle noise",
    )
    for habit, what in HABITS.items():
        add(f"--{habit}", type=_share, default=0.0, help=f"share of viewers, as 0.1, who {what}")
    add(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("YELLOWCART_DATA_DIR") or "data"),
        help="the server's data folder, for its secret; default: %(default)s",
    )
    add("--secret", help="the server's secret, better given as YELLOWCART_SECRET")
    given = vars(parser.parse_args(arguments))
    if given["buyers"] is None:
        given["buyers"] = -(-given["viewers"] // 10)
    if not 0 <= given["buyers"] <= given["viewers"]:
        parser.error("--buyers are some of the --viewers: give 0 up to their number")
    given["shares"] = shares = {habit: given.pop(habit) for habit in Habit}
    unruly = round(sum(shares.values()) * given["viewers"])
    steady = given["viewers"] - unruly
    if steady < given["buyers"]:
        parser.error("buyers do not misbehave: give fewer --buyers or smaller shares")
    if given["chat_per_second"] > steady * CHATS_PER_VIEWER_S:
        parser.error(
            "a viewer may chat once in 2 s: --chat-per-second needs "
            f"{given['chat_per_second'] / CHATS_PER_VIEWER_S:.0f} viewers who do not misbehave"
        )
    return Options(**given)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not like ws://127.0.0.1:8080/live")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _processes(text: str) -> int:
    count = _count(text)
    if count > MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"{text} is more than {MOST_PROCESSES}")
    return count


def _seconds(text: str) -> float:
    # A second for one pin, a day for a soak.
    return _number(text, 1, DAY_S, "a number of seconds from 1")


def _ramp(text: str) -> float:
    return _number(text, 0, DAY_S, "a number of seconds from 0")


def _rate(text: str) -> float:
    return _number(text, 0, math.inf, "a number from 0")


def _share(text: str) -> float:
    return _number(text, 0, 1, "a share from 0 to 1")


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most or math.isinf(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return number
