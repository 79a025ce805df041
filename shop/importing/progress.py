"""A bar that says how far an import is, on a terminal only."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from base.clock import Clock

__all__ = ["Progress"]

EVERY_S: Final = 0.2
MB: Final = 1_000_000
BAR: Final = 20


class Progress:
    """One line that is written over; silent where nobody watches.

    Args:
        out: Where to: standard error.
        clock: Says how fast it goes.
        size: Bytes there are to read.

    """

    def __init__(self, out: TextIO, clock: Clock, size: int) -> None:
        self._out = out
        self._clock = clock
        self._size = max(size, 1)
        self._is_watched = out.isatty()
        self.begin("")

    def begin(self, what: str) -> None:
        """Begin to go through the file, for what."""
        self._what = what
        self._begin_s = self._next_s = self._clock.monotonic_s()

    def show(self, rows: int, position: int) -> None:
        """Say how far it is, a few times a second at most."""
        now = self._clock.monotonic_s()
        if not self._is_watched or now < self._next_s:
            return
        self._next_s = now + EVERY_S
        text = self._text(rows, position, now - self._begin_s)
        width = shutil.get_terminal_size().columns - 1
        self._out.write(f"\r{text[:width]}\x1b[K")
        self._out.flush()

    def clear(self) -> None:
        """Leave the line empty."""
        if self._is_watched:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _text(self, rows: int, position: int, past_s: float) -> str:
        share = min(position / self._size, 1.0)
        full = int(share * BAR)
        bar = "█" * full + "░" * (BAR - full)
        left = f"{_minutes(past_s / share - past_s)} left" if share > 0 and past_s > 1 else ""
        return (
            f"{self._what} {bar} {share:4.0%}  {rows:,} rows  {position / MB:,.1f} of "
            f"{self._size / MB:,.1f} MB  {left}"
        )


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
