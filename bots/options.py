"""What a run is asked to do, from the command line and the environment."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CannotStart", "Options", "parse"]


class CannotStart(Exception):
    """The run cannot begin; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run. ``buyers`` are the first of the ``viewers``; ``seconds`` excludes the ramp."""

    url: str
    show: str
    viewers: int
    buyers: int
    seconds: float
    json: bool
    seed: int
    data_dir: Path
    secret: str | None

    @property
    def http_url(self) -> str:
        """The same server by HTTP, without a path."""
        parts = urlsplit(self.url)
        return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"


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


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:  # noqa: PLR2004  a second for one pin, a day for a soak
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1")
    return seconds
