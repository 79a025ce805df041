"""A frame as all viewers hear it: understood once, then counted."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from bots.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bots.frames import Map

__all__ = ["Heard", "Latency", "now_ms", "stamp"]

NOTABLE: Final = frozenset({"pinned", "unpinned", "bag.changed"})
"""Of what everybody hears, the events that some bot acts on."""

PRIVATE: Final = frozenset({"cart", "checkout", "order", "snapshot"})
STAMP: Final = re.compile(r" ([0-9a-f]+)@(\d+)$")


def now_ms() -> int:
    """This machine's monotonic clock, which its processes share."""
    return time.monotonic_ns() // 1_000_000


def stamp(text: str, run: str) -> str:
    """A chat's text with the moment of sending, for the other bots of the run."""
    return f"{text} {run}@{now_ms()}"


class Latency:
    """How late the events were that steady viewers heard.

    Attributes:
        run: Whose stamps count.
        events: From an event's ``at``, by the wall clock: true only when server and bots share
            a machine, or keep the same time.
        chat: From the sending of a stamped chat, by the clock of this machine.

    """

    def __init__(self, run: str) -> None:
        self.run = run
        self.events = Histogram()
        self.chat = Histogram()
        self._wall_ms = time.time_ns() // 1_000_000 - now_ms()

    def sent_ms(self, event: Map) -> int | None:
        """When a chat of this run was sent; None: it is none."""
        found = STAMP.search(str(event.get("text", ""))) if event["ev"] == "chat" else None
        return int(found[2]) if found is not None and found[1] == self.run else None

    def note(
        self, ats: Sequence[int], sent: Sequence[int], moment_ms: int, times: int = 1
    ) -> None:
        """Count events that came at one moment, to ``times`` viewers."""
        for at in ats:
            self.events.add(moment_ms + self._wall_ms - at, times)
        for sent_ms in sent:
            self.chat.add(moment_ms - sent_ms, times)


class Heard:
    """The messages of one frame.

    Attributes:
        messages: In order; shared between viewers: nobody may change them.
        is_common: Whether everybody may get these bytes: events of the show and nothing else,
            the numbered ones without a gap.
        first, last: The ``seq`` of its feed events; 0 without any.
        count: Feed events in it.
        notable: The events that somebody may act on.

    """

    __slots__ = (
        "_ats",
        "_moments",
        "_sent",
        "count",
        "first",
        "is_common",
        "last",
        "messages",
        "notable",
    )

    def __init__(self, messages: tuple[Map, ...], latency: Latency) -> None:
        self.messages = messages
        events = [message for message in messages if "ev" in message]
        feed = [event for event in events if "seq" in event and event["ev"] != "snapshot"]
        seqs: list[int] = [event["seq"] for event in feed]
        self.first, self.last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        self.count = len(feed)
        self.is_common = (
            len(events) == len(messages)
            and not any(event["ev"] in PRIVATE for event in events)
            and seqs == list(range(self.first, self.first + len(seqs)))
        )
        self.notable = tuple(event for event in events if event["ev"] in NOTABLE)
        self._ats = [event["at"] for event in feed]
        sent = (latency.sent_ms(event) for event in feed)
        self._sent = [moment for moment in sent if moment is not None]
        self._moments: Counter[int] = Counter()

    def arrive(self) -> None:
        """One more viewer has it, now."""
        self._moments[time.monotonic_ns() // 1_000_000] += 1

    def tell(self, latency: Latency) -> None:
        """Count how late it was; what was counted already is not again."""
        moments, self._moments = self._moments, Counter()
        for moment_ms, times in moments.items():
            latency.note(self._ats, self._sent, moment_ms, times)
